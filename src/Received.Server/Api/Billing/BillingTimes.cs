using System.Globalization;

namespace Received.Server.Api.Billing;

/// <summary>Instants and civil dates of the billing API.</summary>
static class BillingTimes
{
    public static string Format(DateTimeOffset instant) =>
        instant.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>On a window boundary: whole seconds.</summary>
    public static string FormatBoundary(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms)
        .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Format(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Null for whatever is no instant with an offset; milliseconds since 1970.</summary>
    public static long? ParseInstant(string text) =>
        text.Contains('T', StringComparison.Ordinal) ? TimeBuckets.ParseInstant(text, NodaTime.DateTimeZone.Utc) : null;
}
