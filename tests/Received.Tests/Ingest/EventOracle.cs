using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Received.Ingest.Validation;
using Received.Model;

namespace Received.Tests.Ingest;

/// <summary>What the API's documentation says an event is, written plainly on System.Text.Json.</summary>
static partial class EventOracle
{
    static readonly string[] Known =
    [
        "timestamp", "customer_ref", "customer_name", "usage_product_ref", "usage_product_name", "quantity",
        "additional_report_data", "validations", "idempotency_key",
    ];

    public static string Read(byte[] text)
    {
        if (text.AsSpan().StartsWith("\uFEFF"u8)) text = text[3..];
        if (!Utf8.IsValid(text)) return "refused";
        try
        {
            using var document = JsonDocument.Parse(text, new() { MaxDepth = Limits.EventDepthMax });
            return Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            return "refused";
        }
    }

    static string Read(JsonElement root)
    {
        var fields = Fields(root);
        if (fields.ContainsKey("event_ref")) throw new FormatException();
        foreach (var (name, value) in fields.Where(f => !Known.Contains(f.Key))) CheckStrings(value);
        var data = Optional(fields, "additional_report_data");
        if (data is { ValueKind: not JsonValueKind.Object }) throw new FormatException();
        if (data is { } given) CheckStrings(given);
        var validations = Optional(fields, "validations") is { } v ? Fields(v) : [];
        foreach (var value in validations.Values) CheckStrings(value);
        var currency = Text(validations, "currency", 3, false);
        if (currency != "" && !currency.All(char.IsAsciiLetterUpper)) throw new FormatException();
        if (currency.Length is not (0 or 3)) throw new FormatException();
        var raw = data?.GetRawText() ?? "";
        if (Encoding.UTF8.GetByteCount(raw) > Limits.DataBytesMax) throw new FormatException();
        return Describe(
            Timestamp(Text(fields, "timestamp", 64, true)),
            Text(fields, "customer_ref", 128, true), Text(fields, "customer_name", 256, false, true),
            Text(fields, "usage_product_ref", 128, true), Text(fields, "usage_product_name", 256, false, true),
            Number(fields), raw, currency, Text(validations, "entity_ref", 128, false),
            Text(fields, "idempotency_key", 255, false));
    }

    public static string Describe(
        long timestampMs, string customer, string customerName, string product, string productName, string quantity,
        string data, string currency, string entity, string key) =>
        string.Join(
            "|", timestampMs, customer, customerName, product, productName, quantity, data, currency, entity, key);

    static Dictionary<string, JsonElement> Fields(JsonElement element)
    {
        var fields = new Dictionary<string, JsonElement>();
        foreach (var property in element.EnumerateObject())
            if (!fields.TryAdd(property.Name, property.Value)) throw new FormatException();
        return fields;
    }

    static JsonElement? Optional(Dictionary<string, JsonElement> fields, string name) =>
        fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    static string Text(
        Dictionary<string, JsonElement> fields, string name, int bytesMax, bool required, bool mayBeEmpty = false)
    {
        if (Optional(fields, name) is not { } value) return required ? throw new FormatException() : "";
        var text = value.GetString()!;
        if (text.Contains('\0') || Encoding.UTF8.GetByteCount(text) > bytesMax || (text == "" && !mayBeEmpty))
            throw new FormatException();
        return text;
    }

    static string Number(Dictionary<string, JsonElement> fields)
    {
        var value = Optional(fields, "quantity") ?? throw new FormatException();
        var text = value.ValueKind == JsonValueKind.Number ? value.GetRawText() : value.GetString()!;
        if (text.Length > Limits.QuantityBytesMax) throw new FormatException();
        return Quantity.TryParse(Encoding.UTF8.GetBytes(text), out var quantity) == QuantityError.None
            ? quantity.ToString()
            : throw new FormatException();
    }

    static long Timestamp(string text)
    {
        var match = Rfc3339Text().Match(text);
        if (!match.Success) throw new FormatException();
        var local = DateTime.ParseExact(
            match.Groups[1].Value + "T" + match.Groups[2].Value, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        var ms = int.Parse((match.Groups[3].Value + "000")[..3], CultureInfo.InvariantCulture);
        var offset = 0;
        if (match.Groups[5].Success)
        {
            var (hour, minute) = (Digits(match.Groups[5]), Digits(match.Groups[6]));
            if (hour > 23 || minute > 59) throw new FormatException();
            offset = ((hour * 60) + minute) * (match.Groups[4].Value == "-" ? -1 : 1);
        }

        return ((local.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond) + ms - (offset * 60_000L);
    }

    static int Digits(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
        + @"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))\z")]
    private static partial Regex Rfc3339Text();

    /// <summary>Half a surrogate pair anywhere makes GetString throw.</summary>
    static void CheckStrings(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String) _ = element.GetString();
        if (element.ValueKind == JsonValueKind.Array)
            foreach (var item in element.EnumerateArray()) CheckStrings(item);
        if (element.ValueKind != JsonValueKind.Object) return;
        foreach (var property in element.EnumerateObject())
        {
            _ = property.Name;
            CheckStrings(property.Value);
        }
    }
}
