using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using NodaTime;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Contracts;

/// <summary>
/// Makes the rows of cycles ahead of time and keeps them as the contracts' newest versions say: where a line ends or is
/// left out, cycles not charged yet go and the one under way is cut; where it goes on after all, it is made longer.
/// A cycle that was charged, or that the books know, is cut, given up or made longer too, which its next revision then
/// charges or gives back, but never goes. Not its job: charging. Invariant: the numbers of a line's cycles have no gap,
/// and a row is there once (unique constraint); runs at the same time, or after a kill, come to the same rows.
/// </summary>
public sealed class CyclePlanner(BillingStore store)
{
    /// <summary>Contracts of a transaction: some 2,000 rows, so that writers beside it wait milliseconds.</summary>
    const int BatchMax = 500;

    /// <summary>Without a new contract version, plans are looked at so often; the horizon is two months.</summary>
    static readonly TimeSpan Rest = TimeSpan.FromHours(1);

    Planned? _planned;

    /// <summary>All contracts of all accounts. Costs two look-ups where nothing has changed within the hour.</summary>
    public Task<PlanReport> RunAsync(DateTimeOffset now, CancellationToken cancellation = default) =>
        RunAsync(now, null, cancellation);

    /// <param name="only">The account whose contracts are planned and reported, whatever others have; null for
    /// all.</param>
    public async Task<PlanReport> RunAsync(
        DateTimeOffset now, AccountId? only, CancellationToken cancellation = default)
    {
        var known = await KnownAsync(now, cancellation);
        var changes = new PlanChanges();
        if (_planned is { } before && before.Contracts == known.Contracts && before.Versions == known.Versions
            && (now - before.At).Duration() < Rest) return changes.ToReport();
        await foreach (var part in BatchesAsync(only?.Value, cancellation))
            await RunAsync(part, now.ToUnixTimeMilliseconds(), changes, cancellation);
        // A contract that cannot be planned is reported by every run.
        if (only is null) _planned = changes.Problems.Count == 0 ? known : null;
        return changes.ToReport();
    }

    /// <summary>
    /// Cycles that one write may make: 200 lines of almost two years. Each becomes a charge of one run, and a slip in a
    /// year must not become a hundred thousand of them.
    /// </summary>
    public const int AtOnceMax = 5_000;

    /// <summary>One contract, within the caller's transaction. Saves what it changes, unless that is more than
    /// <see cref="AtOnceMax"/>.</summary>
    internal static async Task<PlanReport> PlanAsync(
        BillingDb db, long contractId, DateTimeOffset now, CancellationToken cancellation)
    {
        var changes = new PlanChanges();
        await CollectAsync(db, new(contractId, contractId, null), now.ToUnixTimeMilliseconds(), changes, cancellation);
        if (changes.Made.Count <= AtOnceMax) await ApplyAsync(db, changes, cancellation);
        return changes.ToReport();
    }

