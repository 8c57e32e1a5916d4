using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Received.Billing.Payments.Stripe;
using Received.Billing.Store;

namespace Received.Billing.Payments;

/// <summary>
/// What nobody else comes back to: refunds whose outcome is not known, fees that were not there yet, attempts whose
/// notices were lost. A plain method; whoever calls it decides how often. One that fails is left to the next round.
/// </summary>
public sealed class PaymentSweep(
    BillingStore store, PaymentMethods methods, NoticeBook notices, RefundBook refunds, TimeProvider time,
    ILogger<PaymentSweep> logger)
{
    /// <summary>Of each kind in one round: a method that does not answer holds nothing else up for long.</summary>
    const int RoundMax = 50;

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
        var waiting = await db.Refunds.AsNoTracking()
            .Where(row => row.State == RefundState.Pending && row.CreatedAtMs < recentMs)
            .OrderBy(row => row.Id).Take(RoundMax).ToListAsync(cancellation);
        foreach (var refund in waiting)
            await TryAsync(
                PaymentIds.Refund(refund.Id),
                () => refunds.AskAsync(new(refund.AccountId), refund.Id, cancellation));
        var feeless = await db.Payments.AsNoTracking()
            .Where(row => row.Method == StripeCard.MethodName && row.FeeMinor == null && row.RecordedAtMs < recentMs
                && row.RecordedAtMs > oldMs)
            .OrderByDescending(row => row.Id).Take(RoundMax).ToListAsync(cancellation);
        foreach (var payment in feeless)
            await TryAsync(
                PaymentIds.Payment(payment.Id), () => FetchAsync(payment.Method, payment.ExternalId, cancellation));
        var lost = await db.PaymentAttempts.AsNoTracking()
            .Where(row => row.Method == StripeCard.MethodName && row.State == AttemptState.Open
                && row.CreatedAtMs < oldMs)
            .OrderBy(row => row.Id).Take(RoundMax).ToListAsync(cancellation);
        foreach (var attempt in lost)
            await TryAsync(
                attempt.IdempotencyKey, () => FetchAsync(attempt.Method, attempt.ExternalId!, cancellation));
        return waiting.Count + feeless.Count + lost.Count;
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
