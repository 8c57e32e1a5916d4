using System.Globalization;
using NodaTime;

namespace Received.Billing.Contracts;

/// <summary>Months of an entity's books: numbers year * 12 + month - 1, beginning in its zone.</summary>
static class AccountingMonths
{
    public static int Number(int year, int month) => (year * 12) + month - 1;

    public static int OfDay(DateOnly day) => Number(day.Year, day.Month);

    /// <exception cref="ScheduleException">See <see cref="CivilTime.StartOfDay(LocalDate, DateTimeZone)"/>.</exception>
    public static long StartMs(int month, DateTimeZone zone) =>
        CivilTime.StartOfDay(new LocalDate(month / 12, (month % 12) + 1, 1), zone);

    /// <summary>"2026-10".</summary>
    public static string Format(int month) =>
        string.Create(CultureInfo.InvariantCulture, $"{month / 12:D4}-{(month % 12) + 1:D2}");

    /// <exception cref="FormatException">Not what <see cref="Format"/> writes.</exception>
    public static int Parse(string text) => TryParse(text, out var month)
        ? month
        : throw new FormatException($"'{text}' is no month such as 2026-10.");

    public static bool TryParse(string text, out int month)
    {
        var isDay = DateOnly.TryParseExact(
            $"{text}-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day);
        month = isDay ? OfDay(day) : 0;
        return isDay;
    }

    /// <summary>The month that the instant is in.</summary>
    public static int At(long atMs, DateTimeZone zone)
    {
        var local = Instant.FromUnixTimeMilliseconds(atMs).InZone(zone).Date;
        var month = Number(local.Year, local.Month);
        // Clocks that go back over midnight show the old month again; by its instants the new one has begun.
        return StartMs(month + 1, zone) <= atMs ? month + 1 : month;
    }

    /// <summary>[from, to) cut at the months' boundaries, in order; nothing where it is empty.</summary>
    public static IEnumerable<MonthPart> Split(long fromMs, long toMs, DateTimeZone zone)
    {
        if (fromMs >= toMs) yield break;
        for (var month = At(fromMs, zone); ; month++)
        {
            var nextMs = StartMs(month + 1, zone);
            yield return new(month, fromMs, Math.Min(nextMs, toMs));
            if (nextMs >= toMs) yield break;
            fromMs = nextMs;
        }
    }
}

/// <summary>A stretch of time within a month of the books, half-open.</summary>
readonly record struct MonthPart(int Month, long StartMs, long EndMs);
