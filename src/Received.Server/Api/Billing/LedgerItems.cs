using Received.Billing.Ledger;

namespace Received.Server.Api.Billing;

/// <summary>Reports' lines as answers, and their columns as CSV.</summary>
static class LedgerItems
{
    public static readonly IReadOnlyList<LedgerColumn<TrialBalanceItem>> TrialBalance =
    [
        new("entity_ref", item => item.EntityRef, true), new("currency", item => item.Currency),
        new("account", item => item.Account), new("opening", item => item.Opening), new("debit", item => item.Debit),
        new("credit", item => item.Credit), new("balance", item => item.Balance),
    ];

    public static readonly IReadOnlyList<LedgerColumn<StatementItem>> Statement =
    [
        new("entity_ref", item => item.EntityRef, true), new("currency", item => item.Currency),
        new("date", item => item.Date), new("month", item => item.Month), new("late_of", item => item.LateOf),
        new("kind", item => item.Kind), new("source", item => item.Source), new("account", item => item.Account),
        new("customer_ref", item => item.CustomerRef, true), new("invoice", item => item.Invoice),
        new("payment", item => item.Payment), new("product_ref", item => item.ProductRef, true),
        new("amount", item => item.Amount), new("balance", item => item.Balance),
    ];

    public static readonly IReadOnlyList<LedgerColumn<RevenueItem>> Revenue =
    [
        new("month", item => item.Month), new("late_of", item => item.LateOf),
        new("entity_ref", item => item.EntityRef, true), new("product_ref", item => item.ProductRef, true),
        new("product_name", item => item.ProductName, true), new("currency", item => item.Currency),
        new("amount", item => item.Amount),
    ];

    public static readonly IReadOnlyList<LedgerColumn<AgeingItem>> Ageing =
    [
        new("entity_ref", item => item.EntityRef, true), new("currency", item => item.Currency),
        new("customer_ref", item => item.CustomerRef, true), new("customer_name", item => item.CustomerName, true),
        new("current", item => item.Current), new("days_1_30", item => item.Days30),
        new("days_31_60", item => item.Days60), new("days_61_90", item => item.Days90),
        new("days_91_120", item => item.Days120), new("days_over_120", item => item.Later),
        new("owed", item => item.Owed), new("credit", item => item.Credit), new("unapplied", item => item.Unapplied),
    ];

    public static TrialBalanceItem Of(TrialBalanceLine line) => new(
        line.EntityRef, line.Currency, LedgerNames.Of(line.Account),
        LedgerText.Amount(line.OpeningMinor, line.Currency), LedgerText.Amount(line.DebitMinor, line.Currency),
        LedgerText.Amount(line.CreditMinor, line.Currency), LedgerText.Amount(line.BalanceMinor, line.Currency));

    public static StatementItem Of(StatementLine line) => new(
        line.EntityRef, line.Currency, LedgerText.Date(line.Day), LedgerText.Month(line.Period),
        LedgerText.Month(line.LateOf), LedgerNames.Of(line.Kind), line.Source, LedgerNames.Of(line.Ledger),
        line.CustomerRef, Id("inv_", line.InvoiceId), Id("pay_", line.PaymentId), line.ProductRef,
        LedgerText.Amount(line.AmountMinor, line.Currency), LedgerText.Amount(line.BalanceMinor, line.Currency));

    public static EntryItem Of(JournalEntry entry) => new(
        Id("entry_", entry.Id)!, entry.EntityRef, entry.Currency.Code, LedgerText.Date(entry.Day),
        LedgerText.Month(entry.Period), LedgerText.Month(entry.LateOf), LedgerNames.Of(entry.Kind), entry.Source,
        TimeBuckets.Format(entry.BookedAt.ToUnixTimeMilliseconds(), NodaTime.DateTimeZone.Utc),
        [
            .. entry.Postings.Select(posting => new PostingItem(
                LedgerNames.Of(posting.Account), posting.Amount.ToText(), posting.CustomerRef,
                Id("inv_", posting.InvoiceId), Id("pay_", posting.PaymentId), posting.ProductRef)),
        ]);

    public static RevenueItem Of(RevenueLine line) => new(
        LedgerText.Month(line.Period), LedgerText.Month(line.LateOf), line.EntityRef, line.ProductRef,
        line.ProductName, line.Currency, LedgerText.Amount(line.AmountMinor, line.Currency));

    public static AgeingItem Of(AgeingLine line)
    {
        string Amount(long minor) => LedgerText.Amount(minor, line.Currency);
        return new(
            line.EntityRef, line.Currency, line.CustomerRef, line.CustomerName, Amount(line.CurrentMinor),
            Amount(line.Late30Minor), Amount(line.Late60Minor), Amount(line.Late90Minor), Amount(line.Late120Minor),
            Amount(line.LaterMinor), Amount(line.OwedMinor), Amount(line.CreditMinor), Amount(line.UnappliedMinor));
    }

    static string? Id(string prefix, long? id) => id is { } number ? $"{prefix}{number}" : null;
}
