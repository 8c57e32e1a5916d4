using System.Text.Json.Serialization;

namespace Received.Server.Api.Billing;

/// <summary>The books at a month's end. Amounts are decimal texts in their currency.</summary>
/// <param name="Month">Such as "2026-10".</param>
sealed record TrialBalanceAnswer(string Month, IReadOnlyList<TrialBalanceItem> Items);

/// <param name="Opening">Before the month; debits above zero, credits below it.</param>
/// <param name="Debit">Of the month.</param>
/// <param name="Credit">Of the month, above zero.</param>
/// <param name="Balance">At its end. All of an entity and currency sum to zero.</param>
sealed record TrialBalanceItem(
    string EntityRef, string Currency, string Account, string Opening, string Debit, string Credit, string Balance);

/// <summary>A page of a statement.</summary>
/// <param name="NextCursor">Absent on the last page.</param>
sealed record StatementAnswer(IReadOnlyList<StatementItem> Items, string? NextCursor);

/// <param name="LateOf">The closed month that it belongs to.</param>
/// <param name="Balance">After this line, of its entity and currency.</param>
sealed record StatementItem(
    string EntityRef, string Currency, string Date, string Month, string? LateOf, string Kind, string Source,
    string Account, string? CustomerRef, string? Invoice, string? Payment, string? ProductRef, string Amount,
    string Balance);

/// <summary>A page of entries.</summary>
/// <param name="NextCursor">Absent on the last page.</param>
sealed record EntriesAnswer(IReadOnlyList<EntryItem> Items, string? NextCursor);

/// <param name="Source">What it books; an account has one entry of it.</param>
/// <param name="LateOf">The closed month that it belongs to.</param>
sealed record EntryItem(
    string Id, string EntityRef, string Currency, string Date, string Month, string? LateOf, string Kind, string Source,
    string BookedAt, IReadOnlyList<PostingItem> Postings);

/// <param name="Amount">Debits above zero, credits below it.</param>
sealed record PostingItem(
    string Account, string Amount, string? CustomerRef, string? Invoice, string? Payment, string? ProductRef);

/// <summary>Revenue by month and product.</summary>
sealed record RevenueAnswer(IReadOnlyList<RevenueItem> Items);

/// <param name="Month">That it is booked in.</param>
/// <param name="LateOf">The closed month that it was earned in, where that is another one.</param>
sealed record RevenueItem(
    string Month, string? LateOf, string EntityRef, string ProductRef, string? ProductName, string Currency,
    string Amount);

/// <summary>What customers owe at the end of a day.</summary>
sealed record AgeingAnswer(string Date, IReadOnlyList<AgeingItem> Items);

/// <summary>Amounts by days past due. Credit and unapplied money is not netted.</summary>
/// <param name="CustomerRef">Absent for money of nobody known.</param>
/// <param name="Owed">The sum of the buckets.</param>
/// <param name="Credit">What the customer has paid too much.</param>
/// <param name="Unapplied">Money that nobody knows the payer of.</param>
sealed record AgeingItem(
    string EntityRef, string Currency, string? CustomerRef, string? CustomerName, string Current,
    [property: JsonPropertyName("days_1_30")] string Days30, [property: JsonPropertyName("days_31_60")] string Days60,
    [property: JsonPropertyName("days_61_90")] string Days90,
    [property: JsonPropertyName("days_91_120")] string Days120,
    [property: JsonPropertyName("days_over_120")] string Later, string Owed, string Credit, string Unapplied);

/// <summary>Whether the books agree with themselves, with invoices and with payments.</summary>
sealed record BookCheckAnswer(bool Right, IReadOnlyList<BookDifferenceItem> Differences);

/// <param name="Rule">entry_balance, receivable, customer_credit, unapplied or contract_balance.</param>
/// <param name="Subject">Entry, customer or cycle.</param>
sealed record BookDifferenceItem(
    string Rule, string EntityRef, string Currency, string? Subject, string Books, string Expected);

/// <summary>Which month to close.</summary>
/// <param name="Month">Such as "2026-10".</param>
sealed record CloseRequest(string? EntityRef, string? Month);

/// <summary>Closed months of all entities.</summary>
sealed record PeriodsAnswer(IReadOnlyList<ClosedMonthItem> Items);

/// <param name="Actor">The key's id, or "operator".</param>
/// <param name="Positions">Of the log, up to which the month's usage was read.</param>
sealed record ClosedMonthItem(
    string EntityRef, string Month, string ClosedAt, string Actor, IReadOnlyList<ClosedPositionItem> Positions);

/// <param name="Next">Frames of the partition before this one are in.</param>
sealed record ClosedPositionItem(int Partition, int Generation, long Next);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TrialBalanceAnswer))]
[JsonSerializable(typeof(StatementAnswer))]
[JsonSerializable(typeof(EntriesAnswer))]
[JsonSerializable(typeof(RevenueAnswer))]
[JsonSerializable(typeof(AgeingAnswer))]
[JsonSerializable(typeof(BookCheckAnswer))]
[JsonSerializable(typeof(CloseRequest))]
[JsonSerializable(typeof(ClosedMonthItem))]
[JsonSerializable(typeof(PeriodsAnswer))]
sealed partial class LedgerJson : JsonSerializerContext;
