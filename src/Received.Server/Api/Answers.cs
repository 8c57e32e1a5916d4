using System.Text.Json;
using System.Text.Json.Serialization;
using Received.Server.Api.Billing;

namespace Received.Server.Api;

/// <summary>A page of totals.</summary>
/// <param name="NextCursor">Absent on the last page.</param>
sealed record TotalsPage(IReadOnlyList<TotalItem> Items, string? NextCursor);

/// <summary>
/// A total over [start, end). Quantities are decimal texts: a JSON number would lose digits in most readers (law 8).
/// </summary>
sealed record TotalItem(
    string Start, string End, string CustomerRef, string? CustomerName, string UsageProductRef,
    string? UsageProductName, string? Currency, string? EntityRef, string Quantity, long Count,
    string Min, string Max, string Last);

/// <summary>A page of events.</summary>
/// <param name="NextCursor">Absent on the last page.</param>
sealed record EventsPage(IReadOnlyList<EventItem> Items, string? NextCursor);

/// <summary>An event as it was accepted, and what became of it.</summary>
/// <param name="Fate">counted, duplicate, conflict, voided, parked, or pending while rating has not reached it.</param>
/// <param name="Of">Of a duplicate: the reference of the event that counts.</param>
/// <param name="With">Of a conflict: the reference of the event that had the key first.</param>
/// <param name="Reason">Of a parked event: why.</param>
/// <param name="AdditionalReportData">As sent, byte for byte.</param>
/// <param name="Original">The event that <paramref name="Of"/> or <paramref name="With"/> names; only when one event
/// is asked for.</param>
sealed record EventItem(
    string EventRef, string Fate, string? Of, string? With, string? Reason, string Timestamp, string ReceivedAt,
    string CustomerRef, string? CustomerName, string UsageProductRef, string? UsageProductName, string Quantity,
    string? IdempotencyKey, RawJson? AdditionalReportData, AssertionItem? Validations, EventItem? Original);

/// <summary>What the event asserted about its contract.</summary>
sealed record AssertionItem(string? Currency, string? EntityRef);

/// <summary>JSON text that goes out as it came in; the front door has checked its grammar.</summary>
[JsonConverter(typeof(RawJsonConverter))]
sealed record RawJson(byte[] Utf8);

sealed class RawJsonConverter : JsonConverter<RawJson>
{
    public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return new(System.Text.Encoding.UTF8.GetBytes(document.RootElement.GetRawText()));
    }

    public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value.Utf8, skipInputValidation: true);
}

/// <summary>Law 3, per partition and in all.</summary>
/// <param name="Balanced">True, false, or absent where a broken frame header hides how many events it held.</param>
/// <param name="CaughtUp">All that was in the log when the audit was asked for is in its figures.</param>
sealed record AuditAnswer(
    IReadOnlyList<AuditItem> Partitions, AuditItem Total, bool? Balanced, bool CaughtUp);

/// <param name="Partition">Absent in the sum of all.</param>
/// <param name="Generation">Of the log.</param>
/// <param name="Offset">The equation holds for all frames before this one.</param>
/// <param name="Archived">Frames before this one are in the archive: their events can be browsed.</param>
/// <param name="Accepted">From frame headers; without those of <paramref name="UnknownFrames"/>.</param>
/// <param name="Parked">By reason.</param>
/// <param name="UnknownFrames">Frames whose header is broken: how many events they held is unknown.</param>
sealed record AuditItem(
    int? Partition, int? Generation, long? Offset, long? Archived, long Accepted, long Counted, long Duplicate,
    long Conflict, long Voided, IReadOnlyDictionary<string, long> Parked, long UnknownFrames, bool? Balanced);

/// <summary>What making the totals anew came to; the first differences, line by line of the canonical export.</summary>
sealed record RerateAnswer(
    bool Equal, long Lines, long Frames, long Events, IReadOnlyList<RerateDifference> Differences, double Seconds);

sealed record RerateDifference(long Line, string? Live, string? Anew);

/// <summary>How answers are written: snake_case, absent instead of null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    // Of two amounts one would be taken, and nobody would know which.
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(TotalsPage))]
[JsonSerializable(typeof(EventsPage))]
[JsonSerializable(typeof(EventItem))]
[JsonSerializable(typeof(AuditAnswer))]
[JsonSerializable(typeof(RerateAnswer))]
[JsonSerializable(typeof(VerifyAnswer))]
[JsonSerializable(typeof(ServerAnswer))]
[JsonSerializable(typeof(InvoicesPage))]
[JsonSerializable(typeof(InvoiceAnswer))]
[JsonSerializable(typeof(InvoicePreview))]
[JsonSerializable(typeof(InvoiceRunAnswer))]
[JsonSerializable(typeof(RecordPaymentBody))]
[JsonSerializable(typeof(AllocateBody))]
[JsonSerializable(typeof(ReleaseBody))]
[JsonSerializable(typeof(AmountBody))]
[JsonSerializable(typeof(PayBody))]
[JsonSerializable(typeof(PaymentsPage))]
[JsonSerializable(typeof(PaymentAnswer))]
[JsonSerializable(typeof(RefundItem))]
[JsonSerializable(typeof(PlaceAnswer))]
[JsonSerializable(typeof(CreditAnswer))]
[JsonSerializable(typeof(NoticeAnswer))]
sealed partial class ApiJson : JsonSerializerContext;
