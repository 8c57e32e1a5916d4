using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Received.Ingest;
using Received.Ingest.Batching;
using Received.Ingest.Formats;
using Received.Model;

namespace Received.Bench.Scan;

/// <summary>One way to take bodies, whole or in part.</summary>
sealed record ScanWay(string Name, Action<byte[]> Take);

/// <summary>
/// The steps of the front door between a body and its frames, each added to the one before, and the ordinary way
/// beside them. Frames are made as the door makes them, one a partition and body: the smallest that it makes.
/// </summary>
sealed class ScanWays
{
    static readonly EventRules Rules = new(false, false, long.MinValue, long.MaxValue, 100_000);
    static readonly AppendContext Context = new(new(1), [], KeyKind.Batch);

    readonly ParsedEvents _events = new();
    readonly ParsedEvents _general = new() { LearnsShapes = false };
    readonly Action _answerAll;
    readonly Func<long> _frameBytes;
    readonly FrameBatcher _batcher;
    long _framed;

    public ScanWays(int partitions)
    {
        var log = new AnsweringLog(partitions);
        _answerAll = log.AnswerAll;
        _frameBytes = () => log.Bytes;
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        _batcher = new(log, TimeProvider.System, Options.Create(new IngestOptions()), new(meters));
    }

    /// <summary>So that nothing of the work can be left out.</summary>
    public long Seen { get; private set; }

    public double FrameBytesPerEvent => (double)_frameBytes() / _framed;

    public ScanWay[] All() =>
    [
        new("scan", body => Scan(body, _events)),
        new("scan, general path", body => Scan(body, _general)),
        new("scan + columns + frame", ToFrames),
        new("System.Text.Json", Bind),
    ];

    void Scan(byte[] body, ParsedEvents events)
    {
        events.Clear();
        var reader = new EventReader(body, BodyForm.Array, Rules, events);
        var e = default(ParsedEvent);
        while (reader.Next(ref e)) events.Close(e);
        Check(reader.Result, events);
    }

    void ToFrames(byte[] body)
    {
        _events.Clear();
        var distribution = _batcher.Rent();
        var reader = new EventReader(body, BodyForm.Array, Rules, _events);
        var e = default(ParsedEvent);
        while (reader.Next(ref e))
        {
            distribution.Add(Context, _events, body, e);
            _events.Close(e);
        }

        Check(reader.Result, _events);
        _batcher.TryAppend(ScanBodies.NowMs, _events, distribution);
        _batcher.Return(distribution);
        _answerAll();
        var append = _events.Wait.AllAsync();
        if (!append.IsCompletedSuccessfully || append.Result != AppendOutcome.Durable)
            throw new InvalidOperationException("A log that has answered all did not complete an append.");
        _framed += _events.Count;
    }

    void Check(ScanResult result, ParsedEvents events)
    {
        if (result.Fault != BodyFault.None || events.Refused > 0)
            throw new InvalidOperationException("A body of the benchmark was refused.");
        Seen += events.Count;
    }

    void Bind(byte[] body) => Seen += JsonSerializer.Deserialize(body, JsonEvents.Default.ListJsonEvent)!.Count;
}
