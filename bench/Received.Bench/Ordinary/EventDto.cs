using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Received.Model;

namespace Received.Bench.Ordinary;

/// <summary>An event as an ordinary program would have it.</summary>
sealed record EventDto(
    DateTimeOffset Timestamp, string CustomerRef, string? CustomerName, string UsageProductRef,
    string? UsageProductName, decimal Quantity, JsonElement? AdditionalReportData, AssertionDto? Validations,
    string? IdempotencyKey)
{
    public void AddTo(EventColumns columns)
    {
        var assertion = Validations is { } claimed
            ? columns.Assertions.Intern(default, Utf8(claimed.EntityRef), Utf8(claimed.Currency))
            : 0;
        Model.Quantity.TryParse(Utf8(Quantity.ToString()), out var quantity);
        columns.Add(
            columns.Customers.Intern(new(1), Utf8(CustomerRef), Utf8(CustomerName)),
            columns.Products.Intern(new(1), Utf8(UsageProductRef), Utf8(UsageProductName)), assertion,
            Timestamp.ToUnixTimeMilliseconds(), Timestamp.ToUnixTimeMilliseconds(), quantity.Scaled,
            IdempotencyKey is null ? [] : [KeyKind.Own, .. Utf8(IdempotencyKey)],
            Utf8(AdditionalReportData?.GetRawText()));
    }

    static byte[] Utf8(string? text) => Encoding.UTF8.GetBytes(text ?? "");
}

sealed record AssertionDto(string? Currency, string? EntityRef);

/// <summary>How many events were taken.</summary>
sealed record TakenDto(int Accepted);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(List<EventDto>))]
[JsonSerializable(typeof(TakenDto))]
sealed partial class EventJson : JsonSerializerContext;
