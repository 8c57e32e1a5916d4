using System.Diagnostics.Metrics;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>What the loops behind the log measure, under one meter.</summary>
public sealed class RatingMetrics : IDisposable
{
    public const string MeterName = "Received.Rating";

    readonly Meter _meter = new(MeterName);
    readonly Counter<long> _events;
    readonly Counter<long> _archived;
    readonly Histogram<double> _flush;

    public RatingMetrics()
    {
        _events = _meter.CreateCounter<long>("received.rating.events", "{event}", "Events rated, by fate and reason.");
        _archived = _meter.CreateCounter<long>("received.archive.events", "{event}", "Events archived.");
        _flush = _meter.CreateHistogram<double>(
            "received.rating.flush.duration", "s", "How long a flush of keys and totals, or of the archive, took.");
    }

    /// <summary>Whether a metric has a series for each partition.</summary>
    public static bool IsByPartition(string metric) =>
        metric.StartsWith("received.", StringComparison.Ordinal) && metric.Contains(".lag.", StringComparison.Ordinal);

    /// <summary>Publishes a loop's lag per partition, in frames and in seconds.</summary>
    /// <param name="loop">"rating" or "archive".</param>
    public void Observe(string loop, Func<IReadOnlyList<PartitionLag>> snapshot)
    {
        _meter.CreateObservableGauge(
            $"received.{loop}.lag.frames", () => snapshot().Select(lag => Measure(lag.Frames, lag)), "{frame}",
            "Frames in the log that are not written yet.");
        _meter.CreateObservableGauge(
            $"received.{loop}.lag.seconds", () => snapshot().Select(lag => Measure(lag.Behind.TotalSeconds, lag)),
            "s", "How long ago all that was in the log was last written.");
    }

    public void Dispose() => _meter.Dispose();

    internal void Rated(RatedBatch batch, long counted)
    {
        if (counted > 0) _events.Add(counted, new KeyValuePair<string, object?>("fate", NameOf(Fate.Counted)));
        foreach (var row in batch.Fates)
        {
            _events.Add(
                row.EventCount, new KeyValuePair<string, object?>("fate", NameOf(row.Fate)),
                new KeyValuePair<string, object?>("reason", row.Reason.ToString()));
        }
    }

    internal void Archived(long events) => _archived.Add(events);

    internal void Flushed(string loop, TimeSpan duration) =>
        _flush.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("loop", loop));

    static string NameOf(Fate fate) => fate switch
    {
        Fate.Counted => "counted",
        Fate.Duplicate => "duplicate",
        Fate.Conflict => "conflict",
        Fate.Voided => "voided",
        Fate.Parked => "parked",
    };

    static Measurement<T> Measure<T>(T value, PartitionLag lag)
        where T : struct =>
        new(value, new KeyValuePair<string, object?>("partition", (int)lag.Partition.Value));
}
