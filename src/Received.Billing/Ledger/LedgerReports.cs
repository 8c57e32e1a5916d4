using Microsoft.EntityFrameworkCore;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>
/// What an account's books say (law 12: of that account alone), each report one query over the postings: nothing is
/// kept beside them that could differ from them. Filters that name nothing of the account give empty reports.
/// </summary>
public sealed class LedgerReports(BillingStore store)
{
    /// <summary>By entity, currency and account: what it held before the month, what moved, what it holds at its
    /// end.</summary>
    /// <param name="period">Accounting month: year * 12 + month - 1.</param>
    /// <param name="entityRef">Null for all entities.</param>
    public async Task<IReadOnlyList<TrialBalanceLine>> TrialBalanceAsync(
        AccountId account, int period, string? entityRef, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var entity = entityRef ?? "";
        return await db.Database.SqlQuery<TrialBalanceLine>(
            $"""
            SELECT n.ref AS "EntityRef", e.currency AS "Currency", p.ledger_account AS "Account",
                SUM(CASE WHEN e.period < {period} THEN p.amount_minor ELSE 0 END) AS "OpeningMinor",
                SUM(CASE WHEN e.period = {period} AND p.amount_minor > 0 THEN p.amount_minor ELSE 0 END)
                    AS "DebitMinor",
                SUM(CASE WHEN e.period = {period} AND p.amount_minor < 0 THEN -p.amount_minor ELSE 0 END)
                    AS "CreditMinor"
            FROM entries e
            JOIN postings p ON p.entry_id = e.id
            JOIN entities n ON n.id = e.entity_id
            WHERE e.account_id = {account.Value} AND e.period <= {period} AND ({entity} = '' OR n.ref = {entity})
            GROUP BY n.ref, e.currency, p.ledger_account
            ORDER BY n.ref, e.currency, p.ledger_account
            """).ToListAsync(cancellation);
    }

    /// <summary>Revenue by the month that it is booked in; what belongs to an earlier, closed month is a line of its
    /// own.</summary>
    public async Task<IReadOnlyList<RevenueLine>> RevenueAsync(
        AccountId account, int fromPeriod, int toPeriod, string? entityRef, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var entity = entityRef ?? "";
        return await db.Database.SqlQuery<RevenueLine>(
            $"""
            SELECT e.period AS "Period", e.late_of_period AS "LateOf", n.ref AS "EntityRef",
                COALESCE(p.product_ref, '') AS "ProductRef", MAX(d.name) AS "ProductName", e.currency AS "Currency",
                -SUM(p.amount_minor) AS "AmountMinor"
            FROM entries e
            JOIN postings p ON p.entry_id = e.id
            JOIN entities n ON n.id = e.entity_id
            LEFT JOIN products d ON d.account_id = e.account_id AND d.ref = p.product_ref
            WHERE e.account_id = {account.Value} AND e.period BETWEEN {fromPeriod} AND {toPeriod}
                AND p.ledger_account = {(int)LedgerAccount.Revenue} AND ({entity} = '' OR n.ref = {entity})
            GROUP BY e.period, e.late_of_period, n.ref, p.product_ref, e.currency
            ORDER BY e.period, n.ref, p.product_ref, e.currency, e.late_of_period
            """).ToListAsync(cancellation);
    }

