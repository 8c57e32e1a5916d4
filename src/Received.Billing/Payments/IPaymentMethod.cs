namespace Received.Billing.Payments;

/// <summary>
/// A way in which money arrives. Goal: the book of payments treats all alike. Invariants: what was asked of the other
/// side carries a key made from our own stored ids, so asking again is safe; a decline is a value and final; an
/// outcome that nobody knows is a <see cref="PaymentOutcomeUnknownException"/>, and the same request may be made again.
/// Non-goal: to decide what a payment pays.
/// </summary>
public interface IPaymentMethod
{
    /// <summary>As stored with each payment, such as "card": never changed once used.</summary>
    string Name { get; }

    /// <summary>Where the customer pays this request.</summary>
    /// <exception cref="PaymentOutcomeUnknownException">Ask again with the same request.</exception>
    Task<PaymentStart> StartAsync(PaymentRequest request, CancellationToken cancellation = default);

    /// <summary>Ends a place to pay that <see cref="StartAsync"/> gave; ended before is as good.</summary>
    /// <param name="externalId">What it gave as its.</param>
    /// <returns>False where it has been paid: its notice, or a fetch, tells more.</returns>
    /// <exception cref="PaymentOutcomeUnknownException">Ask again.</exception>
    Task<bool> CloseAsync(string externalId, CancellationToken cancellation = default);

    /// <summary>Checks that a notice is genuine and says what it reports. Changes nothing, asks nobody.</summary>
    /// <param name="rawBody">As received: signatures are over bytes.</param>
    /// <param name="signature">The header that vouches for the body; null where none came.</param>
    NoticeReading ReadNotice(ReadOnlyMemory<byte> rawBody, string? signature);

    /// <summary>Gives money back.</summary>
    /// <exception cref="PaymentOutcomeUnknownException">Ask again with the same request.</exception>
    Task<RefundAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation = default);

    /// <summary>What the other side knows now, for when notices were lost or came without the fee.</summary>
    /// <param name="externalId">Of a payment, or what <see cref="StartAsync"/> gave as its.</param>
    /// <exception cref="PaymentOutcomeUnknownException">The other side does not answer.</exception>
    Task<PaymentNotice> FetchAsync(string externalId, CancellationToken cancellation = default);
}

/// <summary>
/// Whether the other side did what it was asked is not known: it did not answer, or answered that it failed. The
/// request is safe to make again, and only the same one is.
/// </summary>
public sealed class PaymentOutcomeUnknownException(string message, Exception? inner = null) : Exception(message, inner);