    async Task<Planned> KnownAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var db = store.Context();
        return new(
            await db.Contracts.CountAsync(cancellation),
            await db.Contracts.SumAsync(row => (long)row.LatestVersion, cancellation), now);
    }

    async IAsyncEnumerable<Part> BatchesAsync(
        uint? only, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var after = 0L; ;)
        {
            await using var db = store.Context();
            var ids = await db.Contracts
                .Where(row => row.Id > after && (only == null || row.AccountId == only))
                .OrderBy(row => row.Id).Select(row => row.Id).Take(BatchMax).ToListAsync(cancellation);
            if (ids.Count == 0) yield break;
            yield return new(ids[0], ids[^1], only);
            after = ids[^1];
        }
    }

    async Task RunAsync(Part part, long nowMs, PlanChanges changes, CancellationToken cancellation)
    {
        // Looked at without a transaction first: mostly there is nothing to write, and nobody needs to wait.
        await using (var look = store.Context())
        {
            look.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
            var found = new PlanChanges();
            await CollectAsync(look, part, nowMs, found, cancellation);
            if (found.IsEmpty)
            {
                changes.Problems.AddRange(found.Problems);
                return;
            }
        }

        await using var db = store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var batch = new PlanChanges();
        await CollectAsync(db, part, nowMs, batch, cancellation);
        await ApplyAsync(db, batch, cancellation);
        await transaction.CommitAsync(cancellation);
        changes.Add(batch);
    }

    static async Task ApplyAsync(BillingDb db, PlanChanges changes, CancellationToken cancellation)
    {
        db.Cycles.RemoveRange(changes.Removed);
        db.Cycles.AddRange(changes.Made);
        await db.SaveChangesAsync(cancellation);
    }

    static async Task CollectAsync(
        BillingDb db, Part part, long nowMs, PlanChanges changes, CancellationToken cancellation)
    {
        var (first, last, only) = part;
        var contracts = await db.Contracts.AsNoTracking()
            .Where(row => row.Id >= first && row.Id <= last && (only == null || row.AccountId == only))
            .ToListAsync(cancellation);
        var versions = (await db.ContractVersions.AsNoTracking()
                .Where(row => row.ContractId >= first && row.ContractId <= last
                    && (only == null || db.Contracts.Any(own => own.Id == row.ContractId && own.AccountId == only)))
                .OrderBy(row => row.Number).ToListAsync(cancellation))
            .ToLookup(row => row.ContractId);
        var cycles = db.Cycles.Where(row => row.ContractId >= first && row.ContractId <= last
            && (only == null || row.AccountId == only));
        var lastMade = (await cycles
                .GroupBy(row => new { row.ContractId, row.LineRef })
                .Select(line => new { line.Key.ContractId, line.Key.LineRef, Last = line.Max(row => row.Number) })
                .ToListAsync(cancellation))
            .ToDictionary(line => (line.ContractId, line.LineRef), line => line.Last);
        // Settled ones matter where the line's end cut them: it may have been put off.
        var rows = (await cycles.Where(row => row.State != CycleState.Settled || row.EndMs < row.FullEndMs)
                .ToListAsync(cancellation))
            .ToLookup(row => (row.ContractId, row.LineRef));
        foreach (var contract in contracts)
        {
            try
            {
                var zone = CivilTime.Zone(contract.Zone);
                foreach (var line in LinePlan.Of([.. versions[contract.Id]]))
                {
                    var key = (contract.Id, line.Terms.LineRef);
                    Reconcile(
                        contract, line, zone, [.. rows[key]], lastMade.GetValueOrDefault(key, -1), nowMs, changes);
                }
            }
            catch (Exception error)
                when (error is ScheduleException or JsonException or ArgumentException or OverflowException)
            {
                changes.Problems.Add(new(new(contract.AccountId), contract.Ref, error.Message));
            }
        }

        await KeepBookedAsync(db, changes, cancellation);
    }

    static void Reconcile(
        ContractRow contract, LinePlan line, DateTimeZone zone, List<CycleRow> rows, int lastMade, long nowMs,
        PlanChanges changes)
    {
        var from = rows.Select(row => row.Number).Append(lastMade + 1).Min();
        // All of them before the first change: what throws leaves the line as it was.
        var wanted = line.Wanted(zone, from, lastMade, nowMs).ToList();
        var byNumber = wanted.ToDictionary(cycle => cycle.Number);
        foreach (var row in rows)
        {
            if (byNumber.TryGetValue(row.Number, out var cycle)) Adjust(row, cycle, changes);
            else GiveUp(row, changes);
        }

        changes.Made.AddRange(wanted.Where(cycle => cycle.Number > lastMade)
            .Select(cycle => ToRow(contract, line.Terms.LineRef, cycle)));
    }

    static void Adjust(CycleRow row, ScheduledCycle cycle, PlanChanges changes)
    {
        var wasGivenUp = row.State == CycleState.GivenUp;
        var isOpen = row.State == CycleState.Open || (wasGivenUp && row.Revision == 0);
        if (!wasGivenUp && row.EndMs == cycle.EndMs && (!isOpen || row.IssueAtMs == cycle.IssueAtMs)) return;
        if (row.State == CycleState.Settled && row.EndMs > cycle.EndMs) return;
        row.State = isOpen ? CycleState.Open : CycleState.Billed;
        row.EndMs = cycle.EndMs;
        if (isOpen) row.IssueAtMs = cycle.IssueAtMs;
        changes.Changed++;
    }

    /// <summary>The line has ended before the cycle.</summary>
    static void GiveUp(CycleRow row, PlanChanges changes)
    {
        switch (row.State)
        {
            case CycleState.Open when row.Revision == 0:
                changes.Removed.Add(row);
                break;
            case CycleState.Open or CycleState.Billed:
                row.State = CycleState.GivenUp;
                changes.Changed++;
                break;
            case CycleState.Settled or CycleState.GivenUp:
                break;
        }
    }

    /// <summary>A cycle that revenue was recognised of stays until a close has booked it back.</summary>
    static async Task KeepBookedAsync(BillingDb db, PlanChanges changes, CancellationToken cancellation)
    {
        if (changes.Removed.Count == 0) return;
        var ids = changes.Removed.ConvertAll(row => row.Id);
        var booked = (await db.Postings.Where(row => row.CycleId != null && ids.Contains(row.CycleId.Value))
            .Select(row => row.CycleId!.Value).Distinct().ToListAsync(cancellation)).ToHashSet();
        foreach (var row in changes.Removed.Where(row => booked.Contains(row.Id)))
        {
            row.State = CycleState.GivenUp;
            changes.Changed++;
        }

        changes.Removed.RemoveAll(row => booked.Contains(row.Id));
    }

    static CycleRow ToRow(ContractRow contract, string lineRef, ScheduledCycle cycle) => new()
    {
        AccountId = contract.AccountId,
        ContractId = contract.Id,
        LineRef = lineRef,
        Number = cycle.Number,
        StartMs = cycle.StartMs,
        EndMs = cycle.EndMs,
        FullStartMs = cycle.FullStartMs,
        FullEndMs = cycle.FullEndMs,
        IssueAtMs = cycle.IssueAtMs,
        State = CycleState.Open,
        Revision = 0,
    };

    /// <summary>Contracts by the range of their ids; of one account or all.</summary>
    readonly record struct Part(long First, long Last, uint? Only);

    sealed record Planned(int Contracts, long Versions, DateTimeOffset At);
}

/// <summary>What a run of the planner came to.</summary>
/// <param name="Changed">Cycles cut or made longer.</param>
public sealed record PlanReport(int Made, int Changed, int Removed, IReadOnlyList<PlanProblem> Problems);

/// <summary>A contract that could not be planned, or not in all; the rest went on (law 11).</summary>
public sealed record PlanProblem(AccountId Account, string ContractRef, string Reason);

/// <summary>What is found to be done, before it is.</summary>
sealed class PlanChanges
{
    int _made;
    int _removed;

    public List<CycleRow> Made { get; } = [];

    public List<CycleRow> Removed { get; } = [];

    public int Changed { get; set; }

    public List<PlanProblem> Problems { get; } = [];

    public bool IsEmpty => Made.Count + Removed.Count + Changed == 0;

    /// <summary>Figures of a batch that is committed; its rows are let go.</summary>
    public void Add(PlanChanges batch)
    {
        _made += batch.Made.Count;
        _removed += batch.Removed.Count;
        Changed += batch.Changed;
        Problems.AddRange(batch.Problems);
    }

    public PlanReport ToReport() => new(_made + Made.Count, Changed, _removed + Removed.Count, Problems);
}
