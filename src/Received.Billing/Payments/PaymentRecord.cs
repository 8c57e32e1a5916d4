using Received.Model;

namespace Received.Billing.Payments;

/// <summary>A transfer that a person has seen in the bank account.</summary>
/// <param name="ExternalId">The bank's reference of the transfer: the same one again is the same payment. Null: there
/// is none, and every record is a payment of its own.</param>
/// <param name="Reference">What the payer wrote; references of invoices in it are found.</param>
/// <param name="EntityRef">Whose bank account; needed only where neither invoices nor a single entity tell.</param>
/// <param name="Invoices">What it pays, in this order; empty: what the reference says.</param>
/// <param name="Rest">What becomes of what is left over.</param>
public sealed record TransferRecord(
    Money Amount, DateOnly ReceivedOn, string Reference, string? ExternalId = null, string? CustomerRef = null,
    string? EntityRef = null, IReadOnlyList<long>? Invoices = null, RestRule Rest = RestRule.OldestFirst)
{
    public const int ReferenceLengthMax = 1_000;
    public const int ExternalIdLengthMax = 128;

    /// <summary>A person lists them; a transfer for more is split.</summary>
    public const int InvoicesMax = 100;
}

/// <summary>What becomes of money that no invoice is named for, where the customer is known.</summary>
public enum RestRule
{
    /// <summary>Only where nothing was named: the customer's open invoices, by due date. The rest is credit.</summary>
    OldestFirst,

    /// <summary>All of it is the customer's credit.</summary>
    Credit,
}

/// <param name="IsNew">False where it had been recorded before: then nothing was changed.</param>
public sealed record RecordedPayment(long PaymentId, bool IsNew);

/// <param name="AmountMinor">Null: as much as is free and open.</param>
public sealed record AllocationPart(long InvoiceId, long? AmountMinor);
