using System.Globalization;
using Received.Model;

namespace Received.Server.Api.Billing;

/// <summary>Months, days and amounts of the books as the API writes and reads them.</summary>
static class LedgerText
{
    public static string Month(int period) =>
        string.Create(CultureInfo.InvariantCulture, $"{period / 12:D4}-{(period % 12) + 1:D2}");

    public static string? Month(int? period) => period is { } month ? Month(month) : null;

    public static string Date(int day) =>
        BillingTimes.Format(CivilDay.Date(day));

    public static string Amount(long minor, string currency) => new Money(minor, Currency.Parse(currency)).ToText();

    public static int PeriodAt(DateTimeOffset instant) =>
        (instant.UtcDateTime.Year * 12) + instant.UtcDateTime.Month - 1;

    public static int DayAt(DateTimeOffset instant) => CivilDay.Number(DateOnly.FromDateTime(instant.UtcDateTime));

    /// <summary>Null for what is no month such as 2026-10.</summary>
    public static int? ParseMonth(string text) =>
        ParseDate(text + "-01") is { } date ? (date.Year * 12) + date.Month - 1 : null;

    /// <summary>Null where the parameter is absent.</summary>
    public static int? Month(this QueryText text, string name) => text[name] is not { } month
        ? null
        : ParseMonth(month)
            ?? throw new RefusedException(Problem.Parameter(name, $"'{name}' must be a month such as 2026-10."));

    /// <summary>Days since 1970-01-01; null where the parameter is absent.</summary>
    public static int? Day(this QueryText text, string name) => text[name] is not { } date
        ? null
        : ParseDate(date) is { } day
            ? CivilDay.Number(day)
            : throw new RefusedException(Problem.Parameter(name, $"'{name}' must be a date such as 2026-10-31."));

    /// <summary>A place in a list; 0 where the parameter is absent.</summary>
    public static long Place(this QueryText text) => text["cursor"] is not { } cursor
        ? 0
        : long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var place)
            ? place
            : throw new RefusedException(QueryText.CursorProblem);

    static DateOnly? ParseDate(string text) => DateOnly.TryParseExact(
        text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
        ? date
        : null;
}
