using System.Diagnostics.Metrics;
using Received.Log.Segments;
using Received.Server.Hosting;

namespace Received.Server.Ops;

/// <summary>The segment log's figures: how long the disk takes is the first thing that an operator asks.</summary>
sealed class LogMetrics : IDisposable
{
    readonly Meter _meter = new("Received.Log");

    public LogMetrics(Engine engine)
    {
        SegmentLog log = engine.Log;
        _meter.CreateObservableCounter(
            "received.log.written", () => log.BytesWritten, "By", "Bytes written to segments and synced.");
        _meter.CreateObservableCounter(
            "received.log.groups", () => log.GroupsWritten, "{group}", "Groups of frames: a write and a sync each.");
        _meter.CreateObservableGauge(
            "received.log.queued", () => log.QueuedBytes, "By", "Bytes of frames that wait for the writer.");
        _meter.CreateObservableGauge(
            "received.log.sync.duration", () => log.LastSync.TotalSeconds, "s", "How long the last fdatasync took.");
    }

    public void Dispose() => _meter.Dispose();
}
