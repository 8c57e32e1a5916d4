using Received.Model;

namespace Received.Billing.Payments;

/// <summary>What a notice came to.</summary>
/// <param name="Notice">Null unless <see cref="NoticeCheck.Genuine"/>.</param>
public sealed record NoticeReading(NoticeCheck Check, PaymentNotice? Notice)
{
    public static NoticeReading Refused(NoticeCheck check) => new(check, null);
}

public enum NoticeCheck
{
    Genuine,

    /// <summary>No signature of ours is on these bytes.</summary>
    Forged,

    /// <summary>Signed, but longer ago (or ahead) than is taken: it could be a replay.</summary>
    TooOld,

    /// <summary>Signed, but no notice that can be read.</summary>
    Malformed,
}

/// <summary>
/// What the other side reports. Facts, not orders: any of them may be told again, in any order, by several notices.
/// </summary>
/// <param name="Id">The other side's id of the notice; empty for what was fetched.</param>
/// <param name="Type">In the other side's words.</param>
/// <param name="Arrived">Money that came in.</param>
/// <param name="Ended">An attempt that came to nothing, or waits.</param>
/// <param name="Fee">What the other side kept of a payment.</param>
/// <param name="Refund">Money that went back.</param>
/// <param name="Ignored">Why it is none of our business; null where it is.</param>
public sealed record PaymentNotice(
    string Id, string Type, DateTimeOffset CreatedAt, ArrivedFact? Arrived = null, AttemptFact? Ended = null,
    FeeFact? Fee = null, RefundFact? Refund = null, string? Ignored = null);

/// <param name="ExternalId">The other side's id of the payment: the same in every notice about it.</param>
/// <param name="Target">What it says it is for; null where it names nothing of ours.</param>
public sealed record ArrivedFact(string ExternalId, Money Amount, DateTimeOffset At, PaymentTarget? Target);

/// <param name="ExternalId">Of the attempt or the payment.</param>
/// <param name="State">Expired, or still open: the customer may try another card, or it takes days.</param>
/// <param name="Reason">In the other side's words, such as "insufficient_funds".</param>
public sealed record AttemptFact(string ExternalId, PaymentTarget? Target, AttemptState State, string Reason);

/// <param name="PaymentExternalId">Of the payment it was kept from.</param>
/// <param name="Fee">In the currency that the other side settles in.</param>
public sealed record FeeFact(string PaymentExternalId, Money Fee);

/// <param name="ExternalId">The other side's id of the refund.</param>
/// <param name="RefundId">Ours, where we asked for it; null where it was made at the other side.</param>
/// <param name="Account">That asked for it; null where it was made at the other side.</param>
public sealed record RefundFact(
    string ExternalId, string PaymentExternalId, Money Amount, RefundState State, string? Reason, AccountId? Account,
    long? RefundId);
