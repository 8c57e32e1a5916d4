using System.Text.Json;
using Received.Ingest.Batching;
using Received.Ingest.Formats;
using Received.Log;
using Received.Model;

namespace Received.Bench.Scan;

/// <summary>One way to take bodies, whole or in part.</summary>
sealed record ScanWay(string Name, Action<byte[]> Take);

/// <summary>
/// The steps of the front door between a body and a frame, each added to the one before, and the ordinary way beside
/// them.
/// </summary>
sealed class ScanWays(int partitions)
{
    const int FrameEvents = 1000;

    static readonly EventRules Rules = new(false, false, long.MinValue, long.MaxValue, 100_000);
    static readonly AppendContext Context = new(new(1), ScanBodies.NowMs, [], KeyKind.Batch);

    readonly ParsedEvents _events = new();
    readonly OpenFrame[] _frames = [.. Enumerable.Range(0, partitions).Select(_ => new OpenFrame())];
    readonly ParsedEvents _general = new() { LearnsShapes = false };
    int _gathered;

    /// <summary>So that nothing of the work can be left out.</summary>
    public long Seen { get; private set; }

    public ScanWay[] All() =>
    [
        new("scan", body => Scan(body, _events)),
        new("scan, general path", body => Scan(body, _general)),
        new("scan + columns", body => ToColumns(body, encode: false)),
        new("scan + columns + frame", body => ToColumns(body, encode: true)),
        new("System.Text.Json", Bind),
    ];

    void Scan(byte[] body, ParsedEvents events)
    {
        events.Clear();
        if (EventScanner.ScanArray(body, Rules, events).Fault != BodyFault.None || events.Refused > 0)
            throw new InvalidOperationException("A body of the benchmark was refused.");
        Seen += events.Count;
    }

    void ToColumns(byte[] body, bool encode)
    {
        Scan(body, _events);
        if (_gathered == 0)
            for (var i = 0; i < _frames.Length; i++) _frames[i].Begin(new((ushort)i));
        Chain(body);
        for (var i = 0; i < _frames.Length; i++)
        {
            for (var at = _events.Heads[i]; at >= 0; at = _events[at].NextOfPartition)
                _frames[i].Add(Context, _events, _events[at], body);
        }

        _gathered += _events.Count;
        if (_gathered < FrameEvents * _frames.Length) return;
        _gathered = 0;
        if (!encode) return;
        for (var i = 0; i < _frames.Length; i++)
            if (_frames[i].Count > 0) Seen += _frames[i].Encode(new(new((ushort)i), 1, 1, ScanBodies.NowMs)).Length;
    }

    /// <summary>By partition, as the door does it.</summary>
    void Chain(byte[] body)
    {
        if (_events.Heads.Length != _frames.Length) _events.Heads = new int[_frames.Length];
        Array.Fill(_events.Heads, -1);
        for (var i = _events.Count - 1; i >= 0; i--)
        {
            ref var e = ref _events[i];
            var partition = Partitioning.Of(Context.Account, _events.Text(body, e.CustomerRef), _frames.Length);
            e.NextOfPartition = _events.Heads[partition.Value];
            _events.Heads[partition.Value] = i;
        }
    }

    void Bind(byte[] body) => Seen += JsonSerializer.Deserialize(body, JsonEvents.Default.ListJsonEvent)!.Count;
}
