using CsCheck;
using NodaTime;
using Received.Billing.Contracts;
using Received.Model;
using Received.Model.Contracts;
using Xunit;
using static Received.Tests.Billing.Contracts.CycleLines;

namespace Received.Tests.Billing.Contracts;

public sealed class CycleLawTests
{
    const long DayMs = 86_400_000;

    static readonly Instant First = Instant.FromUtc(1980, 1, 1, 0, 0);
    static readonly Instant Last = Instant.FromUtc(2040, 1, 1, 0, 0);

    static readonly Gen<DateTimeZone> AnyZone =
        Gen.Int[0, DateTimeZoneProviders.Tzdb.Ids.Count - 1].Select(i => Zone(DateTimeZoneProviders.Tzdb.Ids[i]));

    // Three years after 1980: a whole cycle of the longest length may begin before the line does, and before 1980 some
    // offsets are no multiple of a window.
    static readonly Gen<DateOnly> AnyDay =
        Gen.Int[new DateOnly(1983, 1, 1).DayNumber, new DateOnly(2060, 1, 1).DayNumber].Select(DateOnly.FromDayNumber);

    static readonly Gen<LineTerms> AnyLine = Gen.Select(
        AnyDay, Gen.Int[1, 30], Gen.Enum<CycleAlignment>(), Gen.Int[0, 31], Gen.Enum<BillingTiming>(),
        Gen.Int[-1, 900], Gen.Int[-100, 100]).Select(
        (start, months, alignment, anchor, timing, life, issue) => Line("2026-01-01") with
        {
            Start = start,
            End = life < 0 ? null : start.AddDays(life),
            Cycle = new(months, alignment, anchor == 0 ? null : anchor),
            Timing = timing,
            IssueDay = issue < -50 ? null : start.AddDays(issue),
        });

    [Fact]
    public void Law_9_cycles_of_any_line_in_any_zone_follow_each_other_without_gap_or_overlap() =>
        Gen.Select(AnyLine, AnyZone).Sample((line, zone) =>
        {
            var schedule = new CycleSchedule(line, zone);
            var cycles = schedule.From(0).Take(30).ToList();
            var next = CivilTime.StartOfDay(line.Start, zone);
            var end = line.End is { } day ? CivilTime.StartOfDay(day, zone) : long.MaxValue;
            for (var i = 0; i < cycles.Count; i++)
            {
                var cycle = cycles[i];
                Assert.Equal((i, next), (cycle.Number, cycle.StartMs));
                Assert.True(cycle.StartMs < cycle.EndMs && cycle.EndMs <= end);
                Assert.True(cycle.FullStartMs <= cycle.StartMs && cycle.EndMs <= cycle.FullEndMs);
                Assert.True(i == 0 || cycle.FullStartMs == cycles[i - 1].FullEndMs);
                Assert.True(line.Timing == BillingTiming.Advance || cycle.IssueAtMs >= cycle.EndMs);
                Assert.All(
                    [cycle.StartMs, cycle.EndMs, cycle.FullStartMs, cycle.FullEndMs, cycle.IssueAtMs],
                    instant => Assert.True(UsageWindow.IsBoundary(instant)));
                next = cycle.EndMs;
            }

            if (cycles.Count < 30) Assert.True(next == end || (cycles.Count == 0 && next >= end));
            Assert.Equal(cycles.Skip(3), schedule.From(3).Take(Math.Max(0, cycles.Count - 3)));
        }, iter: 2000);

    [Fact]
    public void Law_9_an_event_belongs_to_exactly_one_cycle_of_a_line() =>
        Gen.Select(AnyLine, AnyZone, Gen.Double[0, 1], Gen.Bool).Sample((line, zone, where, onBoundary) =>
        {
            var schedule = new CycleSchedule(line, zone);
            var cycles = schedule.From(0).Take(20).ToList();
            if (cycles.Count == 0)
            {
                Assert.Null(schedule.At(CivilTime.StartOfDay(line.Start, zone)));
                return;
            }

            var length = cycles[^1].EndMs - cycles[0].StartMs;
            var instant = onBoundary
                ? cycles[(int)(where * (cycles.Count - 1))].StartMs
                : cycles[0].StartMs + (long)(where * (length - 1));
            var own = Assert.Single(cycles, cycle => cycle.StartMs <= instant && instant < cycle.EndMs);
            Assert.Equal(own, schedule.At(instant));
            Assert.Null(schedule.At(cycles[0].StartMs - 1));
            if (line.End is not null) Assert.Null(schedule.At(CivilTime.StartOfDay(line.End.Value, zone)));
        }, iter: 2000);

    [Fact]
    public void Law_9_all_days_of_all_zones_since_1980_begin_on_a_window_boundary_and_after_the_day_before()
    {
        foreach (var id in DateTimeZoneProviders.Tzdb.Ids)
        {
            var zone = Zone(id);
            // The days around each change of clocks, and the first of each month.
            var days = zone.GetZoneIntervals(First, Last).Where(interval => interval.HasStart)
                .Select(interval => interval.Start.InUtc().Date)
                .SelectMany(day => Enumerable.Range(-2, 5).Select(day.PlusDays))
                .Where(day => day.Year >= 1980).Distinct();
            foreach (var day in days)
                Assert.True(CivilTime.StartOfDay(day, zone) <= CivilTime.StartOfDay(day.PlusDays(1), zone));
            for (var month = 1980 * 12; month < 2040 * 12; month++)
            {
                var start = AccountingMonths.StartMs(month, zone);
                Assert.Equal(month - 1, AccountingMonths.At(start - 1, zone));
                Assert.Equal(month, AccountingMonths.At(start, zone));
            }
        }
    }

