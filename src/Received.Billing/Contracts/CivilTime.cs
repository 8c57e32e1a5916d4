using NodaTime;
using Received.Model;
using Received.Model.Pricing;

namespace Received.Billing.Contracts;

/// <summary>
/// Civil days as instants of an IANA zone (law 9), in milliseconds since 1970. Every instant given is a boundary of
/// windows, so totals can be cut there.
/// </summary>
static class CivilTime
{
    /// <exception cref="ScheduleException">No IANA zone of that name.</exception>
    public static DateTimeZone Zone(string id) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(id)
        ?? throw new ScheduleException($"'{id}' is no IANA time zone, such as Europe/Berlin.");

    /// <summary>
    /// The first moment of a day. Where midnight does not exist (clocks go forward over it) the day begins with the new
    /// offset; where it exists twice, with the first. A day that a zone left out begins when the next one does.
    /// </summary>
    /// <exception cref="ScheduleException">It is no boundary of 15 minutes: offsets before 1980 may be odd.</exception>
    public static long StartOfDay(LocalDate day, DateTimeZone zone)
    {
        var midnight = zone.MapLocal(day.AtMidnight());
        var start = midnight.Count == 0 ? midnight.LateInterval.Start : midnight.First().ToInstant();
        var startMs = start.ToUnixTimeMilliseconds();
        return UsageWindow.IsBoundary(startMs)
            ? startMs
            : throw new ScheduleException(
                $"{day:uuuu-MM-dd} begins in {zone.Id} at {start:uuuu-MM-dd'T'HH:mm:ss'Z'}, which is no multiple of 15 "
                + "minutes, and usage has no finer grain: choose a later day.");
    }

    public static long StartOfDay(DateOnly day, DateTimeZone zone) => StartOfDay(LocalDate.FromDateOnly(day), zone);

    /// <summary>The first start of a day at the instant or after it.</summary>
    public static long DayFrom(long atMs, DateTimeZone zone)
    {
        var day = Instant.FromUnixTimeMilliseconds(atMs).InZone(zone).Date;
        var startMs = StartOfDay(day, zone);
        return startMs >= atMs ? startMs : StartOfDay(day.PlusDays(1), zone);
    }

    /// <summary>
    /// Which part of [fullStart, fullEnd) the slice is, by what clocks on the wall show: whole days count as days,
    /// however long they are. An hour that the clocks go through twice counts once. Shares of slices that make up the
    /// whole add up to it.
    /// </summary>
    public static TimeShare Share(DateTimeZone zone, long startMs, long endMs, long fullStartMs, long fullEndMs) =>
        new(Elapsed(zone, startMs, endMs), Elapsed(zone, fullStartMs, fullEndMs));

    static long Elapsed(DateTimeZone zone, long fromMs, long toMs) => Wall(zone, toMs) - Wall(zone, fromMs);

    /// <summary>The latest time that clocks have shown before the instant, so that it never goes back.</summary>
    static long Wall(DateTimeZone zone, long atMs)
    {
        var interval = zone.GetZoneInterval(Instant.FromUnixTimeMilliseconds(atMs));
        var wallMs = atMs + interval.WallOffset.Milliseconds;
        if (!interval.HasStart) return wallMs;
        var changeMs = interval.Start.ToUnixTimeMilliseconds();
        var before = zone.GetZoneInterval(interval.Start - Duration.Epsilon);
        var wallAtChangeMs = changeMs + before.WallOffset.Milliseconds;
        // At the change itself they still show the old time: a day whose midnight was skipped begins at midnight.
        return atMs == changeMs ? wallAtChangeMs : Math.Max(wallMs, wallAtChangeMs);
    }
}

/// <summary>A day or zone that no cycles can be computed from; the message says why and what would be right.</summary>
public sealed class ScheduleException(string message) : Exception(message);
