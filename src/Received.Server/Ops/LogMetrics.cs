using System.Diagnostics.Metrics;
using Received.Server.Hosting;

namespace Received.Server.Ops;

/// <summary>The log's figures: how long the disk takes is the first thing that an operator asks.</summary>
sealed class LogMetrics : IDisposable
{
    readonly Meter _meter = new("Received.Log");

    public LogMetrics(Engine engine)
    {
        if (engine.Kafka is { } kafka)
        {
            Observe(() => kafka.BytesWritten, () => kafka.QueuedBytes);
            return;
        }

        if (engine.Segments is not { } log) return;
        Observe(() => log.BytesWritten, () => log.QueuedBytes);
        _meter.CreateObservableCounter(
            "received.log.groups", () => log.GroupsWritten, "{group}", "Groups of frames: a write and a sync each.");
        _meter.CreateObservableGauge(
            "received.log.sync.duration", () => log.LastSync.TotalSeconds, "s", "How long the last fdatasync took.");
    }

    void Observe(Func<long> written, Func<long> queued)
    {
        _meter.CreateObservableCounter(
            "received.log.written", written, "By", "Bytes of frames that the log has made durable.");
        _meter.CreateObservableGauge("received.log.queued", queued, "By", "Bytes of frames that wait for the log.");
    }

    public void Dispose() => _meter.Dispose();
}
