using Received.Billing.Payments;

namespace Received.Billing.Store;

/// <summary>What the sweep comes back to until a method has told its end.</summary>
abstract class SweptRow
{
    public long Id { get; set; }

    /// <summary>When the sweep last took it up, or when it was made: those that have waited longest come
    /// first.</summary>
    public required long TriedAtMs { get; set; }
}

/// <summary>Money that arrived: counted once by (account, method, external id).</summary>
sealed class PaymentRow : SweptRow
{
    public required uint AccountId { get; set; }

    public required long EntityId { get; set; }

    /// <summary>Null while nobody knows whose it is.</summary>
    public long? CustomerId { get; set; }

    /// <summary>"card", "wire".</summary>
    public required string Method { get; set; }

    /// <summary>The method's own id of it: a payment intent, a bank's reference.</summary>
    public required string ExternalId { get; set; }

    public required string Currency { get; set; }

    public required long AmountMinor { get; set; }

    /// <summary>Neither allocated nor refunded: the customer's credit, or unapplied where there is no
    /// customer.</summary>
    public required long FreeMinor { get; set; }

    public required long RefundedMinor { get; set; }

    /// <summary>What the method kept; null while unknown.</summary>
    public long? FeeMinor { get; set; }

    public required int ReceivedDay { get; set; }

    public required long RecordedAtMs { get; set; }

    /// <summary>What the payer wrote.</summary>
    public required string Reference { get; set; }
}

/// <summary>Which invoice a payment pays; negative where that is taken back.</summary>
sealed class AllocationRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required long PaymentId { get; set; }

    public required long InvoiceId { get; set; }

    public required long AmountMinor { get; set; }

    public required long AtMs { get; set; }

    public required string Actor { get; set; }
}

sealed class PaymentAttemptRow : SweptRow
{
    public required uint AccountId { get; set; }

    public required long InvoiceId { get; set; }

    /// <summary>From 1 within the invoice.</summary>
    public required int Number { get; set; }

    public required string Method { get; set; }

    public required string IdempotencyKey { get; set; }

    /// <summary>The method's id of it: a checkout session.</summary>
    public string? ExternalId { get; set; }

    /// <summary>Where the customer pays.</summary>
    public string? Url { get; set; }

    public required string Currency { get; set; }

    public required long AmountMinor { get; set; }

    public required AttemptState State { get; set; }

    /// <summary>Of a decline.</summary>
    public string? Reason { get; set; }

    public required long CreatedAtMs { get; set; }
}

/// <summary>A notice of a payment method that was taken, by its id there.</summary>
sealed class NoticeRow
{
    public long Id { get; set; }

    public required string Method { get; set; }

    public required string ExternalId { get; set; }

    public required string Kind { get; set; }

    /// <summary>What it came to: "applied", "ignored", ...</summary>
    public required string Outcome { get; set; }

    public required long ReceivedAtMs { get; set; }
}

sealed class RefundRow : SweptRow
{
    public required uint AccountId { get; set; }

    public required long PaymentId { get; set; }

    public required string IdempotencyKey { get; set; }

    /// <summary>How often the key was made anew because the method may have forgotten it.</summary>
    public int Renewals { get; set; }

    /// <summary>Of the last one; 0 before the first.</summary>
    public long RenewedAtMs { get; set; }

    public string? ExternalId { get; set; }

    public required long AmountMinor { get; set; }

    public required RefundState State { get; set; }

    public string? Reason { get; set; }

    public required long CreatedAtMs { get; set; }

    public required string Actor { get; set; }
}
