using Received.Billing.Ledger;

namespace Received.Billing.Store;

/// <summary>Postings that sum to zero (law 10). Never changed.</summary>
sealed class EntryRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required long EntityId { get; set; }

    public required string Currency { get; set; }

    /// <summary>Accounting month: year * 12 + month - 1.</summary>
    public required int Period { get; set; }

    /// <summary>Days since 1970-01-01, within that month.</summary>
    public required int Day { get; set; }

    public required EntryKind Kind { get; set; }

    /// <summary>What it books, once: "invoice:17", "recognised:cycle:4:24311:1".</summary>
    public required string Source { get; set; }

    /// <summary>The closed month that it belongs to and can no longer be in; null otherwise.</summary>
    public int? LateOfPeriod { get; set; }

    public required long CreatedAtMs { get; set; }

    public List<PostingRow> Postings { get; init; } = [];
}

sealed class PostingRow
{
    public long EntryId { get; set; }

    /// <summary>From 1 within the entry.</summary>
    public required int Number { get; set; }

    public required LedgerAccount LedgerAccount { get; set; }

    /// <summary>Debits above zero, credits below it.</summary>
    public required long AmountMinor { get; set; }

    public long? CustomerId { get; set; }

    public long? InvoiceId { get; set; }

    public long? PaymentId { get; set; }

    public long? CycleId { get; set; }

    public string? ProductRef { get; set; }
}

/// <summary>Closed for good.</summary>
sealed class ClosedPeriodRow
{
    public required long EntityId { get; set; }

    public required int Period { get; set; }

    public required long ClosedAtMs { get; set; }

    /// <summary>JSON: which position of each partition its usage was read at.</summary>
    public required string Positions { get; set; }

    public required string Actor { get; set; }
}
