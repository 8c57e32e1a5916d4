using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Received.Billing.Invoices;
using Received.Billing.Payments.Stripe;
using Received.Billing.Store;

namespace Received.Billing.Payments;

/// <summary>
/// What nobody else comes back to: refunds whose outcome is not known, fees that were not there yet, attempts whose
/// notices were lost, places to pay what needs no payment any more. A plain method; whoever calls it decides how often.
/// Invariant: what has waited longest is taken up first, and is noted as taken up before anyone is asked, so each comes
/// round whatever becomes of the others, and whenever the process ends.
/// </summary>
public sealed class PaymentSweep(
    BillingStore store, PaymentMethods methods, NoticeBook notices, AttemptBook attempts, RefundBook refunds,
    TimeProvider time, ILogger<PaymentSweep> logger)
{
    /// <summary>Of each kind in one sweep.</summary>
    const int RoundMax = 50;

    /// <summary>For each kind: a method that does not answer holds nothing else up for long.</summary>
    static readonly TimeSpan RoundTime = TimeSpan.FromSeconds(30);

    /// <summary>Past the life of a place to pay its end should have been told. Nor does a fee come later.</summary>
    static readonly TimeSpan AttemptAge = TimeSpan.FromHours(23.5);

    /// <summary>Notices come within seconds; asking sooner would only be a race with them.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <returns>How many were asked about.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation = default)
    {
        var now = time.GetUtcNow();
        var recentMs = (now - Patience).ToUnixTimeMilliseconds();
        var oldMs = (now - AttemptAge).ToUnixTimeMilliseconds();
        await using var db = store.Context();
        var count = await RoundAsync(
            db, db.Refunds.Where(row => row.State == RefundState.Pending && row.CreatedAtMs < recentMs),
            row => PaymentIds.Refund(row.Id),
            row => refunds.AskAsync(new(row.AccountId), row.Id, cancellation), cancellation);
        count += await RoundAsync(
            db,
            db.Payments.Where(row => row.Method == StripeCard.MethodName && row.FeeMinor == null
                && row.RecordedAtMs < recentMs && row.RecordedAtMs > oldMs),
            row => PaymentIds.Payment(row.Id),
            row => FetchAsync(row.Method, row.ExternalId, cancellation), cancellation);
        count += await RoundAsync(
            db,
            db.PaymentAttempts.Where(row => row.State == AttemptState.Open && row.Method == StripeCard.MethodName
                && row.CreatedAtMs < oldMs),
            row => row.IdempotencyKey, row => FetchAsync(row.Method, row.ExternalId!, cancellation), cancellation);
        var names = methods.Names;
        return count + await RoundAsync(
            db,
            db.PaymentAttempts.Where(row => row.State == AttemptState.Open && names.Contains(row.Method)
                && db.Invoices.Any(invoice => invoice.Id == row.InvoiceId
                    && (invoice.State == InvoiceState.Void || invoice.State == InvoiceState.Paid))),
            row => row.IdempotencyKey, row => attempts.CloseAsync(row, cancellation), cancellation);
    }

    async Task<int> RoundAsync<T>(
        BillingDb db, IQueryable<T> waiting, Func<T, string> subject, Func<T, Task> ask,
        CancellationToken cancellation)
        where T : SweptRow
    {
        var rows = await waiting.AsNoTracking().OrderBy(row => row.TriedAtMs).ThenBy(row => row.Id).Take(RoundMax)
            .ToListAsync(cancellation);
        var started = time.GetTimestamp();
        var count = 0;
        foreach (var row in rows)
        {
            if (time.GetElapsedTime(started) > RoundTime) break;
            count++;
            await db.Set<T>().Where(same => same.Id == row.Id).ExecuteUpdateAsync(
                set => set.SetProperty(same => same.TriedAtMs, time.GetUtcNow().ToUnixTimeMilliseconds()),
                cancellation);
            await TryAsync(subject(row), () => ask(row));
        }

        return count;
    }

    async Task FetchAsync(string method, string externalId, CancellationToken cancellation) =>
        await notices.ApplyAsync(
            method, await methods.Get(method).FetchAsync(externalId, cancellation), cancellation);

    async Task TryAsync(string subject, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever is wrong with one must not hide those behind it; it is logged, and comes again.
            logger.PaymentLeft(subject, e.Message);
        }
    }
}
