using Microsoft.EntityFrameworkCore;
using NodaTime;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>
/// Adds the entries of billing facts to the transaction that the facts happen in, which is open already and is the one
/// that saves: books and invoices cannot part. An entry's source is unique, so a fact is booked once.
/// </summary>
static class Books
{
    public static async Task AddInvoiceAsync(
        BillingDb db, InvoiceFacts facts, TimeProvider time, CancellationToken cancellation)
    {
        RequireTransaction(db);
        var open = await OpenPeriods.ReadAsync(db, facts.EntityId, cancellation);
        var cycles = facts.Charges
            .Select(charge => new CycleSubject(charge.CycleId, facts.CustomerId, charge.ProductRef));
        var histories = await HistoriesAsync(db, facts.Account, facts.Currency, cycles, cancellation);
        Add(db, facts.Account, facts.EntityId, InvoicePostings.Entries(facts, histories, open), time);
    }

    /// <summary>An invoice without an entry (a draft, or one of zero) has nothing to reverse.</summary>
    public static async Task AddVoidAsync(
        BillingDb db, InvoiceRow invoice, TimeProvider time, CancellationToken cancellation)
    {
        RequireTransaction(db);
        var account = new AccountId(invoice.AccountId);
        var source = InvoicePostings.Source(invoice.Id);
        var row = await db.Entries.AsNoTracking().Include(entry => entry.Postings)
            .SingleOrDefaultAsync(
                entry => entry.AccountId == invoice.AccountId && entry.Source == source, cancellation);
        if (row is null) return;
        var issued = Entry.FromRow(row);
        var open = await OpenPeriods.ReadAsync(db, invoice.EntityId, cancellation);
        var zone = await db.Entities.Where(entity => entity.Id == invoice.EntityId)
            .Select(entity => entity.Zone).SingleAsync(cancellation);
        var histories = await HistoriesAsync(
            db, account, issued.Currency, VoidPostings.Cycles(issued), cancellation);
        var day = Today(time, zone);
        Add(
            db, account, invoice.EntityId, VoidPostings.Entries(issued, invoice.Id, histories, open, day), time);
    }

    /// <summary>
    /// Revenue of cycles that nobody looks at again, where all their months are closed; a close sees to the others. A
    /// close between two versions, the later of which takes the earlier back, books what no invoice ever charges.
    /// </summary>
    /// <param name="cycles">With what makes the entries, once.</param>
    public static async Task AddSettledAsync(
        BillingDb db, AccountId account, long entityId,
        IReadOnlyList<(RecognitionFacts Facts, string Cause)> cycles, TimeProvider time,
        CancellationToken cancellation)
    {
        RequireTransaction(db);
        var open = await OpenPeriods.ReadAsync(db, entityId, cancellation);
        var closed = cycles.Where(cycle => cycle.Facts.Earned.Count > 0
            && cycle.Facts.Earned.All(month => month.Period <= open.Closed));
        foreach (var alike in closed.GroupBy(cycle => cycle.Facts.Earned[0].Amount.Currency))
        {
            var histories = await HistoriesAsync(
                db, account, alike.Key, alike.Select(cycle => cycle.Facts.Cycle), cancellation);
            var zone = await db.Entities.Where(entity => entity.Id == entityId)
                .Select(entity => entity.Zone).SingleAsync(cancellation);
            foreach (var (facts, cause) in alike)
                Add(
                    db, account, entityId,
                    RecognitionPostings.Entries(
                        facts, histories[facts.Cycle.CycleId], open, Today(time, zone), cause),
                    time);
        }
    }

    /// <summary>What the books say of cycles so far, in one query; those that are in none yet are empty.</summary>
    public static async Task<IReadOnlyDictionary<long, CycleHistory>> HistoriesAsync(
        BillingDb db, AccountId account, Currency currency, IEnumerable<CycleSubject> cycles,
        CancellationToken cancellation)
    {
        var subjects = cycles.DistinctBy(cycle => cycle.CycleId).ToList();
        var ids = subjects.Select(cycle => cycle.CycleId).ToList();
        var sums =
            from posting in db.Postings
            join entry in db.Entries on posting.EntryId equals entry.Id
            where posting.CycleId != null && ids.Contains(posting.CycleId.Value) && entry.AccountId == account.Value
            group posting.AmountMinor by new
            {
                posting.CycleId,
                posting.LedgerAccount,
                entry.Currency,
                entry.Period,
                entry.LateOfPeriod,
            }
            into sum
            select new { sum.Key, AmountMinor = sum.Sum() };
        var lines = (await sums.ToListAsync(cancellation)).ToLookup(
            sum => sum.Key.CycleId!.Value,
            sum => new HistoryLine(
                sum.Key.Period, sum.Key.LateOfPeriod, sum.Key.LedgerAccount,
                new(sum.AmountMinor, Currency.Parse(sum.Key.Currency))));
        return subjects.ToDictionary(
            cycle => cycle.CycleId, cycle => new CycleHistory(cycle, currency, lines[cycle.CycleId]));
    }

    public static void Add(
        BillingDb db, AccountId account, long entityId, IEnumerable<Entry> entries, TimeProvider time)
    {
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        db.Entries.AddRange(entries.Select(entry => entry.ToRow(account.Value, entityId, nowMs)));
    }

    /// <summary>The civil date in an IANA zone, days since 1970-01-01.</summary>
    public static int Today(TimeProvider time, string zone)
    {
        var date = Instant.FromDateTimeOffset(time.GetUtcNow()).InZone(DateTimeZoneProviders.Tzdb[zone]).Date;
        return CivilDay.Number(date.ToDateOnly());
    }

    /// <summary>What is read here decides what is written: nobody may write in between.</summary>
    static void RequireTransaction(BillingDb db)
    {
        if (db.Database.CurrentTransaction is null)
            throw new InvalidOperationException("Entries are made in the transaction of what they book.");
    }
}
