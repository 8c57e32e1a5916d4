using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>What the books say and what it must be, where these differ; amounts in minor units.</summary>
/// <param name="Rule">What is broken: "entry_balance", "receivable", "customer_credit", "unapplied",
/// "contract_balance".</param>
/// <param name="Subject">The entry's source, customer or cycle; null for the whole of an entity.</param>
public sealed record BookDifference(
    string Rule, string EntityRef, string Currency, string? Subject, long BooksMinor, long ExpectedMinor);

/// <summary>
/// Compares an account's books with themselves and with invoices and payments, which are written by other code: every
/// entry sums to zero, receivable is what is open on invoices, credit and unapplied money is what payments have free,
/// and no cycle has a contract asset and deferred revenue at once. No difference is the only right answer.
/// </summary>
public sealed class BookCheck(BillingStore store)
{
    /// <summary>A broken rule may break for every row: the first ones are enough to begin with.</summary>
    const int DifferencesMax = 100;

    /// <summary>Empty where all holds. One statement, so that no write comes in between its parts.</summary>
    public async Task<IReadOnlyList<BookDifference>> RunAsync(
        AccountId account, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        return await db.Database.SqlQuery<BookDifference>(
            $"""
            WITH lines AS (
                SELECT e.id, e.entity_id, e.currency, e.source, p.ledger_account, p.amount_minor, p.customer_id,
                    p.cycle_id
                FROM entries e LEFT JOIN postings p ON p.entry_id = e.id
                WHERE e.account_id = {account.Value}),
            compared AS (
                SELECT 'entry_balance' AS rule, entity_id, currency, source AS subject,
                    COALESCE(SUM(amount_minor), 0) AS books, 0 AS expected, COUNT(amount_minor) AS postings
                FROM lines GROUP BY id, entity_id, currency, source
                UNION ALL
                SELECT 'receivable', entity_id, currency, subject, SUM(books), SUM(expected), 1 FROM (
                    SELECT entity_id, currency, CAST(customer_id AS TEXT) AS subject, amount_minor AS books,
                        0 AS expected
                    FROM lines WHERE ledger_account = {(int)LedgerAccount.Receivable}
                    UNION ALL
                    SELECT entity_id, currency, CAST(customer_id AS TEXT), 0, total_minor - paid_minor FROM invoices
                    WHERE account_id = {account.Value}
                        AND state NOT IN ({(int)InvoiceState.Draft}, {(int)InvoiceState.Void})) r
                GROUP BY entity_id, currency, subject
                UNION ALL
                SELECT rule, entity_id, currency, subject, SUM(books), SUM(expected), 1 FROM (
                    SELECT CASE ledger_account WHEN {(int)LedgerAccount.Unapplied} THEN 'unapplied'
                            ELSE 'customer_credit' END AS rule,
                        entity_id, currency, CAST(customer_id AS TEXT) AS subject, -amount_minor AS books, 0 AS expected
                    FROM lines
                    WHERE ledger_account IN ({(int)LedgerAccount.CustomerCredit}, {(int)LedgerAccount.Unapplied})
                    UNION ALL
                    SELECT CASE WHEN customer_id IS NULL THEN 'unapplied' ELSE 'customer_credit' END, entity_id,
                        currency, CAST(customer_id AS TEXT), 0, free_minor
                    FROM payments WHERE account_id = {account.Value}) f
                GROUP BY rule, entity_id, currency, subject
                UNION ALL
                SELECT 'contract_balance', entity_id, currency, 'cycle ' || cycle_id, asset,
                    CASE WHEN asset + deferred > 0 THEN asset + deferred ELSE 0 END, 1
                FROM (
                    SELECT entity_id, currency, cycle_id,
                        SUM(CASE ledger_account WHEN {(int)LedgerAccount.ContractAsset} THEN amount_minor ELSE 0 END)
                            AS asset,
                        SUM(CASE ledger_account WHEN {(int)LedgerAccount.DeferredRevenue} THEN amount_minor ELSE 0 END)
                            AS deferred
                    FROM lines WHERE cycle_id IS NOT NULL GROUP BY entity_id, currency, cycle_id) b)
            SELECT d.rule AS "Rule", n.ref AS "EntityRef", d.currency AS "Currency",
                COALESCE(c.ref, d.subject) AS "Subject", d.books AS "BooksMinor", d.expected AS "ExpectedMinor"
            FROM compared d
            JOIN entities n ON n.id = d.entity_id
            LEFT JOIN customers c ON d.rule IN ('receivable', 'customer_credit') AND c.account_id = {account.Value}
                AND CAST(c.id AS TEXT) = d.subject
            WHERE d.books <> d.expected OR d.postings = 0
            ORDER BY d.rule, n.ref, d.currency, d.subject
            LIMIT {DifferencesMax}
            """).ToListAsync(cancellation);
    }
}
