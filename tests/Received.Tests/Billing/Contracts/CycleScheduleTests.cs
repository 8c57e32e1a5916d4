using NodaTime;
using Received.Billing.Contracts;
using Received.Model.Contracts;
using Xunit;
using static Received.Tests.Billing.Contracts.CycleLines;

namespace Received.Tests.Billing.Contracts;

public sealed class CycleScheduleTests
{
    // Offsets by hand: New York -5, from 8 March 2026 -4; Kathmandu +5:45; Cairo +2, forward over midnight of 24 April
    // to +3, back at the end of 29 October; Havana -5, forward over midnight of 8 March 2026, back from 1:00
    // to 0:00 of 3 November 2024; Apia -10, without 30 December 2011, then +14; Lord Howe +11, from 5 April +10:30.
    [Theory]
    [InlineData("America/New_York", "2026-02-01", 1, "2026-02-01T05:00:00Z 2026-03-01T05:00:00Z 2026-04-01T04:00:00Z")]
    [InlineData("Asia/Kathmandu", "2026-02-01", 1, "2026-01-31T18:15:00Z 2026-02-28T18:15:00Z 2026-03-31T18:15:00Z")]
    [InlineData("Africa/Cairo", "2026-03-24", 24, "2026-03-23T22:00:00Z 2026-04-23T22:00:00Z 2026-05-23T21:00:00Z")]
    [InlineData("Africa/Cairo", "2026-09-30", 30, "2026-09-29T21:00:00Z 2026-10-29T22:00:00Z 2026-11-29T22:00:00Z")]
    [InlineData("America/Havana", "2026-02-08", 8, "2026-02-08T05:00:00Z 2026-03-08T05:00:00Z 2026-04-08T04:00:00Z")]
    [InlineData("America/Havana", "2024-10-03", 3, "2024-10-03T04:00:00Z 2024-11-03T04:00:00Z 2024-12-03T05:00:00Z")]
    [InlineData("Pacific/Apia", "2011-11-30", 30, "2011-11-30T10:00:00Z 2011-12-30T10:00:00Z 2012-01-29T10:00:00Z")]
    [InlineData("Pacific/Apia", "2011-10-31", 31, "2011-10-31T10:00:00Z 2011-11-30T10:00:00Z 2011-12-30T10:00:00Z")]
    [InlineData("Australia/Lord_Howe", "2026-03-01", 1,
        "2026-02-28T13:00:00Z 2026-03-31T13:00:00Z 2026-04-30T13:30:00Z")]
    [InlineData("Europe/Berlin", "2026-02-01", 1, "2026-01-31T23:00:00Z 2026-02-28T23:00:00Z 2026-03-31T22:00:00Z")]
    [InlineData("UTC", "2024-01-31", 31, "2024-01-31T00:00:00Z 2024-02-29T00:00:00Z 2024-03-31T00:00:00Z")]
    public void Law_9_cycles_begin_at_the_start_of_their_day_in_the_contracts_zone(
        string zone, string start, int anchorDay, string boundaries)
    {
        var cycles = new CycleSchedule(Line(start, anchorDay: anchorDay), Zone(zone)).From(0).Take(2).ToList();
        Assert.Equal(
            boundaries, $"{Utc(cycles[0].StartMs)} {Utc(cycles[1].StartMs)} {Utc(cycles[1].EndMs)}");
    }

