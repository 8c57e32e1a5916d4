using System.Text.Json;
using System.Text.Json.Serialization;

namespace Received.Bench.Scan;

/// <summary>The event as an ordinary service would declare it, bound by System.Text.Json's source generator.</summary>
sealed class JsonEvent
{
    [JsonPropertyName("timestamp")] public DateTimeOffset Timestamp { get; set; }
    [JsonPropertyName("customer_ref")] public string CustomerRef { get; set; } = "";
    [JsonPropertyName("customer_name")] public string? CustomerName { get; set; }
    [JsonPropertyName("usage_product_ref")] public string ProductRef { get; set; } = "";
    [JsonPropertyName("usage_product_name")] public string? ProductName { get; set; }
    [JsonPropertyName("quantity")] public decimal Quantity { get; set; }
    [JsonPropertyName("additional_report_data")] public JsonElement Data { get; set; }
    [JsonPropertyName("validations")] public JsonValidations? Validations { get; set; }
    [JsonPropertyName("idempotency_key")] public string? Key { get; set; }
}

sealed class JsonValidations
{
    [JsonPropertyName("currency")] public string? Currency { get; set; }
    [JsonPropertyName("entity_ref")] public string? EntityRef { get; set; }
}

[JsonSerializable(typeof(List<JsonEvent>))]
sealed partial class JsonEvents : JsonSerializerContext;
