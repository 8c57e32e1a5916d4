using CsCheck;
using Received.Model;
using Received.Rating;
using Received.Tests.Rating.Fakes;
using Xunit;

namespace Received.Tests.Rating;

public sealed class PartitionRaterTests
{
    const long CountMax = 25;

    static readonly Gen<(int Seed, int Frames, int Order)> Histories =
        Gen.Select(Gen.Int, Gen.Int[1, 60], Gen.Int);

    [Fact]
    public void Law_2_and_4_a_straight_run_is_what_the_laws_say_event_by_event() => Histories.Sample(
        history =>
        {
            var log = new History(history.Seed, history.Frames).Log;
            var run = new RaterRun(log, CountMax);
            run.ToEnd().Wait();
            Assert.Equal(Oracle.Of(log, History.Partition, CountMax), Oracle.Of(run.Store.Of(History.Partition)));
        }, iter: 100, threads: 1);

    [Fact]
    public void Law_4_crashes_flush_points_and_late_owners_change_nothing() => Histories.Sample(
        history =>
        {
            var log = new History(history.Seed, history.Frames).Log;
            var straight = new RaterRun(log, CountMax);
            straight.ToEnd().Wait();
            // Caches that forget at nearly every flush, at some, and at none.
            var order = new Random(history.Order);
            var crooked = new RaterRun(
                log, CountMax, totalsMax: Pick(order, 2, 12, 1000), namesMax: Pick(order, 1, 20, 1000));
            crooked.CrookedlyToEnd(order).Wait();
            Assert.Equal(straight.Export(), crooked.Export());
        }, iter: 100, threads: 1);

    static int Pick(Random random, params int[] choices) => choices[random.Next(choices.Length)];

    [Fact]
    public void Law_3_accepted_is_the_sum_of_all_fates_at_every_flush() => Histories.Sample(
        history =>
        {
            var log = new History(history.Seed, history.Frames).Log;
            var run = new RaterRun(log, CountMax);
            var random = new Random(history.Order);
            while (!run.IsAtEnd)
            {
                run.Rate().Wait();
                if (random.Next(3) != 0) continue;
                run.Flush().Wait();
                var figures = new UsageAudit(run.Store, log).ReadAsync().Result.Total;
                Assert.Equal(
                    figures.Accepted,
                    figures.Counted + figures.Duplicate + figures.Conflict + figures.Voided
                    + figures.Parked.Values.Sum());
                Assert.Equal(figures.UnknownFrames == 0 ? true : null, figures.Balanced);
            }
        }, iter: 100, threads: 1);

    [Fact]
    public async Task Law_8_an_event_past_a_totals_bound_is_parked_alone()
    {
        var log = new ScriptedLog(1);
        for (var i = 0; i < 4; i++)
            log.Append(History.Partition, Frames.Of(i + 1, Enumerable.Repeat(("c", "p", 1L), 10)));
        log.Append(History.Partition, Frames.Of(5, [("other", "p", 5L)]));
        var run = new RaterRun(log, CountMax, totalsMax: 0);
        while (!run.IsAtEnd)
        {
            await run.Rate();
            await run.Flush();
        }

        var rated = run.Store.Of(History.Partition);
        Assert.Equal([CountMax, 1], rated.Totals.Values.Select(row => row.Count).OrderDescending());
        Assert.Equal(15, rated.Fates.Values.Count(row => row.Reason == ParkReason.TotalOverflow));
        Assert.Equal((2, 5), (rated.Fates.Keys.First().Item2, rated.Fates.Keys.First().Item3));
    }

    [Fact]
    public async Task Law_2_progress_says_which_frame_was_the_last_to_enter_a_key()
    {
        var log = new ScriptedLog(1);
        foreach (var (number, key) in new[] { (5, ""), (9, "k"), (12, "k"), (13, "") })
            log.Append(History.Partition, Frames.Of(number, [("c", "p", 1L)], key: key));
        var run = new RaterRun(log, CountMax);
        await run.Rate();
        await run.Flush();
        Assert.Equal((0, 0), (run.Rater.Stored.KeysNext, run.Rater.Stored.KeysLogTimeMs));
        // The keys are in, the totals are not: the next owner finds its own key there.
        await run.Rate();
        await run.Flush(steps: 1);
        await run.ToEnd();
        var stored = await run.Store.ReadRatedAsync(History.Partition);
        Assert.Equal((4, 2, History.StartMs + 9000), (stored.Next, stored.KeysNext, stored.KeysLogTimeMs));
    }

    [Fact]
    public void Sums_of_the_largest_quantities_fit_at_the_bound() =>
        Assert.True((Quantity.ScaledLimit - 1) * PartitionRater.CountMax > 0);

    [Fact]
    public async Task A_late_owner_that_meets_newer_rows_is_told_so()
    {
        var log = new ScriptedLog(1);
        for (var i = 1; i <= 3; i++) log.Append(History.Partition, Frames.Of(i, [("c", "p", 1L)]));
        var late = new RaterRun(log, CountMax);
        await late.Rate();
        await late.Rate();
        await late.Rate();
        var owner = new RaterRun(log, CountMax, store: late.Store, keys: late.Keys);
        await owner.Rate();
        await owner.Flush();
        Assert.Equal(RatedOutcome.Overtaken, await late.Rater.CloseAsync());
    }

    [Fact]
    public async Task A_frame_out_of_order_is_refused()
    {
        var log = new ScriptedLog(1);
        log.Append(History.Partition, Frames.Of(1, [("c", "p", 1L)]));
        var run = new RaterRun(log, CountMax);
        await run.Rater.OpenAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await run.Rater.RateAsync(new(1, 1, 0, 0, 0, 0, ParkReason.FrameCorrupt, null)));
    }
}
