using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Segments;
using Received.Rating;
using Received.Usage.DuckDb;
using Received.Usage.Runs;

namespace Received.Bench.Replay;

/// <summary>Rates and archives a stored log through the real adapters, then checks that every event is there.</summary>
static class ReplayRun
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    /// <returns>0 when the audit is balanced and complete.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Contains("--help"))
        {
            Console.WriteLine(ReplayOptions.Help);
            return 0;
        }

        var options = ReplayOptions.Parse(args);
        var folder = Directory.CreateTempSubdirectory("received-replay-").FullName;
        try
        {
            await using var log = await ReplayLog.WriteAsync(options, Path.Combine(folder, "log"));
            var usage = Path.Combine(folder, "usage.duckdb");
            var balanced = await ReplayAsync(options, log, folder, usage);
            var bytes = Directory.GetFiles(folder, "usage.*").Sum(file => new FileInfo(file).Length);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"stored   {(double)bytes / options.Events:N1} B an event in DuckDB, "
                    + $"{(double)log.BytesWritten / options.Events:N1} in the log; "
                    + $"audit {(balanced ? "exact" : "WRONG")}"));
            return balanced ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<bool> ReplayAsync(ReplayOptions options, SegmentLog log, string folder, string usage)
    {
        await using var keys = RunKeyIndex.Open(Path.Combine(folder, "keys"));
        await using var store = new DuckDbUsageStore(new() { Path = usage });
        await store.OpenAsync(log.Identity);
        using var metrics = new RatingMetrics();
        var partitions = Ownership.OfAll(log.Identity);
        var settings = new RatingOptions();
        var rating = new RatingLoop(
            log, store, keys, partitions, settings, metrics, TimeProvider.System, NullLogger<RatingLoop>.Instance);
        var archive = new ArchiveLoop(
            log, store, partitions, settings, () => options.Together ? rating.Behind : TimeSpan.Zero, metrics,
            TimeProvider.System, NullLogger<ArchiveLoop>.Instance);
        if (options.Together)
        {
            await MeasureAsync("both", options.Events, rating, archive);
        }
        else
        {
            await MeasureAsync("rating", options.Events, rating);
            await MeasureAsync("archive", options.Events, archive);
        }

        var total = (await new UsageAudit(store, log).ReadAsync()).Total;
        return total.Balanced == true && total.Counted == options.Events;
    }

    static async Task MeasureAsync(string name, long events, params LogLoop[] loops)
    {
        using var measure = new ReplayMeasure();
        using var stop = new CancellationTokenSource();
        var running = loops.Select(loop => Task.Run(() => loop.RunAsync(stop.Token))).ToList();
        while (loops.Any(loop => loop.Status.State == LoopState.Starting || loop.Snapshot().Any(lag => lag.Frames > 0)))
            await Task.Delay(Look);
        measure.Print(name, events);
        await stop.CancelAsync();
        await Task.WhenAll(running);
    }
}
