using NodaTime;
using Received.Model;
using Received.Server.Api;
using Xunit;

namespace Received.Tests.Server;

public sealed class TimeBucketsTests
{
    const long HourMs = 3_600_000;

    static DateTimeZone Zone(string id) => DateTimeZoneProviders.Tzdb[id];

    static List<string> Starts(string zone, string from, string to, string grouping)
    {
        var tz = Zone(zone);
        var boundaries = TimeBuckets.Boundaries(
            TimeBuckets.ParseInstant(from, tz)!.Value, TimeBuckets.ParseInstant(to, tz)!.Value,
            Enum.Parse<Grouping>(grouping, ignoreCase: true), tz)!;
        Assert.All(boundaries, boundary => Assert.True(UsageWindow.IsBoundary(boundary)));
        Assert.Equal(boundaries.Order().Distinct(), boundaries);
        return [.. boundaries.Select(boundary => TimeBuckets.Format(boundary, tz))];
    }

    static int HoursOf(string zone, string date)
    {
        var tz = Zone(zone);
        var day = LocalDateOf(date);
        return (int)((TimeBuckets.ParseInstant(LocalDateText(day.PlusDays(1)), tz)!.Value
            - TimeBuckets.ParseInstant(date, tz)!.Value) / HourMs);
    }

    static LocalDate LocalDateOf(string date) => NodaTime.Text.LocalDatePattern.Iso.Parse(date).Value;

    static string LocalDateText(LocalDate date) => NodaTime.Text.LocalDatePattern.Iso.Format(date);

    [Theory]
    [InlineData("America/New_York", "2026-03-08", 23)]
    [InlineData("America/New_York", "2026-11-01", 25)]
    [InlineData("America/New_York", "2026-06-01", 24)]
    [InlineData("Asia/Kathmandu", "2026-03-08", 24)]
    public void Law_9_a_day_has_the_hours_that_its_zone_gives_it(string zone, string date, int hours)
    {
        Assert.Equal(hours, HoursOf(zone, date));
        var next = LocalDateText(LocalDateOf(date).PlusDays(1));
        Assert.Equal(hours + 1, Starts(zone, date, next, "hour").Count);
    }

    [Fact]
    public void Law_9_days_around_a_change_of_clocks_begin_at_local_midnight() => Assert.Equal(
        ["2026-03-07T00:00:00-05:00", "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00",
            "2026-03-10T00:00:00-04:00"],
        Starts("America/New_York", "2026-03-07", "2026-03-10", "day"));

    [Fact]
    public void Law_9_a_zone_with_three_quarters_of_an_hour_has_its_own_midnights() => Assert.Equal(
        ["2026-03-08T00:00:00+05:45", "2026-03-09T00:00:00+05:45"],
        Starts("Asia/Kathmandu", "2026-03-07T18:15:00Z", "2026-03-08T18:15:00Z", "day"));

    [Fact]
    public void Law_9_where_clocks_move_by_half_an_hour_an_hour_of_that_length_stands_there()
    {
        Assert.Equal(
            [
                "2026-04-05T01:00:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30",
                "2026-04-05T03:00:00+10:30",
            ],
            Starts("Australia/Lord_Howe", "2026-04-05T01:00:00+11:00", "2026-04-05T03:00:00+10:30", "hour"));
        Assert.Equal(
            [
                "2026-10-04T01:00:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-04T03:00:00+11:00",
                "2026-10-04T04:00:00+11:00",
            ],
            Starts("Australia/Lord_Howe", "2026-10-04T01:00:00+10:30", "2026-10-04T04:00:00+11:00", "hour"));
    }

    [Fact]
    public void Law_9_months_are_the_zones_months() => Assert.Equal(
        ["2026-01-15T00:00:00+01:00", "2026-02-01T00:00:00+01:00", "2026-03-01T00:00:00+01:00",
            "2026-04-01T00:00:00+02:00",
            "2026-04-10T00:00:00+02:00"],
        Starts("Europe/Berlin", "2026-01-15", "2026-04-10", "month"));

    [Fact]
    public void A_midnight_that_does_not_exist_begins_its_day_with_the_new_offset() => Assert.Equal(
        ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"],
        Starts("America/Sao_Paulo", "2018-11-03", "2018-11-05", "day"));

    [Fact]
    public void A_day_that_a_zone_skipped_makes_no_bucket() => Assert.Equal(
        ["2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"],
        Starts("Pacific/Apia", "2011-12-29", "2012-01-01", "day"));

    [Fact]
    public void The_whole_range_is_one_bucket_and_windows_need_no_boundaries()
    {
        Assert.Equal(2, Starts("UTC", "2026-01-01", "2026-03-01", "total").Count);
        Assert.Null(TimeBuckets.Boundaries(0, HourMs, Grouping.Window, DateTimeZone.Utc));
    }

    [Fact]
    public void Too_many_buckets_are_refused()
    {
        var error = Assert.Throws<BucketException>(
            () => TimeBuckets.Boundaries(0, 20_000 * HourMs, Grouping.Hour, DateTimeZone.Utc));
        Assert.Contains("10000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Boundaries_finer_than_a_window_are_refused() => Assert.Throws<BucketException>(
        () => TimeBuckets.Boundaries(0, 48 * HourMs, Grouping.Day, Zone("Africa/Monrovia")));

    [Fact]
    public void Instants_need_an_offset()
    {
        Assert.Null(TimeBuckets.ParseInstant("2026-03-01T00:00:00", DateTimeZone.Utc));
        Assert.Null(TimeBuckets.ParseInstant("yesterday", DateTimeZone.Utc));
        Assert.Equal(0, TimeBuckets.ParseInstant("1970-01-01T01:00:00+01:00", DateTimeZone.Utc));
    }

    [Fact]
    public void The_current_month_is_the_zones()
    {
        var (from, to) = TimeBuckets.MonthAround(Instant.FromUtc(2026, 3, 1, 2, 0), Zone("America/New_York"));
        Assert.Equal("2026-02-01T00:00:00-05:00", TimeBuckets.Format(from, Zone("America/New_York")));
        Assert.Equal("2026-03-01T00:00:00-05:00", TimeBuckets.Format(to, Zone("America/New_York")));
    }
}
