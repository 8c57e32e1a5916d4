using Received.Billing.Contracts;
using Received.Billing.Invoices;

namespace Received.Billing.Store;

/// <summary>A half-open billing period of a contract line, made ahead of time (law 9).</summary>
sealed class CycleRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required long ContractId { get; set; }

    public required string LineRef { get; set; }

    /// <summary>From 0, without gaps within the line.</summary>
    public required int Number { get; set; }

    public required long StartMs { get; set; }

    /// <summary>Exclusive.</summary>
    public required long EndMs { get; set; }

    /// <summary>Of the whole cycle that this one is a part of, where the line's life cuts it.</summary>
    public required long FullStartMs { get; set; }

    public required long FullEndMs { get; set; }

    public required long IssueAtMs { get; set; }

    public required CycleState State { get; set; }

    /// <summary>Charges made so far.</summary>
    public required int Revision { get; set; }
}

/// <summary>Gapless: raised in the transaction that issues the document.</summary>
sealed class SeriesCounterRow
{
    public required long EntityId { get; set; }

    public required string Series { get; set; }

    public required long Last { get; set; }
}

sealed class InvoiceRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required long EntityId { get; set; }

    public required long CustomerId { get; set; }

    public required long ContractId { get; set; }

    public required InvoiceState State { get; set; }

    public required string Series { get; set; }

    /// <summary>Null until it is issued.</summary>
    public long? Number { get; set; }

    public required string Currency { get; set; }

    public required int IssueDay { get; set; }

    public required int DueDay { get; set; }

    public required long CreatedAtMs { get; set; }

    public long? IssuedAtMs { get; set; }

    public required long NetMinor { get; set; }

    public required long TaxMinor { get; set; }

    public required long TotalMinor { get; set; }

    /// <summary>Allocated payments.</summary>
    public required long PaidMinor { get; set; }

    /// <summary>The canonical form (law 5): all of it but number and time of issue, as JSON.</summary>
    public required string Document { get; set; }
}

/// <summary>A revision of a cycle's price (law 6). Never changed.</summary>
sealed class ChargeRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required long CycleId { get; set; }

    /// <summary>From 1.</summary>
    public required int Revision { get; set; }

    public required long InvoiceId { get; set; }

    /// <summary>Law 7: it counts events of the customer's partition before this frame.</summary>
    public required int Generation { get; set; }

    public required long NextOffset { get; set; }

    /// <summary>Of the whole cycle, as of that position.</summary>
    public required long EventCount { get; set; }

    /// <summary>Of the whole cycle, as of that position; scaled by 10^12.</summary>
    public required Int128 Quantity { get; set; }

    /// <summary>What this revision adds to those before it.</summary>
    public required long AmountMinor { get; set; }

    public required string Currency { get; set; }
}

/// <summary>What others are told of; written in the transaction of what happened.</summary>
sealed class OutboxRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    /// <summary>"invoice.issued", ...</summary>
    public required string Kind { get; set; }

    /// <summary>"inv_17".</summary>
    public required string Subject { get; set; }

    public required string Payload { get; set; }

    public required long CreatedAtMs { get; set; }
}

/// <summary>Who did what that costs money or changes books (law 12).</summary>
sealed class AuditLogRow
{
    public long Id { get; set; }

    public required uint AccountId { get; set; }

    public required long AtMs { get; set; }

    /// <summary>A key's id, "operator", or the job.</summary>
    public required string Actor { get; set; }

    public required string Action { get; set; }

    public required string Subject { get; set; }

    public required string Detail { get; set; }
}
