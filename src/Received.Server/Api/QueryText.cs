using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;

namespace Received.Server.Api;

/// <summary>Query parameters as text, and their readings; each refuses with what would be right.</summary>
sealed class QueryText(IQueryCollection query)
{
    /// <summary>References have at most 128 bytes, cursors hold four of them: nothing longer can be meant.</summary>
    const int LengthMax = 2_000;

    public static ProblemHttpResult CursorProblem { get; } = Problem.Parameter(
        "cursor",
        "The cursor is not of this question. Send 'next_cursor' of the page before, with the same other parameters.");

    /// <summary>Null where the parameter is absent or empty.</summary>
    public string? this[string name]
    {
        get
        {
            var values = query[name];
            if (values.Count > 1) throw Refuse(name, $"'{name}' is given {values.Count} times; give it once.");
            var value = values.Count == 0 || values[0] is not { Length: > 0 } text ? null : text;
            return value is { Length: > LengthMax } ? throw Refuse(name, $"'{name}' is too long.") : value;
        }
    }

    public int Limit(int otherwise, int max)
    {
        if (this["limit"] is not { } text) return otherwise;
        return int.TryParse(text, System.Globalization.NumberStyles.None, null, out var limit)
            && limit >= 1 && limit <= max
            ? limit
            : throw Refuse("limit", $"'limit' must be a whole number from 1 to {max}.");
    }

    /// <summary>An IANA zone by its identifier; UTC where none is given.</summary>
    public DateTimeZone Zone() => this["zone"] is not { } id
        ? DateTimeZone.Utc
        : DateTimeZoneProviders.Tzdb.GetZoneOrNull(id)
            ?? throw Refuse(
                "zone", $"There is no time zone {Problem.Shown(id)}. Use an IANA name such as Europe/Berlin.");

    public long? Instant(string name, DateTimeZone zone) => this[name] is not { } text
        ? null
        : TimeBuckets.ParseInstant(text, zone)
            ?? throw Refuse(
                name,
                $"'{name}' must be an instant with an offset, such as 2026-03-01T00:00:00Z or "
                + "2026-03-01T00:00:00+01:00 (a '+' is %2B in a URL), or a date such as "
                + "2026-03-01, which begins in 'zone'; years 1 to 9998.");

    /// <summary>One of an enum's names, in any case.</summary>
    public T Choice<T>(string name, T otherwise) where T : struct, Enum
    {
        if (this[name] is not { } text) return otherwise;
        foreach (var value in Enum.GetValues<T>())
            if (text.Equals(value.ToString(), StringComparison.OrdinalIgnoreCase)) return value;
        var names = string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()));
        throw Refuse(name, $"'{name}' must be one of {names}.");
    }

    static RefusedException Refuse(string name, string detail) => new(Problem.Parameter(name, detail));
}
