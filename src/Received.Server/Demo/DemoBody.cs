using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Received.Model;

namespace Received.Server.Demo;

/// <summary>Writes planned events as the JSON that a product would send.</summary>
sealed class DemoBody(DemoPlan plan)
{
    static readonly JsonWriterOptions Options = new() { SkipValidation = true };

    readonly ArrayBufferWriter<byte> _buffer = new(512 * 1024);

    public ReadOnlyMemory<byte> Single(in DemoEvent planned)
    {
        _buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_buffer, Options);
        Write(json, planned, withKey: true);
        json.Flush();
        return _buffer.WrittenMemory;
    }

    public ReadOnlyMemory<byte> Array(IReadOnlyList<DemoEvent> events, bool withKeys)
    {
        _buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_buffer, Options);
        json.WriteStartArray();
        foreach (var planned in events) Write(json, planned, withKeys);
        json.WriteEndArray();
        json.Flush();
        return _buffer.WrittenMemory;
    }

    public ReadOnlyMemory<byte> Lines(IReadOnlyList<DemoEvent> events, bool withKeys)
    {
        _buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_buffer, Options);
        foreach (var planned in events)
        {
            Write(json, planned, withKeys);
            json.Flush();
            json.Reset();
            _buffer.Write("\n"u8);
        }

        return _buffer.WrittenMemory;
    }

    void Write(Utf8JsonWriter json, in DemoEvent planned, bool withKey)
    {
        var refusal = planned.Kind == DemoKind.Refused ? (int)(planned.Serial % 5) : -1;
        json.WriteStartObject();
        json.WriteString("timestamp", Timestamp(planned.TimestampMs, tooOld: refusal == 0));
        json.WriteString("customer_ref", refusal == 1 ? new string('c', 200) : plan.CustomerRef(planned.Customer));
        json.WriteString("customer_name", DemoPlan.CustomerName(planned.Customer));
        json.WriteString("usage_product_ref", DemoPlan.ProductRef(planned.Product));
        json.WriteString("usage_product_name", DemoPlan.ProductName(planned.Product));
        json.WritePropertyName("quantity");
        var quantity = new Quantity(planned.QuantityScaled).ToString();
        json.WriteRawValue(refusal switch
        {
            2 => "-" + quantity,
            3 => "0.1234567890123",
            4 => "\"a dozen\"",
            _ => quantity,
        });
        if (withKey) json.WriteString("idempotency_key", "demo-" + DemoPlan.SerialText(planned.Original));
        json.WriteStartObject("additional_report_data");
        json.WriteString("serial", DemoPlan.SerialText(planned.Serial));
        json.WriteString("region", (planned.Serial % 3) switch { 0 => "eu-central", 1 => "us-east", _ => "ap-south" });
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static string Timestamp(long unixMs, bool tooOld) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs)
        .AddYears(tooOld ? -2 : 0)
        .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
