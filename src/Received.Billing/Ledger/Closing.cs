using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Ledger;

public enum CloseOutcome
{
    Closed,

    /// <summary>By somebody before: nothing is changed.</summary>
    AlreadyClosed,
    EntityUnknown,
    NotEnded,

    /// <summary>An earlier month with entries or cycles is open: months are closed in order.</summary>
    EarlierOpen,

    /// <summary>Law 7: usage of the month is not all rated yet, or is being booked right now. Ask again soon.</summary>
    UsageNotIn,

    /// <summary>Some cycles cannot be priced, so nobody knows the month's revenue.</summary>
    NotPriced,
}

/// <param name="Reasons">Of a refusal, for people.</param>
/// <param name="Month">Where it is closed now.</param>
public sealed record CloseResult(CloseOutcome Outcome, IReadOnlyList<string> Reasons, ClosedMonth? Month);

/// <param name="Period">Accounting month: year * 12 + month - 1.</param>
/// <param name="Positions">Of the log, that its usage was read at; none where the entity has no usage lines.</param>
public sealed record ClosedMonth(
    string EntityRef, int Period, DateTimeOffset ClosedAt, string Actor, IReadOnlyList<ClosedPosition> Positions);

/// <summary>Counted events of the partition before frame <paramref name="Next"/> are in.</summary>
public sealed record ClosedPosition(int Partition, int Generation, long Next);

/// <summary>
/// Closes accounting months of an entity for good. Goal: revenue of the month is all of its usage, as of a stated
/// position, and its share of all fees, billed or not. Entries and the mark of closing are one transaction, so doing it
/// twice, at once or after a kill changes nothing. Not its job: invoices; what arrives later is booked in the first
/// open month by whoever finds it.
/// </summary>
public sealed class Closing(BillingStore store, CyclePlanner planner, CycleTotalsReader totals, TimeProvider time)
{
    /// <summary>How often others may book revenue between reading usage and writing, before we give up.</summary>
    const int TriesMax = 5;

    /// <param name="period">Accounting month: year * 12 + month - 1.</param>
    public async Task<CloseResult> CloseAsync(
        AccountId account, string entityRef, int period, string actor, CancellationToken cancellation = default)
    {
        await planner.RunAsync(time.GetUtcNow(), account, cancellation);
        for (var tries = 0; tries < TriesMax; tries++)
        {
            await using var db = store.Context();
            var entity = await db.Entities.AsNoTracking().SingleOrDefaultAsync(
                row => row.AccountId == account.Value && row.Ref == entityRef, cancellation);
            if (entity is null) return Refuse(CloseOutcome.EntityUnknown);
            var closed = await OpenPeriods.ReadAsync(db, entity.Id, cancellation);
            if (closed.Closed >= period) return await AlreadyAsync(db, entity, period, cancellation);
            var endMs = AccountingMonths.StartMs(period + 1, CivilTime.Zone(entity.Zone));
            if (time.GetUtcNow().ToUnixTimeMilliseconds() < endMs) return Refuse(CloseOutcome.NotEnded);
            var booked = await LastRecognitionAsync(db, entity.Id, cancellation);
            var revenue = await ClosingRevenue.ReadAsync(
                db, totals, entity, closed.Closed, endMs, cancellation);
            var firstEntry = await FirstEntryAsync(db, entity.Id, closed.Closed, cancellation);
            var first = Math.Min(revenue.FirstPeriod ?? period, firstEntry ?? period);
            if (first < period)
                return Refuse(
                    CloseOutcome.EarlierOpen, $"{AccountingMonths.Format(first)} is open: close it first.");
            if (revenue.Problems.Count > 0) return new(CloseOutcome.NotPriced, revenue.Problems, null);
            if (revenue.Waiting.Count > 0) return new(CloseOutcome.UsageNotIn, revenue.Waiting, null);
            var result = await WriteAsync(db, entity, period, revenue, booked, actor, cancellation);
            if (result is not null) return result;
        }

        return Refuse(CloseOutcome.UsageNotIn, "Revenue of this entity is being booked at this moment.");
    }

