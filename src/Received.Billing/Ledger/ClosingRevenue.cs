using Microsoft.EntityFrameworkCore;
using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Store;
using Received.Model;

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
        var givenUp = GivenUpCycles.Recognised(db);
        var ids = await db.Cycles
            .Where(row => row.AccountId == entity.AccountId && row.StartMs < endMs
                && (row.State == CycleState.GivenUp
                    ? givenUp.Any(own => own.Id == row.Id)
                    : row.State != CycleState.Settled || row.EndMs > openMs))
            .Select(row => row.ContractId).Distinct().ToListAsync(cancellation);
        var cut = await CutAsync(db, entity, openMs, zone, cancellation);
        ids = [.. ids.Union(cut.Values)];
        var gate = await totals.GateAsync(cancellation);
        var page = await BillingPage.ReadAsync(db, ids, cancellation, settledAfterMs: openMs);
        var reading = new CycleReading(page, totals);
        var problems = page.Broken.Select(broken => $"Contract '{broken.ContractRef}': {broken.Reason}").ToList();
        var cycles = new List<(BillingContract Contract, CycleRow Cycle, string ProductRef)>();
        foreach (var contract in page.Contracts)
        {
            foreach (var cycle in contract.Cycles.Where(cycle => cycle.StartMs < endMs))
            {
                // Cut ones that settled long ago, and whose revenue is right, are left alone.
                if (cycle.State == CycleState.Settled && cycle.EndMs <= openMs && !cut.ContainsKey(cycle.Id)) continue;
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
        return Collect(cycles, reading, gate, zone, endMs, starts.Min(), problems);
    }

    /// <summary>
    /// Settled cycles before the open months, cut after revenue of their later months was recognised; with their
    /// contracts.
    /// </summary>
    static async Task<Dictionary<long, long>> CutAsync(
        BillingDb db, EntityRow entity, long openMs, DateTimeZone zone, CancellationToken cancellation)
    {
        var sums =
            from cycle in db.Cycles
            join posting in db.Postings on cycle.Id equals posting.CycleId
            join entry in db.Entries on posting.EntryId equals entry.Id
            where cycle.AccountId == entity.AccountId && cycle.State == CycleState.Settled
                && cycle.EndMs < cycle.FullEndMs && cycle.EndMs <= openMs && entry.EntityId == entity.Id
                && posting.LedgerAccount == LedgerAccount.Revenue
            group posting.AmountMinor by new
            {
                cycle.Id,
                cycle.ContractId,
                cycle.EndMs,
                Month = entry.LateOfPeriod ?? entry.Period,
            }
            into sum
            where sum.Sum() != 0
            select sum.Key;
        return (await sums.ToListAsync(cancellation))
            .Where(sum => sum.Month > AccountingMonths.At(sum.EndMs - 1, zone))
            .GroupBy(sum => sum.Id).ToDictionary(cycle => cycle.Key, cycle => cycle.First().ContractId);
    }

    static ClosingRevenue Collect(
        List<(BillingContract Contract, CycleRow Cycle, string ProductRef)> cycles, CycleReading reading,
        UsageGate gate, DateTimeZone zone, long endMs, int? firstPeriod, List<string> problems)
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
            var earned = WithZeros(found.Priced, cycle, zone, endMs);
            if (earned.Count > 0)
                facts.Add(new(new(cycle.Id, contract.Customer.Id, productRef), earned));
        }

        return new(
            facts, [.. positions.OrderBy(at => at.Partition).ThenBy(at => at.Next)], firstPeriod, [.. waiting],
            problems);
    }

    /// <summary>A line that has ended early leaves months of its cycle without a slice: nothing is earned in them, and
    /// what was recognised has to go.</summary>
    static List<MonthAmount> WithZeros(PricedCycle priced, CycleRow cycle, DateTimeZone zone, long endMs)
    {
        var earned = priced.Earned(endMs).ToDictionary(month => month.Period, month => month.Amount);
        foreach (var part in AccountingMonths.Split(cycle.StartMs, Math.Min(cycle.FullEndMs, endMs), zone))
            earned.TryAdd(part.Month, Money.Zero(priced.Amount.Currency));
        return [.. earned.OrderBy(month => month.Key).Select(month => new MonthAmount(month.Key, month.Value))];
    }
}
