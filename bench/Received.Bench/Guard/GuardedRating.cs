using Microsoft.Extensions.Logging.Abstractions;
using Received.Bench.Replay;
using Received.Log;
using Received.Rating;
using Received.Usage.DuckDb;
using Received.Usage.Runs;

namespace Received.Bench.Guard;

/// <summary>
/// A stored log rated through the real adapters: managed bytes an event, of the whole process, over the second half: in
/// the first one caches grow to what they need.
/// </summary>
static class GuardedRating
{
    const int Events = 600_000;
    const int FrameEvents = 1000;

    // Several flushes in each half, or none may end between two looks.
    const int FlushEvents = 100_000;

    const int TriesMax = 5;

    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    /// <exception cref="InvalidOperationException">The machine is so busy that no look came between two
    /// flushes.</exception>
    public static async Task<double> BytesAsync()
    {
        for (var i = 0; i < TriesMax; i++)
            if (await TryAsync() is { } bytes) return bytes;
        throw new InvalidOperationException("Rating was never seen half way: the machine is too busy to measure.");
    }

    /// <returns>Null where both halves were seen at once.</returns>
    static async Task<double?> TryAsync()
    {
        var folder = Directory.CreateTempSubdirectory("received-guard-").FullName;
        try
        {
            await using var log = await ReplayLog.WriteAsync(
                new ReplayOptions { Events = Events, Keyed = true, Frame = FrameEvents }, Path.Combine(folder, "log"));
            await using var keys = RunKeyIndex.Open(Path.Combine(folder, "keys"));
            await using var store = new DuckDbUsageStore(new() { Path = Path.Combine(folder, "usage.duckdb") });
            await store.OpenAsync(log.Identity);
            using var metrics = new RatingMetrics();
            var rating = new RatingLoop(
                log, store, keys, Ownership.OfAll(log.Identity), new() { FlushEvents = FlushEvents }, metrics,
                TimeProvider.System, NullLogger<RatingLoop>.Instance);
            using var stop = new CancellationTokenSource();
            var running = Task.Run(() => rating.RunAsync(stop.Token));
            var frames = await PassedAsync(rating, share: 0.5);
            var before = GC.GetTotalAllocatedBytes(precise: true);
            frames = await PassedAsync(rating, share: 1) - frames;
            var bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
            await stop.CancelAsync();
            await running;
            return frames == 0 ? null : (double)bytes / frames / FrameEvents;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>How many frames are in the store once this share of them is.</summary>
    static async Task<long> PassedAsync(RatingLoop rating, double share)
    {
        while (true)
        {
            var lags = rating.Snapshot();
            var (head, next) = (lags.Sum(lag => lag.Head), lags.Sum(lag => lag.Next));
            if (rating.Status.State != LoopState.Starting && head > 0 && next >= head * share) return next;
            await Task.Delay(Look);
        }
    }
}
