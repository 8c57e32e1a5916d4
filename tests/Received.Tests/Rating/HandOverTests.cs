using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Model;
using Received.Rating;
using Received.Tests.Rating.Fakes;
using Xunit;

namespace Received.Tests.Rating;

/// <summary>Partitions that move between loops of several processes, which share a store and a log.</summary>
public sealed class HandOverTests : IDisposable
{
    const int PartitionCount = 4;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    static readonly RatingOptions Fast = new()
    {
        FlushDelay = TimeSpan.FromMilliseconds(3),
        ArchiveDelay = TimeSpan.FromMilliseconds(3),
        HeartbeatEvery = TimeSpan.FromMilliseconds(10),
        BackOffFirst = TimeSpan.FromMilliseconds(1),
        BackOffMax = TimeSpan.FromMilliseconds(2),
        FlushEvents = 40,
        ReadBytes = 600,
    };

    static readonly PartitionId[] All =
        [.. Enumerable.Range(0, PartitionCount).Select(number => new PartitionId((ushort)number))];

    readonly RatingMetrics _metrics = new();
    readonly MemoryStore _store = new();
    readonly MemoryKeys _keys = new();
    readonly ScriptedLog _log = new(PartitionCount);
    readonly Random _random = new(5);
    long _number;

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task Law_2_partitions_that_move_under_load_lose_and_double_nothing()
    {
        Member[] members = [new(this), new(this)];
        members[0].Give(All);
        var at = new int[PartitionCount];
        for (var round = 0; round < 60; round++)
        {
            for (var frame = 0; frame < 8; frame++) Append();
            var moved = _random.Next(PartitionCount);
            var from = members[at[moved]];
            at[moved] = 1 - at[moved];
            // Handed over; or its owner is believed dead and goes on writing for a while.
            if (round % 3 != 0) await from.TakeAsync(All[moved]);
            else from.Lose(All[moved]);
            members[at[moved]].Give([All[moved]]);
        }

        await UntilLevelAsync(_store);
        foreach (var member in members) await member.DisposeAsync();
        await EqualsStraightAsync();
    }

    [Fact]
    public async Task Law_4_an_owner_that_slept_past_its_time_and_writes_late_does_no_harm()
    {
        using var sleep = new ManualResetEventSlim();
        using var asleep = new ManualResetEventSlim();
        var writes = 0;
        _store.OnWrite = after =>
        {
            if (after || Interlocked.Increment(ref writes) != 3) return;
            asleep.Set();
            sleep.Wait(Patience);
        };
        var paused = new Member(this, archives: false);
        paused.Give(All);
        for (var i = 0; i < 200; i++)
        {
            Append();
            if (i % 20 == 0) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        Assert.True(asleep.Wait(Patience), "it never wrote");
        // Nobody can ask it to let go: it does not run.
        paused.Lose(All);
        var owner = new Member(this);
        owner.Give(All);
        for (var i = 0; i < 100; i++) Append();
        await UntilLevelAsync(_store);
        sleep.Set();
        for (var i = 0; i < 100; i++) Append();
        await UntilLevelAsync(_store);
        Assert.Empty(paused.Owned);
        await owner.DisposeAsync();
        await paused.DisposeAsync();
        await EqualsStraightAsync();
    }

    [Fact]
    public async Task What_is_pending_is_written_before_a_partition_is_let_go()
    {
        var slow = new RatingOptions { FlushDelay = TimeSpan.FromMinutes(5), ArchiveDelay = TimeSpan.FromMinutes(5) };
        var member = new Member(this, options: slow);
        for (var i = 0; i < 40; i++) Append();
        member.Give(All);
        // Both loops have read all.
        while (_log.Waiting(All[1]) < 2) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        Assert.Equal(0, _store.Of(All[1]).Progress.Next);
        await member.TakeAsync(All[1]);
        Assert.Equal(_log.Extent(All[1]).Head, _store.Of(All[1]).Progress.Next);
        Assert.DoesNotContain(All[1], member.Owned);
        await member.DisposeAsync();
    }

    [Fact]
    public async Task A_member_that_stops_has_written_all_and_nobody_waits_for_it()
    {
        var member = new Member(this);
        member.Give(All);
        for (var i = 0; i < 40; i++) Append();
        await UntilLevelAsync(_store);
        await member.DisposeAsync();
        await member.TakeAsync(All[0]);
        await EqualsStraightAsync();
    }

    [Fact]
    public async Task Law_7_only_owned_partitions_have_heartbeats()
    {
        var member = new Member(this);
        member.Give([All[2]]);
        while ((await _store.ReadHeartbeatsAsync()).Count == 0)
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        Assert.Equal(All[2], Assert.Single(await _store.ReadHeartbeatsAsync()).Partition);
        await member.DisposeAsync();
    }

    void Append()
    {
        var partition = All[_random.Next(PartitionCount)];
        var columns = new EventColumns();
        for (var i = 0; i < 6; i++)
        {
            byte[] key = _random.Next(4) == 0 ? [] : [KeyKind.Own, (byte)_random.Next(120)];
            columns.Add(
                columns.Customers.Intern(new(1), Encoding.UTF8.GetBytes($"c{partition}-{_random.Next(3)}"), []),
                columns.Products.Intern(new(1), "p"u8, []), 0, History.StartMs, History.StartMs,
                Quantity.Of(_random.Next(1, 4)).Scaled, key, []);
        }

        _number++;
        _log.Append(
            partition,
            new FrameCodec().Encode(columns, new(partition, 1, _number, History.StartMs + (_number * 10))).Span);
    }

    async Task UntilLevelAsync(MemoryStore store)
    {
        using var patience = new CancellationTokenSource(Patience);
        foreach (var partition in All)
        {
            while (store.Of(partition).Progress.Next < _log.Extent(partition).Head
                || (await store.ReadArchivedAsync(partition)).Next < _log.Extent(partition).Head)
                await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, patience.Token);
        }
    }

