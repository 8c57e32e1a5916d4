using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Model;
using Received.Rating;
using Received.Tests.Rating.Fakes;
using Received.Usage;
using Xunit;

namespace Received.Tests.Rating;

public sealed class RatingLoopTests : IDisposable
{
    static readonly RatingOptions Fast = new()
    {
        FlushDelay = TimeSpan.FromMilliseconds(5),
        ArchiveDelay = TimeSpan.FromMilliseconds(5),
        HeartbeatEvery = TimeSpan.FromMilliseconds(20),
        BackOffFirst = TimeSpan.FromMilliseconds(1),
        BackOffMax = TimeSpan.FromMilliseconds(2),
        FlushEvents = 20,
        ArchiveEvents = 30,
        ReadBytes = 300,
    };

    readonly RatingMetrics _metrics = new();
    readonly MemoryStore _store = new();
    readonly MemoryKeys _keys = new();

    public void Dispose() => _metrics.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Law_4_a_store_and_an_index_that_fail_for_a_while_cost_nothing(int seed)
    {
        var log = new History(seed, 60).Log;
        var straight = new RaterRun(log, PartitionRater.CountMax);
        await straight.ToEnd();
        var calls = 0;
        // Failing both before and after the write has happened.
        _store.OnWrite = _ => Fail(ref calls);
        _keys.OnAdd = _ => Fail(ref calls);
        _keys.OnFind = () => Fail(ref calls);
        var rating = Rating(log);
        await RunUntil(rating, () => rating.Snapshot().All(lag => lag.Frames == 0));
        Assert.Equal(straight.Export(), await Lines(_store));
        Assert.Equal(LoopState.Stopped, rating.Status.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Law_4_a_flush_that_fails_while_the_next_frames_are_rated_costs_nothing(bool isThere)
    {
        var log = new History(3, 80).Log;
        var straight = new RaterRun(log, PartitionRater.CountMax);
        await straight.ToEnd();
        var (writes, overlapping) = (0, 0);
        _store.OnWrite = after =>
        {
            if (!after)
            {
                writes++;
                var next = _store.Writing[0].Progress.Next;
                // While frames are left, some are read beside the write.
                if (next < 80 && SpinWait.SpinUntil(() => log.ReadUpTo > next, TimeSpan.FromSeconds(10))) overlapping++;
            }

            if (after == isThere && writes % 2 == 1 && writes < 12) throw new StoreUnavailableException("scripted");
        };
        var rating = Rating(log);
        await RunUntil(rating, () => rating.Snapshot().All(lag => lag.Frames == 0));
        Assert.True(overlapping > 2, $"{overlapping} of {writes} writes had rating beside them.");
        Assert.Equal(straight.Export(), await Lines(_store));
    }

    [Fact]
    public async Task A_store_that_hangs_is_waited_for_before_long_and_shows()
    {
        var log = Of(200);
        using var hang = new ManualResetEventSlim();
        _store.OnWrite = after =>
        {
            if (!after) hang.Wait();
        };
        var options = new RatingOptions
        {
            FlushDelay = TimeSpan.FromMilliseconds(1),
            FlushDelayMax = TimeSpan.FromMilliseconds(5),
            ReadBytes = 1,
            StuckAfter = TimeSpan.FromMilliseconds(50),
        };
        var loop = new RatingLoop(
            log, _store, _keys, Ownership.Of([History.Partition]), options, _metrics, TimeProvider.System,
            NullLogger<RatingLoop>.Instance);
        using var stop = new CancellationTokenSource();
        var run = loop.RunAsync(stop.Token);
        Assert.True(SpinWait.SpinUntil(() => loop.Status.State == LoopState.Waiting, TimeSpan.FromSeconds(10)));
        Assert.Contains("slow or stuck", loop.Status.Message);
        hang.Set();
        Assert.True(SpinWait.SpinUntil(() => loop.Snapshot()[0].Next == 200, TimeSpan.FromSeconds(10)));
        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public async Task Law_7_an_idle_loop_says_what_is_rated_of_the_head_it_sees()
    {
        var log = new ScriptedLog(1);
        log.Append(History.Partition, Frames.Of(1, [("c", "p", 1L)]));
        await RunUntil(Rating(log), () => Beats().Any(beat => beat is { Head: 1, Rated: 1 }));
    }

    [Fact]
    public async Task Law_7_heartbeats_go_on_while_a_flush_does_not_return_and_say_what_is_stored()
    {
        var log = Of(1);
        using var hang = new ManualResetEventSlim();
        _store.OnWrite = after =>
        {
            if (after) return;
            // Seen only by someone who looks while this hangs.
            if (log.Extent(History.Partition).Head == 1)
                log.Append(History.Partition, Frames.Of(2, [("c", "p", 1L)]));
            hang.Wait();
        };
        await RunUntil(Rating(log), () =>
        {
            if (!Beats().Any(beat => beat is { Head: 2, Rated: 0 })) return hang.IsSet && Beats()[0].Rated == 2;
            hang.Set();
            return false;
        });
    }

    [Fact]
    public async Task Law_5_totals_come_again_from_the_log_and_where_it_was_cut_from_the_archive()
    {
        var log = new History(7, 80).Log;
        var rating = Rating(log);
        var archive = Archive(log);
        await RunUntil(rating, () => rating.Snapshot().All(lag => lag.Frames == 0));
        await RunUntil(archive, () => archive.Snapshot().All(lag => lag.Frames == 0));
        await new RetentionLoop(log, _store, Fast, TimeProvider.System, NullLogger<RetentionLoop>.Instance).TrimAsync();
        Assert.Equal(79, log.Extent(History.Partition).Start);
        // Past the archive: these come from the log.
        for (var i = 1; i < 9; i++) log.Append(History.Partition, Frames.Of(i, [("c", "p", i)]));
        rating = Rating(log);
        await RunUntil(rating, () => rating.Snapshot().All(lag => lag.Frames == 0));

        var result = await Rerate(log);
        Assert.True(result.Equal, string.Join('\n', result.Differences));
        Assert.Equal((88L, (await Lines(_store)).Count), (result.Frames, (int)result.Lines));

        var (key, row) = _store.Of(History.Partition).Totals.First();
        _store.Of(History.Partition).Totals[key] = row with { Sum = row.Sum + 1 };
        Assert.Single((await Rerate(log)).Differences);
    }

    [Fact]
    public async Task Law_5_a_partition_comes_again_up_to_any_position_step_by_step_and_no_further()
    {
        var log = new History(7, 80).Log;
        var straight = new RaterRun(log, PartitionRater.CountMax);
        await straight.ToEnd();
        var archive = Archive(log);
        await RunUntil(archive, () => archive.Snapshot().All(lag => lag.Frames == 0));
        await log.TrimAsync([50]);
        var scratch = new MemoryStore();
        var stepwise = await Anew(log, scratch);
        foreach (var next in new long[] { 0, 1, 33, 50, 51, 80 })
        {
            await stepwise.RateAsync(UpTo(next));
            Assert.Equal((next, next), (stepwise.FrameCount, scratch.Of(History.Partition).Progress.Next));
            var direct = new MemoryStore();
            await (await Anew(log, direct)).RateAsync(UpTo(next));
            Assert.Equal(await Lines(direct), await Lines(scratch));
        }

        Assert.Equal(straight.Export(), await Lines(scratch));
        foreach (var wrong in new[] { UpTo(40), UpTo(81), UpTo(80) with { Generation = 9 } })
            await Assert.ThrowsAsync<InvalidOperationException>(() => stepwise.RateAsync(wrong));

        RatedUpTo UpTo(long next) => new(History.Partition, log.Identity.Generation, next);
    }

    [Fact]
    public async Task A_log_that_is_not_the_one_rated_is_refused_and_nothing_is_changed()
    {
        var log = Of(5);
        var rating = Rating(log);
        await RunUntil(rating, () => rating.Snapshot()[0].Next == 5);
        var before = await Lines(_store);

        log.CutTo(History.Partition, 4);
        await Refuses(Rating(log), "ends before");
        log.Append(History.Partition, Frames.Of(5, [("c", "p", 2L)]));
        await Refuses(Rating(log), "cut and grew again");
        var trimmed = Of(9);
        await trimmed.TrimAsync([6]);
        await Refuses(Rating(trimmed), "begins at frame 6");
        var replaced = new ScriptedLog(1) { Identity = log.Identity with { Generation = 4 } };
        await Refuses(Rating(replaced), "generation 4");
        Assert.Equal(before, await Lines(_store));
    }

    [Fact]
    public async Task Law_7_a_partition_that_the_log_no_longer_has_is_refused_alone_and_has_no_heartbeat()
    {
        PartitionId[] all = [new(0), new(1), new(2)];
        var log = new ScriptedLog(all.Length);
        void Append(long number)
        {
            foreach (var partition in all) log.Append(partition, Frames.Of(number, [("c", "p", 1L)], partition.Value));
        }

        for (var i = 1; i <= 4; i++) Append(i);
        LogLoop Loop(bool archives, Ownership owned) => archives ? Archive(log, owned) : Rating(log, owned);
        foreach (var archives in new[] { false, true })
        {
            var before = Loop(archives, Ownership.Of(all));
            await RunUntil(before, () => before.Snapshot().All(lag => lag.Next == 4));
        }

        // Kafka's retention has passed what is rated: frame 4 of one partition is gone unread.
        for (var i = 5; i <= 7; i++) Append(i);
        await log.TrimAsync([0, 5, 0]);
        var beatBefore = Beats().Single(beat => beat.Partition == all[1]);
        foreach (var archives in new[] { false, true })
        {
            var loop = Loop(archives, Ownership.Of(all));
            await RunUntil(loop, () => loop.Snapshot().All(lag => lag.Next == 7), () =>
            {
                Assert.Equal(LoopState.Running, loop.Status.State);
                Assert.Contains("Not worked on: partition 1,", loop.Status.Message);
                Assert.Contains("the log begins at frame 5", loop.Status.Message);
            });
            Assert.Equal([all[0], all[2]], loop.Snapshot().Select(lag => lag.Partition));
        }

        Assert.Equal(beatBefore, Beats().Single(beat => beat.Partition == all[1]));
        Assert.Equal((4, 7), (_store.Of(all[1]).Progress.Next, _store.Of(all[2]).Progress.Next));
    }

    [Fact]
    public async Task A_partition_whose_next_frames_go_while_it_is_rated_is_refused_alone()
    {
        PartitionId[] all = [new(0), new(1)];
        var log = new ScriptedLog(all.Length);
        foreach (var partition in all) log.Append(partition, Frames.Of(1, [("c", "p", 1L)], partition.Value));
        var owned = new Ownership(TimeProvider.System);
        owned.Give(all);
        var loop = Rating(log, owned);
        var cut = false;
        _store.OnWrite = after =>
        {
            if (!after || cut || _store.Of(all[0]).Progress.Next < 1) return;
            cut = true;
            // Two more, the first of which retention takes before it is read.
            for (var i = 2; i <= 3; i++)
                foreach (var partition in all) log.Append(partition, Frames.Of(i, [("c", "p", 1L)], partition.Value));
            log.TrimAsync([2, 0]).AsTask().Wait();
        };
        await RunUntil(
            loop, () => loop.Snapshot() is [{ Next: 3, Partition.Value: 1 }],
            () => Assert.Contains("Not worked on: partition 0,", loop.Status.Message));
        Assert.Equal(1, _store.Of(all[0]).Progress.Next);
    }

    [Theory]
    [InlineData(60_000, true)]
    [InlineData(-60_000, false)]
    public async Task Law_7_a_heartbeat_that_is_ahead_of_this_clock_is_told(int aheadMs, bool isTold)
    {
        var log = Of(1);
        var nowMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await _store.WriteHeartbeatsAsync([new(History.Partition, 1, nowMs + aheadMs, 1)]);
        var said = new Said();
        var loop = new RatingLoop(
            log, _store, _keys, Ownership.Of([History.Partition]), Fast, _metrics, TimeProvider.System, said);
        await RunUntil(loop, () => Beats()[0].ObservedAtMs != nowMs + aheadMs);
        Assert.Equal(isTold, said.Lines.Any(line => line.Contains("ahead of this machine's clock")));
    }

    [Fact]
    public async Task The_archive_refuses_a_log_that_was_cut_too()
    {
        var log = Of(5);
        var archive = Archive(log);
        await RunUntil(archive, () => archive.Snapshot()[0].Next == 5);
        log.CutTo(History.Partition, 3);
        await Refuses(Archive(log), "ends before");
    }

    internal static ScriptedLog Of(int frames)
    {
        var log = new ScriptedLog(1);
        for (var i = 1; i <= frames; i++) log.Append(History.Partition, Frames.Of(i, [("c", "p", 1L)]));
        return log;
    }

    static void Fail(ref int calls)
    {
        var call = Interlocked.Increment(ref calls);
        // A while of it: each attempt gets somewhere else.
        if (call < 40 && call % 3 == 0) throw new StoreUnavailableException("scripted");
    }

    static async Task Refuses(LogLoop loop, string because)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await loop.RunAsync(patience.Token);
        Assert.Equal(LoopState.Refused, loop.Status.State);
        Assert.Contains(because, loop.Status.Message);
        Assert.Contains("Put the right log back", loop.Status.Message);
    }

    /// <param name="then">While it still runs.</param>
    internal static async Task RunUntil(LogLoop loop, Func<bool> reached, Action? then = null)
    {
        using var stop = new CancellationTokenSource();
        var run = loop.RunAsync(stop.Token);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!(loop.Status.State != LoopState.Starting && reached()) && !run.IsCompleted)
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, patience.Token);
        then?.Invoke();
        await stop.CancelAsync();
        await run;
        Assert.Equal(LoopState.Stopped, loop.Status.State);
    }

