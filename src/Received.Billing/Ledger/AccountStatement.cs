using Microsoft.EntityFrameworkCore;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>Which lines a statement has.</summary>
/// <param name="Ledger">A ledger account; null: all that the customer owes or is owed (receivable and credit).</param>
/// <param name="CustomerRef">Null: of all customers.</param>
/// <param name="Skip">Lines that pages before had.</param>
public sealed record StatementQuery(
    AccountId Account, LedgerAccount? Ledger, string? CustomerRef, string? EntityRef, int FromPeriod, int ToPeriod,
    long Skip, long Limit);

/// <summary>A posting with the balance after it; amounts in minor units, debits above zero.</summary>
/// <param name="BalanceMinor">Of the statement's lines of the entity and currency from the first ever.</param>
public sealed record StatementLine(
    string EntityRef, string Currency, int Period, int Day, int? LateOf, EntryKind Kind, string Source,
    LedgerAccount Ledger, string? CustomerRef, long? InvoiceId, long? PaymentId, string? ProductRef, long AmountMinor,
    long BalanceMinor);

/// <summary>The lines of a ledger account or of a customer, by day, with a running balance.</summary>
public sealed class AccountStatement(BillingStore store)
{
    public async IAsyncEnumerable<StatementLine> ReadAsync(
        StatementQuery query,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        // The account after which the first half of the filter is: both are the same one, or the customer's two.
        var first = (int)(query.Ledger ?? LedgerAccount.Receivable);
        var second = (int)(query.Ledger ?? LedgerAccount.CustomerCredit);
        var (customer, entity) = (query.CustomerRef ?? "", query.EntityRef ?? "");
        var lines = db.Database.SqlQuery<StatementLine>(
            $"""
            SELECT * FROM (
                SELECT n.ref AS "EntityRef", e.currency AS "Currency", e.period AS "Period", e.day AS "Day",
                    e.late_of_period AS "LateOf", e.kind AS "Kind", e.source AS "Source", p.ledger_account AS "Ledger",
                    c.ref AS "CustomerRef", p.invoice_id AS "InvoiceId", p.payment_id AS "PaymentId",
                    p.product_ref AS "ProductRef", p.amount_minor AS "AmountMinor",
                    SUM(p.amount_minor) OVER (
                        PARTITION BY e.entity_id, e.currency ORDER BY e.day, e.id, p.number) AS "BalanceMinor",
                    ROW_NUMBER() OVER (ORDER BY n.ref, e.currency, e.day, e.id, p.number) AS line
                FROM entries e
                JOIN postings p ON p.entry_id = e.id
                JOIN entities n ON n.id = e.entity_id
                LEFT JOIN customers c ON c.id = p.customer_id AND c.account_id = e.account_id
                WHERE e.account_id = {query.Account.Value} AND p.ledger_account IN ({first}, {second})
                    AND ({customer} = '' OR c.ref = {customer}) AND ({entity} = '' OR n.ref = {entity})) s
            WHERE s."Period" BETWEEN {query.FromPeriod} AND {query.ToPeriod}
            ORDER BY s.line
            LIMIT {query.Limit} OFFSET {query.Skip}
            """).AsAsyncEnumerable();
        await foreach (var line in lines.WithCancellation(cancellation)) yield return line;
    }
}
