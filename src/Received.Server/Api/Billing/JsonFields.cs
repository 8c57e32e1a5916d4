using System.Globalization;
using System.Text.Json;

namespace Received.Server.Api.Billing;

/// <summary>
/// The fields of a JSON object, read strictly: an unknown field, one that stands twice or one of another type is
/// refused by its pointer. Null is the same as absent. A number goes on as the text that was sent and never passes
/// through floating point (law 8).
/// </summary>
sealed class JsonFields
{
    readonly Dictionary<string, JsonElement> _values = [];

    JsonFields(string pointer) => Pointer = pointer;

    /// <summary>Of the object, RFC 6901.</summary>
    public string Pointer { get; }

    /// <exception cref="RefusedException">No object, or with other fields.</exception>
    public static JsonFields Of(JsonElement element, string pointer, params string[] names)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Refuse("not_an_object", pointer, "It must be a JSON object.");
        var fields = new JsonFields(pointer);
        var seen = new HashSet<string>();
        foreach (var property in element.EnumerateObject())
        {
            var name = NameOf(property, pointer);
            var at = $"{pointer}/{Escape(name)}";
            if (!names.Contains(name))
                throw Refuse("unknown_field", at, $"The field is not known here. Known: {string.Join(", ", names)}.");
            if (!seen.Add(name)) throw Refuse("duplicate_field", at, "The field stands here twice.");
            if (property.Value.ValueKind != JsonValueKind.Null) fields._values.Add(name, property.Value);
        }

        return fields;
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public string At(string name) => $"{Pointer}/{name}";

    public string Text(string name) => OptionalText(name) ?? throw Missing(name);

    public string? OptionalText(string name) =>
        _values.TryGetValue(name, out var value) ? TextOf(value, At(name)) : null;

    public IReadOnlyList<string> Texts(string name) => Items(name)
        .Select((item, at) => TextOf(item, $"{At(name)}/{at}")).ToList();

    /// <summary>A decimal, sent as a string or as a number, as the text that it was sent as.</summary>
    public string? OptionalDecimal(string name) => !_values.TryGetValue(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetRawText()
        : value.ValueKind == JsonValueKind.String ? TextOf(value, At(name))
        : throw Refuse("not_a_number", At(name), "It must be a number, or a string that holds one.");

    public string Decimal(string name) => OptionalDecimal(name) ?? throw Missing(name);

    public int? OptionalWhole(string name) => !_values.TryGetValue(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var whole) ? whole
        : throw Refuse("not_a_number", At(name), "It must be a whole number.");

    public int Whole(string name) => OptionalWhole(name) ?? throw Missing(name);

    public bool Flag(string name, bool otherwise) => !_values.TryGetValue(name, out var value) ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Refuse("not_a_flag", At(name), "It must be true or false.");

    /// <summary>A civil date, as in RFC 3339.</summary>
    public DateOnly? OptionalDate(string name) => OptionalText(name) is not { } text ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : throw Refuse("date_malformed", At(name), "It must be a date such as 2026-03-01.");

    public DateOnly Date(string name) => OptionalDate(name) ?? throw Missing(name);

    /// <summary>One of an enum's names in snake_case.</summary>
    public T Choice<T>(string name, T? otherwise = null)
        where T : struct, Enum
    {
        if (OptionalText(name) is not { } text) return otherwise ?? throw Missing(name);
        foreach (var value in Enum.GetValues<T>())
            if (text == NameOf(value)) return value;
        throw Refuse(
            "choice_unknown", At(name), $"It must be one of: {string.Join(", ", Enum.GetValues<T>().Select(NameOf))}.");
    }

    public static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    public JsonFields Object(string name, params string[] names) => _values.TryGetValue(name, out var value)
        ? Of(value, At(name), names)
        : throw Missing(name);

    public IReadOnlyList<JsonFields> Objects(string name, params string[] names) => Items(name)
        .Select((item, at) => Of(item, $"{At(name)}/{at}", names)).ToList();

    public RefusedException Invalid(string name, string detail) => Refuse("field_invalid", At(name), detail);

    IEnumerable<JsonElement> Items(string name)
    {
        if (!_values.TryGetValue(name, out var value)) throw Missing(name);
        return value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : throw Refuse("not_an_array", At(name), "It must be an array.");
    }

    RefusedException Missing(string name) => Refuse("missing_field", At(name), "The field is required.");

    static string TextOf(JsonElement value, string pointer)
    {
        if (value.ValueKind != JsonValueKind.String) throw Refuse("not_a_string", pointer, "It must be a string.");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Refuse("lone_surrogate", pointer, "The string has an escape that is half of a surrogate pair.");
        }
    }

    static string NameOf(JsonProperty property, string pointer)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw Refuse("lone_surrogate", pointer, "A field's name has an escape that is half of a surrogate pair.");
        }
    }

    static string Escape(string name)
    {
        const int LengthMax = 64;
        var start = name.Length <= LengthMax ? name : name[..LengthMax];
        return start.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
    }

    static RefusedException Refuse(string code, string pointer, string detail) =>
        new(BillingProblem.Field(code, pointer, detail));
}