    static async Task<List<string>> Lines(MemoryStore store) => await store.ExportRatedAsync().ToListAsync();

    async Task<ReratingResult> Rerate(ScriptedLog log) => await new Rerating(
        log, _store, new MemoryStore(), new MemoryKeys(), Fast, TimeProvider.System).RunAsync(Path.GetTempFileName());

    async Task<RatingAnew> Anew(ScriptedLog log, MemoryStore scratch)
    {
        await scratch.OpenAsync(log.Identity);
        return new(log, _store, scratch, new MemoryKeys(), Fast);
    }

    IReadOnlyList<Heartbeat> Beats() => _store.ReadHeartbeatsAsync().AsTask().Result;

    RatingLoop Rating(ScriptedLog log, Ownership? owned = null) => new(
        log, _store, _keys, owned ?? Ownership.Of([History.Partition]), Fast, _metrics, TimeProvider.System,
        NullLogger<RatingLoop>.Instance);

    ArchiveLoop Archive(ScriptedLog log, Ownership? owned = null) => new(
        log, _store, owned ?? Ownership.Of([History.Partition]), Fast, () => TimeSpan.Zero, () => TimeSpan.Zero,
        _metrics, TimeProvider.System, NullLogger<ArchiveLoop>.Instance);

    /// <summary>What a loop reports.</summary>
    sealed class Said : ILogger<RatingLoop>
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));
    }
}
