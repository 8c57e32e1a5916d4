using System.Diagnostics;
using System.Text.Json;
using Received.Bench.Load;
using Received.Bench.Ordinary;
using Received.Ingest.Formats;
using Received.Log;
using Received.Model;

namespace Received.Bench.Guard;

/// <summary>Steps of the hot path by themselves, on one thread, over many different bodies of 1000 events.</summary>
sealed class GuardedSteps
{
    const int Batch = 1000;
    const int RepeatsMin = 40;

    static readonly TimeSpan RatioTime = TimeSpan.FromSeconds(3);

    readonly byte[][] _bodies;
    readonly EventColumns[] _columns;
    readonly byte[][] _frames;
    readonly FrameCodec _codec = new();
    readonly EventColumns _decoded = new();
    readonly ParsedEvents _events = new();
    readonly EventRules _rules = new(false, false, 0, long.MaxValue, Batch);

    public GuardedSteps()
    {
        var shape = new LoadShape { Batch = Batch, Connections = 64, Keyed = 0.5 };
        var bodies = new LoadBodies(shape, "none", TimeProvider.System.GetUtcNow());
        var nextKey = 1ul;
        foreach (var request in bodies.Requests.Select(own => own[0])) request.WriteKeys(ref nextKey);
        _bodies = [.. bodies.Requests.Select(own => own[0].Body.ToArray())];
        _columns = [.. _bodies.Select(ToColumns)];
        _frames = [.. _columns.Select(columns => _codec.Encode(columns, new(new(0), 1, 1, 0)).ToArray())];
    }

    public double ScanBytes() => Allocated(i => Scan(_bodies[i]));

    public double FrameBytes() => Allocated(i => _codec.Encode(_columns[i], new(new(0), 1, 1, 0)));

    public double DecodeBytes() => Allocated(i => _codec.TryDecode(_frames[i], _decoded));

    /// <summary>
    /// The shortest of many of each, taking turns: what else runs makes single ones longer, never shorter.
    /// </summary>
    public double ScanRatio()
    {
        var started = Stopwatch.GetTimestamp();
        var (ours, theirs) = (long.MaxValue, long.MaxValue);
        for (var i = 0; i < RepeatsMin * 4 || Stopwatch.GetElapsedTime(started) < RatioTime; i++)
        {
            var body = _bodies[i % _bodies.Length];
            ours = Math.Min(ours, Ticks(() => Scan(body)));
            theirs = Math.Min(theirs, Ticks(() => JsonSerializer.Deserialize(body, EventJson.Default.ListEventDto)));
        }

        return (double)theirs / ours;
    }

    void Scan(byte[] body)
    {
        _events.Clear();
        var reader = new EventReader(body, BodyForm.Array, _rules, _events);
        var e = default(ParsedEvent);
        while (reader.Next(ref e)) _events.Close(e);
        if (_events.Accepted != Batch) throw new InvalidOperationException("The bodies are not what they should be.");
    }

    double Allocated(Action<int> step)
    {
        for (var i = 0; i < RepeatsMin; i++) step(i % _bodies.Length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < RepeatsMin; i++) step(i % _bodies.Length);
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / RepeatsMin / Batch;
    }

    static long Ticks(Action step)
    {
        var started = Stopwatch.GetTimestamp();
        step();
        return Stopwatch.GetTimestamp() - started;
    }

    static EventColumns ToColumns(byte[] body)
    {
        var columns = new EventColumns();
        foreach (var e in JsonSerializer.Deserialize(body, EventJson.Default.ListEventDto)!) e.AddTo(columns);
        return columns;
    }
}
