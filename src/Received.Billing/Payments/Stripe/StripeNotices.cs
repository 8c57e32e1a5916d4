using System.Globalization;
using Received.Model;
using Stripe;
using Stripe.Checkout;

namespace Received.Billing.Payments.Stripe;

/// <summary>
/// Stripe's objects as facts. Session and payment intent tell of the same money, so both give the intent's id. What an
/// event does not carry (the fee) is left to a fetch.
/// </summary>
static class StripeNotices
{
    const string AccountKey = "received_account";
    const string InvoiceKey = "received_invoice";
    const string AttemptKey = "received_attempt";
    const string RefundKey = "received_refund";

    public static Dictionary<string, string> Metadata(PaymentTarget target) => new()
    {
        [AccountKey] = target.Account.ToString(),
        [InvoiceKey] = Text(target.InvoiceId),
        [AttemptKey] = Text(target.Attempt),
    };

    public static Dictionary<string, string> Metadata(RefundRequest refund) => new()
    {
        [AccountKey] = refund.Account.ToString(),
        [RefundKey] = Text(refund.RefundId),
    };

    /// <summary>Whether it is what this request asked for, at whatever time.</summary>
    public static bool IsOf(Refund refund, RefundRequest request) =>
        Number(refund.Metadata, AccountKey) == request.Account.Value
        && Number(refund.Metadata, RefundKey) == request.RefundId;

    /// <param name="isLive">Whether our key is one for real money: events of the other mode are none of ours.</param>
    public static PaymentNotice Read(Event told, bool isLive)
    {
        var notice = new PaymentNotice(told.Id, told.Type, Instant(told.Created));
        if (!string.IsNullOrEmpty(told.Account)) return notice with { Ignored = "of another Stripe account" };
        if (told.Livemode != isLive) return notice with { Ignored = "of the other mode (live or test)" };
        return (told.Type, told.Data?.Object) switch
        {
            (EventTypes.CheckoutSessionCompleted or EventTypes.CheckoutSessionAsyncPaymentSucceeded, Session session) =>
                Completed(notice, session),
            (EventTypes.CheckoutSessionAsyncPaymentFailed, Session session) =>
                notice with { Ended = Ended(session, AttemptState.Expired, "async_payment_failed") },
            (EventTypes.CheckoutSessionExpired, Session session) =>
                notice with { Ended = Ended(session, AttemptState.Expired, "expired") },
            (EventTypes.PaymentIntentSucceeded, PaymentIntent intent) => Succeeded(notice, intent),
            (EventTypes.PaymentIntentProcessing, PaymentIntent intent) =>
                notice with { Ended = Ended(intent, AttemptState.Open, "processing") },
            (EventTypes.PaymentIntentPaymentFailed, PaymentIntent intent) =>
                notice with { Ended = Ended(intent, AttemptState.Open, DeclineOf(intent)) },
            (EventTypes.RefundCreated or EventTypes.RefundUpdated or EventTypes.RefundFailed, Refund refund) =>
                Refunded(notice, refund),
            _ => notice with { Ignored = "nothing is done on this event" },
        };
    }

    public static PaymentNotice Read(Session session, DateTimeOffset now)
    {
        var notice = new PaymentNotice("", "fetched", now);
        return session.Status switch
        {
            "complete" when session.PaymentIntent is { } intent && session.PaymentStatus == "paid" =>
                Read(intent, now),
            "complete" => Completed(notice, session),
            "expired" => notice with { Ended = Ended(session, AttemptState.Expired, "expired") },
            _ => notice with { Ended = Ended(session, AttemptState.Open, session.Status) },
        };
    }

    public static PaymentNotice Read(PaymentIntent intent, DateTimeOffset now)
    {
        var notice = new PaymentNotice("", "fetched", now);
        if (intent.Status != "succeeded")
            return notice with { Ended = Ended(intent, AttemptState.Open, intent.Status) };
        var fee = intent.LatestCharge?.BalanceTransaction is { } booked
            && StripeAmounts.FromStripe(booked.Fee, booked.Currency) is { } kept
            ? new FeeFact(intent.Id, kept)
            : null;
        return Succeeded(notice, intent) with { Fee = fee };
    }

    public static PaymentNotice Read(Refund refund, DateTimeOffset now) =>
        Refunded(new("", "fetched", now), refund);

    public static RefundState StateOf(Refund refund) => refund.Status switch
    {
        "succeeded" => RefundState.Succeeded,
        "failed" or "canceled" => RefundState.Failed,
        _ => RefundState.Pending,
    };

    static PaymentNotice Completed(PaymentNotice notice, Session session)
    {
        if (session.PaymentStatus != "paid")
            return notice with { Ended = Ended(session, AttemptState.Open, "unpaid") };
        return Arrived(
            notice, session.PaymentIntentId ?? session.Id, session.AmountTotal ?? 0, session.Currency,
            TargetOf(session.Metadata));
    }

    static PaymentNotice Succeeded(PaymentNotice notice, PaymentIntent intent) => Arrived(
        notice, intent.Id, intent.AmountReceived, intent.Currency, TargetOf(intent.Metadata));

    static PaymentNotice Arrived(
        PaymentNotice notice, string externalId, long amount, string? currency, PaymentTarget? target) =>
        StripeAmounts.FromStripe(amount, currency) is { Minor: > 0 } money
            ? notice with { Arrived = new(externalId, money, notice.CreatedAt, target) }
            : notice with { Ignored = $"{amount} {currency} is no amount that can be booked" };

    static PaymentNotice Refunded(PaymentNotice notice, Refund refund)
    {
        if (refund.PaymentIntentId is not { } payment)
            return notice with { Ignored = "a refund of no payment intent" };
        if (StripeAmounts.FromStripe(refund.Amount, refund.Currency) is not { Minor: > 0 } amount)
            return notice with { Ignored = $"{refund.Amount} {refund.Currency} is no amount that can be booked" };
        var account = Number(refund.Metadata, AccountKey) is { } id and <= uint.MaxValue
            ? new AccountId((uint)id)
            : (AccountId?)null;
        return notice with
        {
            Refund = new(
                refund.Id, payment, amount, StateOf(refund), refund.FailureReason ?? refund.PendingReason, account,
                Number(refund.Metadata, RefundKey)),
        };
    }

    static AttemptFact Ended(Session session, AttemptState state, string reason) =>
        new(session.Id, TargetOf(session.Metadata), state, reason);

    static AttemptFact Ended(PaymentIntent intent, AttemptState state, string reason) =>
        new(intent.Id, TargetOf(intent.Metadata), state, reason);

    static string DeclineOf(PaymentIntent intent) =>
        intent.LastPaymentError is { } error ? error.DeclineCode ?? error.Code ?? "declined" : "declined";

    static PaymentTarget? TargetOf(Dictionary<string, string>? metadata) =>
        (Number(metadata, AccountKey), Number(metadata, InvoiceKey), Number(metadata, AttemptKey)) is
            ({ } account and <= uint.MaxValue, { } invoice, { } attempt and <= int.MaxValue)
            ? new(new AccountId((uint)account), invoice, (int)attempt)
            : null;

    static long? Number(Dictionary<string, string>? metadata, string key) =>
        metadata is not null && metadata.TryGetValue(key, out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    static DateTimeOffset Instant(DateTime utc) => new(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
}
