using Microsoft.AspNetCore.WebUtilities;

namespace Received.Server.Demo.FakeStripe;

/// <summary>A request's parameters, by their names with brackets, such as <c>line_items[0][quantity]</c>.</summary>
sealed class StripeForm(IReadOnlyDictionary<string, string> values, string raw)
{
    /// <summary>As sent: what an idempotency key stands for.</summary>
    public string Raw { get; } = raw;

    public static StripeForm Parse(string raw) => new(
        QueryHelpers.ParseQuery(raw).ToDictionary(entry => entry.Key, entry => entry.Value.ToString()), raw);

    public string? this[string name] => values.GetValueOrDefault(name);

    /// <exception cref="StripeRefusal">It is missing.</exception>
    public string Required(string name) =>
        this[name] ?? throw new StripeRefusal(400, "parameter_missing", $"Missing required param: {name}.", name);

    /// <exception cref="StripeRefusal">It is no whole number.</exception>
    public long? Number(string name)
    {
        if (this[name] is not { } text) return null;
        return long.TryParse(text, out var number)
            ? number
            : throw new StripeRefusal(400, "parameter_invalid_integer", $"Invalid integer: {text}", name);
    }

    /// <summary>The names and values below a name, such as "metadata".</summary>
    public IEnumerable<KeyValuePair<string, string>> Below(string name) =>
        from entry in values
        where entry.Key.StartsWith(name + "[", StringComparison.Ordinal)
        orderby entry.Key
        select KeyValuePair.Create(entry.Key[(name.Length + 1)..^1], entry.Value);

    /// <exception cref="StripeRefusal">There is a parameter whose first part is none of these.</exception>
    public StripeForm Allow(params string[] known)
    {
        foreach (var name in values.Keys)
        {
            if (!known.Append("expand").Contains(name.Split('[')[0]))
                throw new StripeRefusal(400, "parameter_unknown", $"Received unknown parameter: {name}", name);
        }

        return this;
    }
}

/// <summary>A refusal in Stripe's words.</summary>
sealed class StripeRefusal(int status, string? code, string message, string? parameter = null) : Exception(message)
{
    public int Status { get; } = status;

    public string? Code { get; } = code;

    public string? Parameter { get; } = parameter;

    public static StripeRefusal Missing(string kind, string id) =>
        new(404, "resource_missing", $"No such {kind}: '{id}'", "id");
}