    [Theory]
    // A part of a month first.
    [InlineData("2026-01-10 1 Calendar - -", "01-10 01-01 02-01, 02-01 02-01 03-01, 03-01 03-01 04-01")]
    [InlineData("2026-01-10 1 Calendar 15 -", "01-10 25-12-15 01-15, 01-15 01-15 02-15, 02-15 02-15 03-15")]
    // Quarters count from January, whenever the line starts.
    [InlineData("2026-02-10 3 Calendar - -", "02-10 01-01 04-01, 04-01 04-01 07-01, 07-01 07-01 10-01")]
    [InlineData("2026-01-10 12 Calendar 31 -",
        "01-10 25-01-31 01-31, 01-31 01-31 27-01-31, 27-01-31 27-01-31 28-01-31")]
    // The 31st goes back to the month's end, and comes back.
    [InlineData("2026-01-31 1 Anniversary - -", "01-31 01-31 02-28, 02-28 02-28 03-31, 03-31 03-31 04-30")]
    [InlineData("2026-02-28 1 Anniversary 31 -", "02-28 02-28 03-31, 03-31 03-31 04-30, 04-30 04-30 05-31")]
    [InlineData("2026-02-10 3 Anniversary - -", "02-10 02-10 05-10, 05-10 05-10 08-10, 08-10 08-10 11-10")]
    // A leap day's year ends on the 28th.
    [InlineData("2024-02-29 12 Anniversary - -",
        "24-02-29 24-02-29 25-02-28, 25-02-28 25-02-28 02-28, 02-28 02-28 27-02-28, 27-02-28 27-02-28 28-02-29")]
    // The line's end cuts its last cycle.
    [InlineData("2026-01-10 1 Calendar - 2026-02-20", "01-10 01-01 02-01, 02-01 02-01 02-20/03-01")]
    [InlineData("2026-01-10 1 Calendar - 2026-02-01", "01-10 01-01 02-01")]
    [InlineData("2026-01-10 1 Calendar - 2026-01-10", "")]
    public void Cycles_are_cut_to_the_lines_life_and_know_the_whole(string line, string expected)
    {
        var parts = line.Split(' ');
        var terms = Line(
            parts[0], int.Parse(parts[1], null), Enum.Parse<CycleAlignment>(parts[2]),
            parts[3] == "-" ? null : int.Parse(parts[3], null), end: parts[4] == "-" ? null : parts[4]);
        var wanted = expected.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        var cycles = new CycleSchedule(terms, Zone("UTC")).From(0).Take(Math.Max(wanted.Length, 1)).ToList();
        Assert.Equal(wanted, cycles.Select(cycle =>
        {
            var end = Short(cycle.EndMs) + (cycle.EndMs == cycle.FullEndMs ? "" : "/" + Short(cycle.FullEndMs));
            return $"{Short(cycle.StartMs)} {Short(cycle.FullStartMs)} {end}";
        }));
        if (parts[4] != "-")
            Assert.Equal(wanted.Length, new CycleSchedule(terms, Zone("UTC")).From(0).Count());
    }

    [Theory]
    [InlineData("2026-01-10", "Arrears", null, "02-01 03-01 04-01")]
    [InlineData("2026-01-10", "Advance", null, "01-10 02-01 03-01")]
    [InlineData("2026-01-10", "Arrears", "2026-02-05", "02-05 03-05 04-05")]
    [InlineData("2026-01-10", "Advance", "2026-01-31", "01-31 02-28 03-31")]
    [InlineData("2026-01-10", "Advance", "2025-12-24", "25-12-24 01-24 02-24")]
    // Never before the cycle's end where it is billed in arrears.
    [InlineData("2026-01-10", "Arrears", "2026-01-20", "02-01 03-01 04-01")]
    public void A_cycle_is_issued_on_its_issue_date(string start, string timing, string? issueDay, string expected)
    {
        var line = Line(start, timing: Enum.Parse<BillingTiming>(timing), issueDay: issueDay);
        Assert.Equal(
            expected.Split(' '),
            new CycleSchedule(line, Zone("UTC")).From(0).Take(3).Select(cycle => Short(cycle.IssueAtMs)));
    }

    [Fact]
    public void The_last_cycle_in_arrears_is_issued_the_day_after_the_lines_end()
    {
        var line = Line("2026-01-01", end: "2026-02-15");
        Assert.Equal("02-15", Short(new CycleSchedule(line, Zone("UTC")).From(1).Single().IssueAtMs));
    }

    [Fact]
    public void A_zone_that_is_none_and_a_day_off_the_quarter_hours_and_a_start_too_early_are_refused()
    {
        Assert.Contains("no IANA", Assert.Throws<ScheduleException>(() => Zone("Mars/Olympus")).Message);
        var odd = Assert.Throws<ScheduleException>(
            () => CivilTime.StartOfDay(new DateOnly(1971, 3, 1), Zone("Africa/Monrovia")));
        Assert.Contains("choose a later day", odd.Message);
        Assert.Throws<ScheduleException>(() => new CycleSchedule(Line("1979-12-31"), Zone("UTC")));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CycleSchedule(Line("2026-01-01", 0), Zone("UTC")));
    }

    [Fact]
    public void Cycles_end_where_the_calendar_does()
    {
        var last = new CycleSchedule(Line("2026-01-01", 1200), Zone("UTC")).From(0).Last();
        Assert.Equal("9926-01-01T00:00:00Z", Utc(last.EndMs));
    }

    static string Short(long ms)
    {
        var day = Instant.FromUnixTimeMilliseconds(ms).InUtc().LocalDateTime;
        Assert.Equal(LocalTime.Midnight, day.TimeOfDay);
        return $"{(day.Year == 2026 ? "" : $"{day.Year % 100:00}-")}{day.Month:00}-{day.Day:00}";
    }
}
