using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Received.Billing.Contracts;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Invoices;

/// <summary>
/// Makes the invoices whose day has come. Goal: one charge per cycle and revision, whatever is run twice, at once or
/// killed (law 6): every invoice is one transaction that looks at its cycles again, and unique constraints stand behind
/// it. No invoice before its usage is in (law 7); one bad contract is reported and the others go on (law 11). Not its
/// job: when it runs, sending documents, collecting money.
/// </summary>
public sealed class Invoicer(
    BillingStore store, CyclePlanner planner, CycleTotalsReader totals, TimeProvider time, ILogger<Invoicer> logger)
{
    /// <summary>Contracts whose rows and totals are held in memory at once; some kilobytes each.</summary>
    const int PageContracts = 500;

    /// <summary>Of all accounts.</summary>
    public Task<InvoiceRunReport> RunAsync(CancellationToken cancellation = default) => RunAsync(null, cancellation);

    /// <param name="only">The account whose invoices are made and reported; null for all (law 12: whoever is not the
    /// operator sees one).</param>
    public async Task<InvoiceRunReport> RunAsync(AccountId? only, CancellationToken cancellation = default)
    {
        var now = time.GetUtcNow();
        var nowMs = now.ToUnixTimeMilliseconds();
        var planned = await planner.RunAsync(now, only, cancellation);
        var due = await FindAsync(nowMs, only?.Value, cancellation);
        var gate = await totals.GateAsync(cancellation);
        var report = InvoiceRunReport.Nothing with
        {
            Problems =
            [
                .. planned.Problems.Select(p => new InvoiceProblem(p.Account.Value, p.ContractRef, p.Reason)),
            ],
        };
        foreach (var ids in due.Chunk(PageContracts))
        {
            report = report.Plus(await RunPageAsync(ids, gate, nowMs, cancellation));
            logger.InvoicePage(report.Issued + report.Drafts, report.Waiting, report.Problems.Count);
        }

        foreach (var problem in report.Problems)
            logger.ContractNotInvoiced(problem.AccountId, problem.ContractRef, problem.Reason);
        return report;
    }

    /// <summary>
    /// Contracts with cycles that are due, and those of lines that have ended and are looked at for the last time.
    /// </summary>
    async Task<List<long>> FindAsync(long nowMs, uint? account, CancellationToken cancellation)
    {
        await using var db = store.Context();
        var cycles = account is null ? db.Cycles : db.Cycles.Where(cycle => cycle.AccountId == account);
        var due = cycles
            .Where(cycle => cycle.State == CycleState.Open && cycle.IssueAtMs <= nowMs)
            .Select(cycle => cycle.ContractId);
        var lateAlone = cycles
            .Where(cycle => cycle.State == CycleState.Billed && cycle.EndMs <= nowMs - ContractRun.WatchedMs
                && !db.Cycles.Any(open => open.ContractId == cycle.ContractId && open.LineRef == cycle.LineRef
                    && open.State == CycleState.Open))
            .Select(cycle => cycle.ContractId);
        // What is to be given back and has no invoice to go on must be seen, until a person has dealt with it.
        var givenUp = cycles
            .Where(cycle => cycle.State == CycleState.GivenUp
                && db.Charges.Where(charge => charge.CycleId == cycle.Id).Sum(charge => charge.AmountMinor) != 0
                && !db.Cycles.Any(open => open.ContractId == cycle.ContractId && open.State == CycleState.Open))
            .Select(cycle => cycle.ContractId);
        return await due.Union(lateAlone).Union(givenUp).Order().ToListAsync(cancellation);
    }

    async Task<InvoiceRunReport> RunPageAsync(
        long[] ids, UsageGate gate, long nowMs, CancellationToken cancellation)
    {
        BillingPage page;
        await using (var db = store.Context()) page = await BillingPage.ReadAsync(db, ids, cancellation);
        var reading = new CycleReading(page, totals);
        var run = new ContractRun(page, reading, gate, nowMs);
        foreach (var contract in page.Contracts)
            foreach (var cycle in run.Wanted(contract)) reading.Want(contract, cycle);
        await reading.ReadAsync(cancellation);
        await using (var db = store.Context())
            await page.ReadDocumentsAsync(db, page.Contracts.SelectMany(run.GivingBack), cancellation);

        var problems = page.Broken.ToList();
        var (issued, drafts, waiting) = (0, 0, 0);
        var settled = new List<(BillingContract Contract, IReadOnlyList<SettledCycle> Cycles)>();
        var commit = new InvoiceCommit(store, time);
        foreach (var contract in page.Contracts)
        {
            try
            {
                var plan = run.Plan(contract);
                if (plan.IsWaiting) waiting++;
                if (plan.Settled.Count > 0) settled.Add((contract, plan.Settled));
                problems.AddRange(plan.Problems.Select(reason => Problem(contract, reason)));
                foreach (var invoice in plan.Invoices)
                {
                    var made = await commit.MakeAsync(contract, invoice, cancellation);
                    if (made == InvoiceState.Draft) drafts++;
                    else if (made is not null) issued++;
                }
            }
            catch (Exception e) when (BillingPage.IsBadData(e) || e is DbUpdateException or DbException)
            {
                problems.Add(Problem(contract, (e.InnerException ?? e).Message));
            }
        }

        var count = 0;
        foreach (var (contract, cycles) in settled)
        {
            try
            {
                count += await SettleAsync(contract, cycles, cancellation);
            }
            catch (Exception e) when (BillingPage.IsBadData(e) || e is DbUpdateException or DbException)
            {
                problems.Add(Problem(contract, (e.InnerException ?? e).Message));
            }
        }

        return new(issued, drafts, waiting, count, problems);
    }

    static InvoiceProblem Problem(BillingContract contract, string reason) =>
        new(contract.Row.AccountId, contract.Row.Ref, reason);

    /// <summary>
    /// As they were seen: one that was made longer, billed or priced anew by a version meanwhile is looked at again.
    /// Their revenue of closed months is put right: no close reads them any more.
    /// </summary>
    /// <returns>How many.</returns>
    async Task<int> SettleAsync(
        BillingContract contract, IReadOnlyList<SettledCycle> cycles, CancellationToken cancellation)
    {
        await using var db = store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        if (await InvoiceCommit.CustomerVersionsAsync(db, contract, cancellation) != contract.CustomerVersions)
            return 0;
        var settled = new List<SettledCycle>();
        foreach (var cycle in cycles)
        {
            var seen = cycle.Row;
            var count = await db.Cycles
                .Where(row => row.Id == seen.Id && row.State == CycleState.Billed
                    && row.Revision == seen.Revision && row.EndMs == seen.EndMs)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, CycleState.Settled), cancellation);
            if (count > 0) settled.Add(cycle);
        }

        foreach (var entity in settled.GroupBy(cycle => cycle.Entity.Id))
            await Books.AddSettledAsync(
                db, contract.Account, entity.Key,
                [.. entity.Select(cycle => (cycle.Facts, Settling(contract, cycle)))], time, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return settled.Count;
    }

    /// <summary>Once: it is watched again only by another version or revision.</summary>
    static string Settling(BillingContract contract, SettledCycle cycle) =>
        $"settled:{contract.CustomerVersions}:{cycle.Row.Revision}";
}
