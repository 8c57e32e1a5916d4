using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>A debit (above zero) or a credit (below it), and what it is about.</summary>
sealed record Posting(
    LedgerAccount Account, Money Amount, long? CustomerId = null, long? InvoiceId = null, long? PaymentId = null,
    long? CycleId = null, string? ProductRef = null);

/// <summary>
/// Postings of one currency that sum to zero, or an exception: there is no other way to make one (law 10). Postings of
/// zero are left out.
/// </summary>
sealed class Entry
{
    /// <param name="source">What it books: an entry of the same source exists once in an account.</param>
    /// <param name="lateOf">The closed month that it belongs to, where it had to go into a later one.</param>
    /// <exception cref="InvalidOperationException">It does not sum to zero, or has no postings.</exception>
    public Entry(
        EntryKind kind, string source, int period, int day, Currency currency, IEnumerable<Posting> postings,
        int? lateOf = null)
    {
        Kind = kind;
        Source = source;
        Period = period;
        Day = day;
        Currency = currency;
        LateOf = lateOf;
        Postings = [.. postings.Where(posting => !posting.Amount.IsZero)];
        var sum = Money.Sum(Postings.Select(posting => posting.Amount), currency);
        if (!sum.IsZero || Postings.Count == 0)
            throw new InvalidOperationException($"Entry {source} has {Postings.Count} postings that sum to {sum}.");
    }

    public EntryKind Kind { get; }

    public string Source { get; }

    public int Period { get; }

    public int Day { get; }

    public Currency Currency { get; }

    public int? LateOf { get; }

    public IReadOnlyList<Posting> Postings { get; }

    /// <summary>What is stored, checked again.</summary>
    /// <exception cref="InvalidOperationException">It does not sum to zero.</exception>
    public static Entry FromRow(EntryRow row)
    {
        var currency = Currency.Parse(row.Currency);
        return new(
            row.Kind, row.Source, row.Period, row.Day, currency,
            row.Postings.OrderBy(posting => posting.Number).Select(posting => new Posting(
                posting.LedgerAccount, new(posting.AmountMinor, currency), posting.CustomerId, posting.InvoiceId,
                posting.PaymentId, posting.CycleId, posting.ProductRef)),
            row.LateOfPeriod);
    }

    public EntryRow ToRow(uint account, long entity, long nowMs) => new()
    {
        AccountId = account,
        EntityId = entity,
        Currency = Currency.Code,
        Period = Period,
        Day = Day,
        Kind = Kind,
        Source = Source,
        LateOfPeriod = LateOf,
        CreatedAtMs = nowMs,
        Postings =
        [
            .. Postings.Select((posting, index) => new PostingRow
            {
                Number = index + 1,
                LedgerAccount = posting.Account,
                AmountMinor = posting.Amount.Minor,
                CustomerId = posting.CustomerId,
                InvoiceId = posting.InvoiceId,
                PaymentId = posting.PaymentId,
                CycleId = posting.CycleId,
                ProductRef = posting.ProductRef,
            }),
        ],
    };
}
