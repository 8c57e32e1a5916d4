namespace Received.Billing.Payments.Wire;

/// <summary>
/// Transfers from bank to bank. The customer pays by stating the invoice's reference; a person who sees the money in
/// the bank account records it (<see cref="PaymentBook.RecordAsync"/>), and makes the transfers of refunds.
/// </summary>
public sealed class WireTransfer(TimeProvider time) : IPaymentMethod
{
    public const string MethodName = "wire";

    public string Name => MethodName;

    public Task<PaymentStart> StartAsync(PaymentRequest request, CancellationToken cancellation = default)
    {
        var reference = RfReference.OfInvoice(request.Target.InvoiceId);
        return Task.FromResult(
            new PaymentStart(StartOutcome.Ready, RfReference.Grouped(reference), reference, null, null));
    }

    /// <summary>Nobody can be kept from making a transfer; what comes is recorded.</summary>
    public Task<bool> CloseAsync(string externalId, CancellationToken cancellation = default) => Task.FromResult(true);

    /// <summary>Banks send none: whatever comes is nobody's.</summary>
    public NoticeReading ReadNotice(ReadOnlyMemory<byte> rawBody, string? signature) =>
        NoticeReading.Refused(NoticeCheck.Forged);

    /// <summary>The person who asks for it makes the transfer.</summary>
    public Task<RefundAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation = default) =>
        Task.FromResult(new RefundAnswer(RefundState.Succeeded, request.IdempotencyKey, null));

    public Task<PaymentNotice> FetchAsync(string externalId, CancellationToken cancellation = default) =>
        Task.FromResult(new PaymentNotice("", "fetched", time.GetUtcNow(), Ignored: "nobody can be asked of it"));
}
