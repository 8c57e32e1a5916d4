using Received.Model;
using Received.Tests.Servers;
using Received.Usage;
using Received.Usage.ClickHouse;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>
/// SIGKILL of ClickHouse at random moments while keys, totals and the archive are written, some by an owner that comes
/// late. What was not answered is written again from where the store says it is, as the loops do. In the end all of it
/// is what a store that nobody killed has from one write. The long form runs with RECEIVED_FAULTS_KILLS=100.
/// </summary>
public sealed class ClickHouseKillTests
{
    static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("RECEIVED_FAULTS_KILLS") ?? "3");

    int _written;

    [Fact]
    public async Task Law_4_nothing_is_missing_and_nothing_double_after_kills_during_inserts()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}, {Kills} kills");
        await using var server = new KilledClickHouse();
        await server.StartAsync();
        var options = new ClickHouseOptions { ConnectionString = server.Connection };
        await using var store = new ClickHouseUsageStore(options);
        await store.OpenAsync(TheLog);
        await using var keys = await ClickHouseKeyIndex.OpenAsync(options);
        using var stop = new CancellationTokenSource();
        Task[] work =
        [
            .. Enumerable.Range(0, PartitionCount).Select(p => RateUntilAsync(store, keys, p, seed + p, stop.Token)),
            RateLateUntilAsync(store, 0, stop.Token), ArchiveUntilAsync(store, stop.Token),
            AuditUntilAsync(store, stop.Token),
        ];
        for (var kill = 0; kill < Kills; kill++)
        {
            // Some writes on, however slow the machine is, and then at any moment of one.
            for (var enough = Volatile.Read(ref _written) + random.Next(3, 25); Volatile.Read(ref _written) < enough;)
                await Task.Delay(5, TestContext.Current.CancellationToken);
            await Task.Delay(random.Next(0, 60), TestContext.Current.CancellationToken);
            await server.KillAsync();
            await server.StartAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(work);
        await CheckAsync(store, keys);
    }

    /// <summary>An owner: begins where the store is, and again after each failure.</summary>
    async Task RateUntilAsync(
        IUsageStore store, IKeyIndex keys, int partition, int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        await UntilAsync(async () =>
        {
            var next = (await store.ReadRatedAsync(P(partition))).Next;
            while (!stop.IsCancellationRequested)
            {
                var to = next + random.Next(1, 6);
                await keys.AddAsync([new(P(partition), KilledFrames.Keys(partition, next, to))]);
                await store.WriteAsync([KilledFrames.Batch(partition, next, to)]);
                Interlocked.Increment(ref _written);
                next = to;
            }
        }, stop);
    }

    /// <summary>Another that believes itself to be the owner: rates anew from the beginning, again and again.</summary>
    static Task RateLateUntilAsync(IUsageStore store, int partition, CancellationToken stop) =>
        UntilAsync(async () =>
        {
            var end = (await store.ReadRatedAsync(P(partition))).Next;
            for (var next = 0L; next + 7 <= end && !stop.IsCancellationRequested; next += 7)
                await store.WriteAsync([KilledFrames.Batch(partition, next, next + 7)]);
        }, stop);

    static Task ArchiveUntilAsync(IUsageStore store, CancellationToken stop) => UntilAsync(async () =>
    {
        while (!stop.IsCancellationRequested)
        {
            var batches = new List<ArchiveBatch>();
            for (var p = 0; p < PartitionCount; p++)
                batches.Add(KilledFrames.Archived(p, (await store.ReadArchivedAsync(P(p))).Next, 40));
            await store.ArchiveAsync(batches);
        }
    }, stop);

    /// <summary>Whenever there is an answer, it is of one position.</summary>
    static Task AuditUntilAsync(IUsageStore store, CancellationToken stop) => UntilAsync(async () =>
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (var line in await store.ReadAuditAsync(stop))
            {
                Assert.Equal(2 * line.Rated.Next, line.Counted);
                Assert.Equal(line.Rated.Next, line.Duplicate);
                Assert.True(line.Accepted is null || line.Accepted == 3 * line.Rated.Next);
            }
        }
    }, stop);

    static async Task UntilAsync(Func<Task> work, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await work();
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(20, CancellationToken.None);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
        }
    }

    static async Task CheckAsync(IUsageStore store, IKeyIndex keys)
    {
        using var folder = new DuckDbFolder();
        await using var model = folder.Create("model");
        await model.OpenAsync(TheLog);
        for (var p = 0; p < PartitionCount; p++)
        {
            var next = (await store.ReadRatedAsync(P(p))).Next;
            await model.WriteAsync([KilledFrames.Batch(p, 0, next)]);
            var expected = KilledFrames.Keys(p, 0, next);
            var found = new KeyEntry[expected.Length];
            await keys.FindAsync(P(p), expected.Select(entry => entry.Identity).ToArray(), 0, found);
            Assert.Equal(expected, found);
            await CheckArchiveAsync(store, p);
        }

        Assert.Equal(await model.ExportRatedAsync().ToListAsync(), await store.ExportRatedAsync().ToListAsync());
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{(await store.ReadAuditAsync()).Sum(line => line.Rated.Next)} frames rated, "
            + $"{(await store.ReadAuditAsync()).Sum(line => line.Archived.Next)} archived");
    }

    static async Task CheckArchiveAsync(IUsageStore store, int partition)
    {
        var progress = await store.ReadArchivedAsync(P(partition));
        var at = 0;
        await foreach (var frame in store.ReplayAsync(P(partition), 0))
        {
            var expected = KilledFrames.Archived(partition, at, 1).Frames.Single();
            Assert.Equal(expected with { Events = null }, frame with { Events = null });
            Assert.True(expected.Events!.Keys.Bytes.SequenceEqual(frame.Events!.Keys.Bytes));
            at++;
        }

        Assert.Equal(progress.Next, at);
        Assert.Equal(3 * progress.Next, progress.Accepted);
    }
}