    /// <summary>
    /// What customers owe at the end of a day, by how long it is past due. Its buckets are the receivable postings by
    /// invoice, so they add up to that account; credits and money of nobody known stand beside them, never netted.
    /// </summary>
    /// <param name="day">Days since 1970-01-01.</param>
    public async Task<IReadOnlyList<AgeingLine>> AgeingAsync(
        AccountId account, int day, string? entityRef, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var entity = entityRef ?? "";
        return await db.Database.SqlQuery<AgeingLine>(
            $"""
            SELECT b.entity AS "EntityRef", b.currency AS "Currency", b.customer AS "CustomerRef",
                b.name AS "CustomerName",
                SUM(CASE WHEN b.late <= 0 THEN b.owed ELSE 0 END) AS "CurrentMinor",
                SUM(CASE WHEN b.late BETWEEN 1 AND 30 THEN b.owed ELSE 0 END) AS "Late30Minor",
                SUM(CASE WHEN b.late BETWEEN 31 AND 60 THEN b.owed ELSE 0 END) AS "Late60Minor",
                SUM(CASE WHEN b.late BETWEEN 61 AND 90 THEN b.owed ELSE 0 END) AS "Late90Minor",
                SUM(CASE WHEN b.late BETWEEN 91 AND 120 THEN b.owed ELSE 0 END) AS "Late120Minor",
                SUM(CASE WHEN b.late > 120 THEN b.owed ELSE 0 END) AS "LaterMinor",
                SUM(b.credit) AS "CreditMinor", SUM(b.unapplied) AS "UnappliedMinor"
            FROM (
                SELECT n.ref AS entity, e.currency, c.ref AS customer, c.name,
                    {day} - COALESCE(i.due_day, {day}) AS late,
                    CASE WHEN p.ledger_account = {(int)LedgerAccount.Receivable} THEN p.amount_minor ELSE 0 END AS owed,
                    CASE WHEN p.ledger_account = {(int)LedgerAccount.CustomerCredit} THEN -p.amount_minor ELSE 0 END
                        AS credit,
                    CASE WHEN p.ledger_account = {(int)LedgerAccount.Unapplied} THEN -p.amount_minor ELSE 0 END
                        AS unapplied
                FROM entries e
                JOIN postings p ON p.entry_id = e.id
                JOIN entities n ON n.id = e.entity_id
                LEFT JOIN customers c ON c.id = p.customer_id AND c.account_id = e.account_id
                LEFT JOIN invoices i ON i.id = p.invoice_id AND i.account_id = e.account_id
                WHERE e.account_id = {account.Value} AND e.day <= {day} AND ({entity} = '' OR n.ref = {entity})
                    AND p.ledger_account IN ({(int)LedgerAccount.Receivable}, {(int)LedgerAccount.CustomerCredit},
                        {(int)LedgerAccount.Unapplied})) b
            GROUP BY b.entity, b.currency, b.customer, b.name
            HAVING SUM(ABS(b.owed)) <> 0 OR SUM(ABS(b.credit)) <> 0 OR SUM(ABS(b.unapplied)) <> 0
            ORDER BY b.entity, b.currency, b.customer
            """).ToListAsync(cancellation);
    }
}

/// <summary>Amounts in minor units of the currency; balances of credit accounts are below zero.</summary>
public sealed record TrialBalanceLine(
    string EntityRef, string Currency, LedgerAccount Account, long OpeningMinor, long DebitMinor, long CreditMinor)
{
    public long BalanceMinor => OpeningMinor + DebitMinor - CreditMinor;
}

/// <param name="Period">Accounting month that it is booked in.</param>
/// <param name="LateOf">The closed month that it was earned in; null for its own.</param>
/// <param name="ProductName">Null where the catalog has no such product any more.</param>
public sealed record RevenueLine(
    int Period, int? LateOf, string EntityRef, string ProductRef, string? ProductName, string Currency,
    long AmountMinor);

/// <summary>Days past due: none, 1 to 30, to 60, to 90, to 120, more.</summary>
/// <param name="CustomerRef">Null for money of nobody known.</param>
/// <param name="CreditMinor">What we owe the customer.</param>
public sealed record AgeingLine(
    string EntityRef, string Currency, string? CustomerRef, string? CustomerName, long CurrentMinor, long Late30Minor,
    long Late60Minor, long Late90Minor, long Late120Minor, long LaterMinor, long CreditMinor, long UnappliedMinor)
{
    public long OwedMinor =>
        CurrentMinor + Late30Minor + Late60Minor + Late90Minor + Late120Minor + LaterMinor;
}
