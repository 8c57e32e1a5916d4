using System.Diagnostics;
using System.Globalization;
using Received.Log;
using Received.Log.Segments;
using Received.Model;
using Received.Rating;
using Received.Usage.DuckDb;
using Received.Usage.Runs;

namespace Received.Bench.Replay;

/// <summary>
/// What the steps of rating cost on one thread, by adding one after the other: a step's own share is its line less the
/// line before. The last has no flush in it: what is missing to a whole run is writing keys and totals.
/// </summary>
static class ReplayStages
{
    const int ReadBytes = 1024 * 1024;

    public static async Task RunAsync(ReplayOptions options, SegmentLog log, string folder)
    {
        Directory.CreateDirectory(folder);
        var partitions = log.Identity.AllPartitions().ToList();
        await MeasureAsync("read", options, log, partitions, (_, _) => default);
        var reader = new FrameReader(forRating: true);
        var events = new EventColumns();
        await MeasureAsync("decode", options, log, partitions, (partition, record) =>
        {
            reader.Read(partition, record, events);
            return default;
        });

        await using var keys = RunKeyIndex.Open(Path.Combine(folder, "keys"));
        await using var store = new DuckDbUsageStore(new() { Path = Path.Combine(folder, "usage.duckdb") });
        await store.OpenAsync(log.Identity);
        var settings = new RatingOptions();
        var raters = partitions.ToDictionary(partition => partition, partition => new PartitionRater(
            partition, log.Identity, new(keys, partition, log.Identity), store, settings.TotalsCachedMax,
            settings.NamesCachedMax));
        foreach (var rater in raters.Values) await rater.OpenAsync();
        await MeasureAsync("rate", options, log, partitions, (partition, record) =>
            raters[partition].RateAsync(reader.Read(partition, record, events)));
    }

    static async Task MeasureAsync(
        string name, ReplayOptions options, SegmentLog log, List<PartitionId> partitions,
        Func<PartitionId, LogRecord, ValueTask> step)
    {
        var next = new long[partitions.Count];
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        for (var left = true; left;)
        {
            left = false;
            for (var i = 0; i < next.Length; i++)
            {
                if (log.Extent(partitions[i]).Head <= next[i]) continue;
                using var batch = await log.ReadAsync(partitions[i], next[i], ReadBytes);
                foreach (var record in batch.Records) await step(partitions[i], record);
                next[i] += batch.Records.Count;
                left = true;
            }
        }

        var took = Process.GetCurrentProcess().TotalProcessorTime - processor;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {name,-8} {took.TotalNanoseconds / options.Events,8:N1} ns of processor an event, "
                + $"{(double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / options.Events:N2} B allocated"));
    }
}
