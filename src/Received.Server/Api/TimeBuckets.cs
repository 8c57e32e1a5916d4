using NodaTime;
using NodaTime.Text;
using Received.Model;

namespace Received.Server.Api;

/// <summary>How totals are grouped in time.</summary>
enum Grouping
{
    Window,
    Hour,
    Day,
    Month,
    Total,
}

/// <summary>
/// Civil time to instants: ranges, and the boundaries of hours, days and months in an IANA zone (law 9: half-open,
/// computed in the zone, then instants). No store needs to know zones.
/// </summary>
static class TimeBuckets
{
    /// <summary>A year of hours is 8,784; more is asked for in parts.</summary>
    public const int BucketsMax = 10_000;

    /// <summary>Years that the next month, a zone's offset and a window on either side cannot lead out of the
    /// calendar.</summary>
    const int YearMin = 1;
    const int YearMax = 9998;

    static readonly LocalDatePattern Date = LocalDatePattern.Iso;

    /// <summary>
    /// Ascending boundaries from <paramref name="fromMs"/> through <paramref name="toMs"/>; null for
    /// <see cref="Grouping.Window"/>, where every window stands for itself. The first and last bucket are cut to the
    /// range. A day, an hour may be longer or shorter where the zone's offset changes; an hour ends at each full hour
    /// of local time and at each change of offset.
    /// </summary>
    /// <exception cref="BucketException">Too many buckets, or a boundary that is none of a window.</exception>
    public static IReadOnlyList<long>? Boundaries(long fromMs, long toMs, Grouping grouping, DateTimeZone zone)
    {
        if (grouping == Grouping.Window) return null;
        List<long> boundaries = [fromMs];
        if (grouping != Grouping.Total)
        {
            for (var next = Next(fromMs, grouping, zone); next < toMs; next = Next(next, grouping, zone))
            {
                if (!UsageWindow.IsBoundary(next))
                    throw new BucketException(
                        $"A {grouping.ToString().ToLowerInvariant()} of {zone.Id} begins at "
                        + $"{Format(next, DateTimeZone.Utc)} in this range, "
                        + "which is no multiple of 15 minutes; totals have no finer grain. "
                        + "Ask for a later range, or zone=UTC.");
                if (boundaries.Count == BucketsMax)
                    throw new BucketException(
                        $"The range has more than {BucketsMax} buckets. Ask for a shorter range or a coarser group.");
                boundaries.Add(next);
            }
        }

        boundaries.Add(toMs);
        return boundaries;
    }

    /// <summary>
    /// An instant with an offset ("2026-03-08T00:00:00-05:00"), or a date, which is its first moment in the zone.
    /// Null where it is neither, or before the year 1 or after 9998.
    /// </summary>
    public static long? ParseInstant(string text, DateTimeZone zone)
    {
        if (Date.Parse(text) is { Success: true, Value: var date })
            return date.Year is >= YearMin and <= YearMax ? StartOfDay(date, zone) : null;
        return OffsetDateTimePattern.Rfc3339.Parse(text) is
        { Success: true, Value: { Year: >= YearMin and <= YearMax } instant }
            ? instant.ToInstant().ToUnixTimeMilliseconds()
            : null;
    }

    /// <summary>The month around the instant: what finance asks for when it does not say.</summary>
    public static (long FromMs, long ToMs) MonthAround(Instant instant, DateTimeZone zone)
    {
        var first = instant.InZone(zone).Date.With(DateAdjusters.StartOfMonth);
        return (StartOfDay(first, zone), StartOfDay(first.PlusMonths(1), zone));
    }

    /// <summary>RFC 3339 with the zone's offset at that instant; "Z" in UTC.</summary>
    public static string Format(long unixMs, DateTimeZone zone) =>
        OffsetDateTimePattern.Rfc3339.Format(Instant.FromUnixTimeMilliseconds(unixMs).InZone(zone).ToOffsetDateTime());

    static long Next(long afterMs, Grouping grouping, DateTimeZone zone)
    {
        var after = Instant.FromUnixTimeMilliseconds(afterMs);
        if (grouping == Grouping.Hour) return NextHour(after, zone).ToUnixTimeMilliseconds();
        var date = after.InZone(zone).Date;
        while (true)
        {
            date = grouping == Grouping.Day
                ? date.PlusDays(1)
                : date.With(DateAdjusters.StartOfMonth).PlusMonths(1);
            // A zone that moves over the date line skips a day: its start is the next day's, and makes no bucket.
            var start = StartOfDay(date, zone);
            if (start > afterMs) return start;
        }
    }

    static Instant NextHour(Instant after, DateTimeZone zone)
    {
        var interval = zone.GetZoneInterval(after);
        var local = after.InZone(zone).LocalDateTime;
        var intoHour = local - local.With(TimeAdjusters.TruncateToHour);
        var next = after + Duration.FromHours(1) - intoHour.ToDuration();
        return interval.HasEnd && interval.End < next ? interval.End : next;
    }

    static long StartOfDay(LocalDate date, DateTimeZone zone)
    {
        // Where midnight does not exist (clocks go forward over it) the day begins with the new offset; where it exists
        // twice, with the first.
        var midnight = zone.MapLocal(date.AtMidnight());
        var start = midnight.Count == 0 ? midnight.LateInterval.Start : midnight.First().ToInstant();
        return start.ToUnixTimeMilliseconds();
    }
}

/// <summary>A range that cannot be put into buckets; the message says what to ask for instead.</summary>
sealed class BucketException(string message) : Exception(message);
