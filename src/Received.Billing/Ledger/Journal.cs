using Microsoft.EntityFrameworkCore;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>Which entries; null is all.</summary>
/// <param name="Source">What is booked, as entries say it: "invoice:17".</param>
/// <param name="InvoiceId">Those with a posting about it.</param>
public sealed record JournalQuery(
    AccountId Account, int? Period, string? EntityRef, string? Source, long? InvoiceId, long After, int Limit);

/// <summary>An entry as it is stored, checked again (law 10).</summary>
public sealed record JournalEntry(
    long Id, string EntityRef, Currency Currency, int Period, int Day, int? LateOf, EntryKind Kind, string Source,
    DateTimeOffset BookedAt, IReadOnlyList<JournalPosting> Postings);

public sealed record JournalPosting(
    LedgerAccount Account, Money Amount, string? CustomerRef, long? InvoiceId, long? PaymentId, long? CycleId,
    string? ProductRef);

/// <summary>All entries with their postings, in the order in which they were booked.</summary>
public sealed class Journal(BillingStore store)
{
    public async Task<IReadOnlyList<JournalEntry>> ReadAsync(
        JournalQuery query, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var wanted = db.Entries.AsNoTracking()
            .Where(row => row.AccountId == query.Account.Value && row.Id > query.After);
        if (query.Period is { } period) wanted = wanted.Where(row => row.Period == period);
        if (query.Source is { } source) wanted = wanted.Where(row => row.Source == source);
        if (query.InvoiceId is { } invoice)
            wanted = wanted.Where(row => row.Postings.Any(posting => posting.InvoiceId == invoice));
        if (query.EntityRef is { } entity)
            wanted = wanted.Where(row => db.Entities.Any(one => one.Id == row.EntityId && one.Ref == entity));
        var rows = await wanted.Include(row => row.Postings).OrderBy(row => row.Id).Take(query.Limit)
            .ToListAsync(cancellation);
        var entities = await db.Entities.Where(row => row.AccountId == query.Account.Value)
            .ToDictionaryAsync(row => row.Id, row => row.Ref, cancellation);
        var ids = rows.SelectMany(row => row.Postings).Select(posting => posting.CustomerId).OfType<long>().Distinct();
        var customers = await db.Customers
            .Where(row => row.AccountId == query.Account.Value && ids.ToList().Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, row => row.Ref, cancellation);
        return [.. rows.Select(row => FromRow(row, entities[row.EntityId], customers))];
    }

    static JournalEntry FromRow(EntryRow row, string entityRef, IReadOnlyDictionary<long, string> customers)
    {
        var entry = Entry.FromRow(row);
        return new(
            row.Id, entityRef, entry.Currency, entry.Period, entry.Day, entry.LateOf, entry.Kind, entry.Source,
            DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAtMs),
            [
                .. entry.Postings.Select(posting => new JournalPosting(
                    posting.Account, posting.Amount,
                    posting.CustomerId is { } id ? customers.GetValueOrDefault(id) : null, posting.InvoiceId,
                    posting.PaymentId, posting.CycleId, posting.ProductRef)),
            ]);
    }
}
