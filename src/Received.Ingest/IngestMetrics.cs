using System.Diagnostics.Metrics;
using Received.Ingest.Validation;

namespace Received.Ingest;

/// <summary>Meter "Received.Ingest". No account or customer in tags: their number is not bounded.</summary>
public sealed class IngestMetrics : IDisposable
{
    public const string MeterName = "Received.Ingest";

    readonly Meter _meter;
    readonly Counter<long> _accepted;
    readonly Counter<long> _refused;
    readonly Counter<long> _requestsRefused;
    readonly Counter<long> _bodyBytes;
    readonly Counter<long> _frameBytes;
    readonly Histogram<int> _batchEvents;
    readonly Histogram<int> _frameEvents;
    readonly Histogram<double> _acknowledge;

    public IngestMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _accepted = _meter.CreateCounter<long>("received.ingest.events.accepted", "{event}");
        _refused = _meter.CreateCounter<long>("received.ingest.events.refused", "{event}");
        _requestsRefused = _meter.CreateCounter<long>("received.ingest.requests.refused", "{request}");
        _bodyBytes = _meter.CreateCounter<long>("received.ingest.body.size", "By");
        _frameBytes = _meter.CreateCounter<long>("received.ingest.frame.size", "By");
        _batchEvents = _meter.CreateHistogram<int>("received.ingest.batch.events", "{event}");
        _frameEvents = _meter.CreateHistogram<int>("received.ingest.frame.events", "{event}");
        _acknowledge = _meter.CreateHistogram<double>("received.ingest.acknowledge.duration", "s");
    }

    public void Dispose() => _meter.Dispose();

    internal void Accepted(int events) => _accepted.Add(events);

    internal void Refused(RejectReason reason, int events) =>
        _refused.Add(events, new KeyValuePair<string, object?>("code", RejectTable.Code(reason)));

    internal void RequestRefused(string code) =>
        _requestsRefused.Add(1, new KeyValuePair<string, object?>("code", code));

    internal void BodyRead(int bytes, int events)
    {
        _bodyBytes.Add(bytes);
        _batchEvents.Record(events);
    }

    internal void FrameSent(int events, int bytes)
    {
        _frameEvents.Record(events);
        _frameBytes.Add(bytes);
    }

    internal void Acknowledged(TimeSpan duration) => _acknowledge.Record(duration.TotalSeconds);
}
