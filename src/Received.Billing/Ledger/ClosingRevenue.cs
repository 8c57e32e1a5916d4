using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Store;

namespace Received.Billing.Ledger;

/// <summary>
/// What the cycles of an entity's lines have earned up to a month's end, from one read of totals, so that one position
/// of each partition can be stated.
/// </summary>
/// <param name="FirstPeriod">Earliest open month that a cycle is in; null: none.</param>
/// <param name="Waiting">Law 7: whose usage is not in.</param>
/// <param name="Problems">Cycles that cannot be priced.</param>
sealed record ClosingRevenue(
    IReadOnlyList<RecognitionFacts> Facts, IReadOnlyList<ClosedPosition> Positions, int? FirstPeriod,
    IReadOnlyList<string> Waiting, IReadOnlyList<string> Problems)
{
    /// <param name="closed">The last closed month; null: none is.</param>
    public static async Task<ClosingRevenue> ReadAsync(
        BillingDb db, CycleTotalsReader totals, EntityRow entity, int? closed, long endMs,
        CancellationToken cancellation)
    {
        var zone = CivilTime.Zone(entity.Zone);
        var openMs = closed is { } last ? AccountingMonths.StartMs(last + 1, zone) : long.MinValue;
        // Settled cycles too, while they have time in open months: fees billed ahead are earned whoever settles them.
        var ids = await db.Cycles
            .Where(row => row.AccountId == entity.AccountId && row.StartMs < endMs
                && (row.State != CycleState.Settled || row.EndMs > openMs))
            .Select(row => row.ContractId).Distinct().ToListAsync(cancellation);
        var gate = await totals.GateAsync(cancellation);
        var page = await BillingPage.ReadAsync(db, ids, cancellation, settledAfterMs: openMs);
        var reading = new CycleReading(page, totals);
        var problems = page.Broken.Select(broken => $"Contract '{broken.ContractRef}': {broken.Reason}").ToList();
        var cycles = new List<(BillingContract Contract, CycleRow Cycle, string ProductRef)>();
        foreach (var contract in page.Contracts)
        {
            foreach (var cycle in contract.Cycles.Where(cycle => cycle.StartMs < endMs))
            {
                try
                {
                    var line = contract.Line(cycle.LineRef, cycle.StartMs);
                    if (line.EntityRef != entity.Ref) continue;
                    cycles.Add((contract, cycle, line.ProductRef));
                    reading.Want(contract, cycle, endMs);
                }
                catch (BillingDataException e)
                {
                    problems.Add($"Contract '{contract.Row.Ref}': {e.Message}");
                }
            }
        }

        await reading.ReadAsync(cancellation);
        var starts = cycles.Where(cycle => cycle.Cycle.EndMs > openMs)
            .Select(cycle => (int?)AccountingMonths.At(Math.Max(cycle.Cycle.StartMs, openMs), zone));
        return Collect(cycles, reading, gate, endMs, starts.Min(), problems);
    }

    static ClosingRevenue Collect(
        List<(BillingContract Contract, CycleRow Cycle, string ProductRef)> cycles, CycleReading reading,
        UsageGate gate, long endMs, int? firstPeriod, List<string> problems)
    {
        var (facts, waiting) = (new List<RecognitionFacts>(), new HashSet<string>());
        var positions = new HashSet<ClosedPosition>();
        foreach (var (contract, cycle, productRef) in cycles)
        {
            if (reading.Problem(cycle) is { } problem)
            {
                problems.Add($"Contract '{contract.Row.Ref}': {problem}");
                continue;
            }

            if (reading.Find(cycle) is not { } found
                || (found.Position is not null && !gate.IsIn(contract.Account, contract.Customer.Ref, endMs)))
            {
                waiting.Add($"Usage of customer '{contract.Customer.Ref}' is not all rated yet.");
                continue;
            }

            if (found.Position is { } at) positions.Add(new(at.Partition, at.Generation, at.Next));
            var earned = found.Priced.Earned(endMs);
            if (earned.Count > 0)
                facts.Add(new(new(cycle.Id, contract.Customer.Id, productRef), earned));
        }

        return new(
            facts, [.. positions.OrderBy(at => at.Partition).ThenBy(at => at.Next)], firstPeriod, [.. waiting],
            problems);
    }
}
