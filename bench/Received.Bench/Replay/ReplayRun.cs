using System.Diagnostics;
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
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"log      {(double)log.BytesWritten / options.Events:N1} B an event; RSS "
                    + $"{Process.GetCurrentProcess().WorkingSet64 >> 20} MiB before the rounds"));
            var balanced = true;
            for (var round = 1; round <= options.Rounds; round++)
                balanced &= await RoundAsync(options, log, Path.Combine(folder, $"round-{round}"));
            return balanced ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<bool> RoundAsync(ReplayOptions options, SegmentLog log, string folder)
    {
        Directory.CreateDirectory(folder);
        if (options.Stages) await ReplayStages.RunAsync(options, log, Path.Combine(folder, "stages"));
        var balanced = await ReplayAsync(options, log, folder);
        var bytes = Directory.GetFiles(folder, "usage.*").Sum(file => new FileInfo(file).Length);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"stored   {(double)bytes / options.Events:N1} B an event in DuckDB; "
                + $"audit {(balanced ? "exact" : "WRONG")}"));
        Directory.Delete(folder, recursive: true);
        return balanced;
    }

    static async Task<bool> ReplayAsync(ReplayOptions options, SegmentLog log, string folder)
    {
        await using var keys = RunKeyIndex.Open(Path.Combine(folder, "keys"));
        var path = Path.Combine(folder, "usage.duckdb");
        await using var store = new DuckDbUsageStore(options.StoreMiB == 0
            ? new() { Path = path }
            : new() { Path = path, MemoryLimit = options.StoreMiB * 1024L * 1024 });
        await store.OpenAsync(log.Identity);
        using var metrics = new RatingMetrics();
        var partitions = Ownership.OfAll(log.Identity);
        var settings = new RatingOptions();
        // Alone the archive has nobody to leave the cores to.
        if (!options.Together) settings.ArchiveYieldPercent = 100;
        if (options.ArchiveEvents > 0) settings.ArchiveEvents = options.ArchiveEvents;
        var rating = new RatingLoop(
            log, store, keys, partitions, settings, metrics, TimeProvider.System, NullLogger<RatingLoop>.Instance);
        var archive = new ArchiveLoop(
            log, store, partitions, settings, () => options.Together ? rating.Behind : TimeSpan.Zero,
            () => Environment.CpuUsage.TotalTime, metrics, TimeProvider.System, NullLogger<ArchiveLoop>.Instance);
        if (options.Together)
        {
            await MeasureAsync("both", options.Events, rating, archive);
        }
        else
        {
            if (!options.ArchiveOnly) await MeasureAsync("rating", options.Events, rating);
            if (options.Keyed) await MeasureTakeOverAsync(log, store, keys);
            if (!options.RatingOnly) await MeasureAsync("archive", options.Events, archive);
        }

        if (options.ArchiveOnly) return await ArchivedAsync(log, store) == options.Events;
        var total = (await new UsageAudit(store, log).ReadAsync()).Total;
        if (options.RatingOnly) return total.Counted == options.Events;
        return total.Balanced == true && total.Counted == options.Events;
    }

    /// <summary>What a restart, or another owner, pays before the first event of a partition is rated.</summary>
    static async Task MeasureTakeOverAsync(SegmentLog log, DuckDbUsageStore store, RunKeyIndex keys)
    {
        long count = 0, bytes = 0;
        var started = Stopwatch.GetTimestamp();
        foreach (var partition in log.Identity.AllPartitions())
        {
            var duplicates = new Duplicates(keys, partition, log.Identity);
            await duplicates.LoadAsync((await store.ReadRatedAsync(partition)).LogTimeMs);
            count += duplicates.FilterKeys;
            bytes += duplicates.FilterBytes;
        }

        var took = Stopwatch.GetElapsedTime(started);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"keys     {count:N0} taken over in {took.TotalSeconds:N2} s, {count / took.TotalSeconds / 1e6:N2} M/s; "
                + $"filter {(double)bytes / count:N2} B a key"));
    }

    static async Task<long> ArchivedAsync(SegmentLog log, DuckDbUsageStore store)
    {
        var sum = 0L;
        foreach (var partition in log.Identity.AllPartitions())
            sum += (await store.ReadArchivedAsync(partition)).Accepted;
        return sum;
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