    [Fact]
    public void Months_of_the_books_cut_a_stretch_of_time_without_gap_or_overlap() =>
        Gen.Select(AnyZone, AnyDay, Gen.Int[0, 40_000], Gen.Int[0, 40_000]).Sample((zone, day, into, length) =>
        {
            var from = CivilTime.StartOfDay(day, zone) + (into * UsageWindow.LengthMs);
            var to = from + (length * UsageWindow.LengthMs);
            var parts = AccountingMonths.Split(from, to, zone).ToList();
            Assert.Equal(length == 0, parts.Count == 0);
            if (length == 0) return;
            Assert.Equal((from, to), (parts[0].StartMs, parts[^1].EndMs));
            Assert.All(parts, part => Assert.True(part.StartMs < part.EndMs));
            Assert.All(parts, part => Assert.Equal(
                (part.Month, part.Month),
                (AccountingMonths.At(part.StartMs, zone), AccountingMonths.At(part.EndMs - 1, zone))));
            Assert.All(parts.Skip(1), part => Assert.Equal(AccountingMonths.StartMs(part.Month, zone), part.StartMs));
            Assert.All(parts.Zip(parts.Skip(1)), pair => Assert.Equal(pair.First.EndMs, pair.Second.StartMs));
        }, iter: 2000);

    [Theory]
    [InlineData("America/New_York", "2026-03-01", "2026-03-16", "2026-04-01", 15, 31)]
    [InlineData("Asia/Kathmandu", "2026-03-01", "2026-03-16", "2026-04-01", 15, 31)]
    [InlineData("Europe/Berlin", "2026-10-01", "2026-10-26", "2026-11-01", 25, 31)]
    [InlineData("Australia/Lord_Howe", "2026-04-01", "2026-04-10", "2026-05-01", 9, 30)]
    // Cycles that begin where midnight does not exist, or twice.
    [InlineData("Africa/Cairo", "2026-04-24", "2026-04-25", "2026-05-24", 1, 30)]
    [InlineData("America/Havana", "2024-11-03", "2024-11-04", "2024-12-03", 1, 30)]
    [InlineData("America/Havana", "2026-02-08", "2026-03-08", "2026-03-09", 28, 29)]
    public void Whole_days_of_a_cycle_count_as_days(
        string id, string start, string end, string fullEnd, int days, int of)
    {
        var zone = Zone(id);
        long Ms(string day) => CivilTime.StartOfDay(Day(day), zone);
        var share = CivilTime.Share(zone, Ms(start), Ms(end), Ms(start), Ms(fullEnd));
        Assert.Equal((days * DayMs, of * DayMs), (share.Part, share.Whole));
    }

    [Fact]
    public void Shares_within_a_day_are_what_clocks_on_the_wall_show()
    {
        // Noon of a day of 23 hours, and half past one the second time in one of 25.
        var zone = Zone("America/New_York");
        var noon = CivilTime.Share(
            zone, Ms("2026-03-08T05:00:00Z"), Ms("2026-03-08T16:00:00Z"), Ms("2026-03-08T05:00:00Z"),
            Ms("2026-03-09T04:00:00Z"));
        Assert.Equal((DayMs / 2, DayMs), (noon.Part, noon.Whole));
        var twice = CivilTime.Share(
            zone, Ms("2026-11-01T04:00:00Z"), Ms("2026-11-01T06:30:00Z"), Ms("2026-11-01T04:00:00Z"),
            Ms("2026-11-02T05:00:00Z"));
        Assert.Equal((DayMs / 12, DayMs), (twice.Part, twice.Whole));
    }

    [Fact]
    public void Shares_of_slices_add_up_to_the_whole_wherever_a_cycle_is_cut() =>
        Gen.Select(AnyLine, AnyZone, Gen.Int[0, 10_000].Array[1, 5]).Sample((line, zone, cuts) =>
        {
            if (new CycleSchedule(line, zone).From(0).FirstOrDefault() is not { } cycle) return;
            var ends = cuts.Select(cut => cycle.StartMs + (cut * UsageWindow.LengthMs))
                .Where(cut => cut < cycle.EndMs).Append(cycle.StartMs).Append(cycle.EndMs).Distinct().Order().ToList();
            var shares = ends.Zip(ends.Skip(1), (start, end) => CivilTime.Share(
                zone, start, end, cycle.FullStartMs, cycle.FullEndMs)).ToList();
            var whole = CivilTime.Share(zone, cycle.StartMs, cycle.EndMs, cycle.FullStartMs, cycle.FullEndMs);
            Assert.Equal(whole.Part, shares.Sum(share => share.Part));
            Assert.All(shares, share => Assert.True(share.Part >= 0 && share.Whole == whole.Whole));
            Assert.True(whole.Part <= whole.Whole && whole.Whole > 27 * DayMs);
        }, iter: 2000);
}
