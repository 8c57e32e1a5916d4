using System.Text.Json.Serialization;

namespace Received.Server.Api.Billing;

/// <summary>A transfer that was seen in the bank account.</summary>
/// <param name="Method">wire; also the default.</param>
/// <param name="Amount">Decimal text, above zero.</param>
/// <param name="ReceivedOn">Civil date on the bank statement.</param>
/// <param name="Reference">What the payer wrote: references of invoices (RF...) in it are found.</param>
/// <param name="ExternalId">The bank's reference of the transfer: the same again is the same payment. Without it the
/// header Idempotency-Key stands for it; without both every request is a payment of its own.</param>
/// <param name="EntityRef">Whose bank account; needed where neither invoices nor a single entity tell.</param>
/// <param name="Invoices">What it pays, in this order, such as inv_17.</param>
/// <param name="Rest">Where no invoice is named but the customer is: oldest_first (default), or credit.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record RecordPaymentBody(
    string? Method, string? Amount, string? Currency, string? ReceivedOn, string? Reference, string? ExternalId,
    string? CustomerRef, string? EntityRef, IReadOnlyList<string>? Invoices, string? Rest);

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record AllocateBody(IReadOnlyList<AllocateItem>? Allocations);

/// <param name="Invoice">inv_17</param>
/// <param name="Amount">Decimal text; as much as is free and open by default.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record AllocateItem(string? Invoice, string? Amount);

/// <param name="Invoice">What the payment gave to it is taken back.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record ReleaseBody(string? Invoice);

/// <param name="Amount">Decimal text; all that is left by default.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record AmountBody(string? Amount);

/// <param name="Method">card (default) or wire.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record PayBody(string? Method);

/// <summary>A page of payments, newest first.</summary>
/// <param name="NextCursor">Absent on the last page.</param>
sealed record PaymentsPage(IReadOnlyList<PaymentAnswer> Items, string? NextCursor);

/// <summary>Money that arrived. Amount = free + refunded + the allocations, in its currency.</summary>
/// <param name="State">unapplied, credit, allocated or refunded.</param>
/// <param name="CustomerRef">Absent while nobody knows whose it is.</param>
/// <param name="Free">Not allocated and not given back.</param>
/// <param name="Fee">What the method kept; absent while that is not known.</param>
sealed record PaymentAnswer(
    string Id, string Method, string ExternalId, string State, string EntityRef, string? CustomerRef, string Currency,
    string Amount, string Free, string Refunded, string? Fee, string ReceivedOn, string RecordedAt, string Reference,
    IReadOnlyList<AllocationItem> Allocations, IReadOnlyList<RefundItem> Refunds);

sealed record AllocationItem(string Invoice, string Amount);

/// <param name="State">pending, succeeded or failed.</param>
/// <param name="Reason">Why it failed.</param>
sealed record RefundItem(string Id, string State, string Amount, string? ExternalId, string? Reason);

/// <summary>Where an invoice can be paid.</summary>
/// <param name="Where">The page for the customer's browser; of a transfer, the reference that it has to state.</param>
sealed record PlaceAnswer(string Invoice, string Method, string Where, string Amount, string Currency);

/// <param name="Applied">Decimal text; 0 where there is no credit.</param>
sealed record CreditAnswer(string Invoice, string Applied, string Currency);

/// <param name="Outcome">applied, unapplied, known, ignored or foreign: all of them are settled.</param>
sealed record NoticeAnswer(string Outcome);