    /// <summary>All that is stored is what one loop alone makes of the same log.</summary>
    async Task EqualsStraightAsync()
    {
        _store.OnWrite = _ => { };
        var store = new MemoryStore();
        var straight = new Member(this, store, new());
        straight.Give(All);
        await UntilLevelAsync(store);
        await straight.DisposeAsync();
        Assert.Equal(await store.ExportRatedAsync().ToListAsync(), await _store.ExportRatedAsync().ToListAsync());
        foreach (var partition in All)
        {
            Assert.Equal(await store.ReadArchivedAsync(partition), await _store.ReadArchivedAsync(partition));
            Assert.Equal(
                await store.ReplayAsync(partition, 0).Select(frame => frame.Offset).ToListAsync(),
                await _store.ReplayAsync(partition, 0).Select(frame => frame.Offset).ToListAsync());
        }
    }

    /// <summary>A process with both loops, and the group's side of what they own.</summary>
    sealed class Member : IAsyncDisposable
    {
        readonly CancellationTokenSource _stop = new();
        readonly Ownership _rated = new(TimeProvider.System);
        readonly Ownership _archived = new(TimeProvider.System);
        readonly RatingLoop _rating;
        readonly List<Task> _runs = [];

        public Member(
            HandOverTests test, MemoryStore? store = null, MemoryKeys? keys = null, bool archives = true,
            RatingOptions? options = null)
        {
            _rating = new(
                test._log, store ?? test._store, keys ?? test._keys, _rated, options ?? Fast, test._metrics,
                TimeProvider.System, NullLogger<RatingLoop>.Instance);
            var archive = new ArchiveLoop(
                test._log, store ?? test._store, _archived, options ?? Fast, () => TimeSpan.Zero, () => TimeSpan.Zero,
                test._metrics, TimeProvider.System, NullLogger<ArchiveLoop>.Instance);
            _runs.Add(Task.Run(() => _rating.RunAsync(_stop.Token)));
            if (archives) _runs.Add(Task.Run(() => archive.RunAsync(_stop.Token)));
        }

        public IEnumerable<PartitionId> Owned => _rating.Snapshot().Select(lag => lag.Partition);

        public void Give(PartitionId[] partitions)
        {
            _rated.Give(partitions);
            _archived.Give(partitions);
        }

        public async Task TakeAsync(PartitionId partition)
        {
            Assert.True(await _rated.TakeAsync([partition], Patience));
            Assert.True(await _archived.TakeAsync([partition], Patience));
        }

        public void Lose(params PartitionId[] partitions)
        {
            _rated.Lose(partitions);
            _archived.Lose(partitions);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Task.WhenAll(_runs);
            _stop.Dispose();
        }
    }
}