/// <summary>A log whose frames have three events: two that count and a duplicate. All is made of the offset.</summary>
static class KilledFrames
{
    const int SeriesCount = 9;
    const int Months = 3;

    public static RatedBatch Batch(int partition, long from, long to)
    {
        var batch = UsageRows.Batch(partition, to);
        for (var offset = from; offset < to; offset++)
            batch.Fates.Add(Fated(offset, 2, Fate.Duplicate, original: new LogPosition(1, P(partition), offset, 0)));
        var keys = new HashSet<TotalKey>();
        for (var offset = from; offset < to; offset++)
            for (var index = 0; index < 2; index++) keys.Add(Key(partition, offset, index));
        foreach (var key in keys)
        {
            batch.Totals.Add(Row(partition, key, to));
            if (batch.Series.All(series => series.Id != key.Series))
                batch.Series.Add(Series(key.Series, customer: $"c {key.Series}"));
        }

        batch.Names.Add(Name(NameKind.Customer, "c", $"name {to - 1}", to - 1, to));
        batch.Producers.Add(new(7, to, (ulong)to, to));
        return batch;
    }

    public static KeyEntry[] Keys(int partition, long from, long to)
    {
        var keys = new List<KeyEntry>();
        for (var offset = from; offset < to; offset++)
            for (var index = 0; index < 2; index++)
            {
                var identity = ((UInt128)partition << 100) + (UInt128)((offset * 2) + index);
                keys.Add(new(identity, 5, 1, offset, index, offset));
            }
        return [.. keys];
    }

    public static ArchiveBatch Archived(int partition, long from, int count) => Archive(
        partition, 3 * from, [.. Enumerable.Range(0, count).Select(i => Frame(from + i, Events(from + i)))]);

    static EventColumns Events(long offset) => new EventColumns()
        .Event(1, $"c {offset % 5}", "p", offset, $"a{offset}").Event(1, "c", "p", offset, $"b{offset}")
        .Event(1, "c", "p", 3, $"a{offset}");

    static TotalKey Key(int partition, long offset, int index) => new(
        (UInt128)(((partition * SeriesCount) + ((offset + index) % SeriesCount)) + 1),
        (int)(offset / 3 % Months * 3000));

    /// <summary>Made from the beginning each time: the plainest model.</summary>
    static TotalRow Row(int partition, TotalKey key, long to)
    {
        var row = default(TotalRow);
        for (var offset = 0L; offset < to; offset++)
        {
            for (var index = 0; index < 2; index++)
            {
                if (Key(partition, offset, index) != key) continue;
                row = new(
                    key.Series, key.Window, row.Sum + offset, row.Count + 1, row.Count == 0 ? offset : row.Min,
                    offset, offset, UsageWindow.StartMs(key.Window), 1, offset, index);
            }
        }

        return row;
    }
}