    /// <summary>Closed months of all entities, in order.</summary>
    public async Task<IReadOnlyList<ClosedMonth>> ListAsync(
        AccountId account, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var rows = await (
            from row in db.ClosedPeriods.AsNoTracking()
            join entity in db.Entities on row.EntityId equals entity.Id
            where entity.AccountId == account.Value
            orderby entity.Ref, row.Period
            select new { Row = row, entity.Ref }).ToListAsync(cancellation);
        return [.. rows.Select(row => FromRow(row.Row, row.Ref))];
    }

    /// <summary>Null where others have booked revenue since it was read: it may be newer than ours.</summary>
    async Task<CloseResult?> WriteAsync(
        BillingDb db, EntityRow entity, int period, ClosingRevenue revenue, long booked, string actor,
        CancellationToken cancellation)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var open = await OpenPeriods.ReadAsync(db, entity.Id, cancellation);
        if (open.Closed >= period) return await AlreadyAsync(db, entity, period, cancellation);
        if (await LastRecognitionAsync(db, entity.Id, cancellation) != booked) return null;
        var account = new AccountId(entity.AccountId);
        var day = OpenPeriods.FirstDay(period + 1) - 1;
        foreach (var facts in revenue.Facts.GroupBy(facts => facts.Earned[0].Amount.Currency))
        {
            var histories = await Books.HistoriesAsync(
                db, account, facts.Key, facts.Select(one => one.Cycle), cancellation);
            foreach (var one in facts)
            {
                var entries = RecognitionPostings.Entries(
                    one, histories[one.Cycle.CycleId], open, day, $"close:{period}");
                Books.Add(db, account, entity.Id, entries, time);
            }
        }

        // Before the mark: from there on the database takes no entry of the month.
        await db.SaveChangesAsync(cancellation);
        var row = new ClosedPeriodRow
        {
            EntityId = entity.Id,
            Period = period,
            ClosedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Positions = JsonSerializer.Serialize(revenue.Positions, ClosingJson.Default.IReadOnlyListClosedPosition),
            Actor = actor,
        };
        db.ClosedPeriods.Add(row);
        AuditTrail.Add(
            db, account, actor, "ledger.closed", entity.Ref, AccountingMonths.Format(period), time);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return new(CloseOutcome.Closed, [], FromRow(row, entity.Ref));
    }

    static async Task<CloseResult> AlreadyAsync(
        BillingDb db, EntityRow entity, int period, CancellationToken cancellation)
    {
        // A month without anything in it is closed by the one after it.
        var row = await db.ClosedPeriods.AsNoTracking()
            .Where(row => row.EntityId == entity.Id && row.Period >= period).OrderBy(row => row.Period)
            .FirstAsync(cancellation);
        return new(CloseOutcome.AlreadyClosed, [], FromRow(row, entity.Ref));
    }

    static Task<long> LastRecognitionAsync(BillingDb db, long entityId, CancellationToken cancellation) =>
        db.Entries.Where(row => row.EntityId == entityId && row.Kind == EntryKind.RevenueRecognised)
            .Select(row => row.Id).DefaultIfEmpty().MaxAsync(cancellation);

    static Task<int?> FirstEntryAsync(BillingDb db, long entityId, int? closed, CancellationToken cancellation) =>
        db.Entries.Where(row => row.EntityId == entityId && row.Period > (closed ?? 0))
            .MinAsync(row => (int?)row.Period, cancellation);

    static CloseResult Refuse(CloseOutcome outcome, params string[] reasons) => new(outcome, reasons, null);

    static ClosedMonth FromRow(ClosedPeriodRow row, string entityRef) => new(
        entityRef, row.Period, DateTimeOffset.FromUnixTimeMilliseconds(row.ClosedAtMs), row.Actor,
        JsonSerializer.Deserialize(row.Positions, ClosingJson.Default.IReadOnlyListClosedPosition) ?? []);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<ClosedPosition>))]
sealed partial class ClosingJson : JsonSerializerContext;
