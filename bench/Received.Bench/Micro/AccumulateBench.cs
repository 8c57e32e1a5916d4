using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Received.Model;
using Received.Rating;

namespace Received.Bench.Micro;

/// <summary>Sums and counts of a frame's thousand events, against a dictionary with an entry a total.</summary>
[MemoryDiagnoser]
public class AccumulateBench
{
    const int Frames = 64;
    const int EventsPerFrame = 1000;

    readonly FrameTotals _totals = new();
    readonly Decisions _decisions = new();
    readonly Dictionary<(int Customer, int Product, int Assertion, int Window), (decimal Sum, long Count)> _ordinary =
        [];
    EventColumns[] _frames = [];
    int _next;

    [GlobalSetup]
    public void Prepare()
    {
        var random = new Random(1);
        _frames = [.. Enumerable.Range(0, Frames).Select(_ => Frame(random))];
        _decisions.Reset(EventsPerFrame);
    }

    [Benchmark(OperationsPerInvoke = EventsPerFrame)]
    public int Dense()
    {
        _totals.Add(_frames[_next++ % Frames], _decisions);
        return _totals.Groups.Length;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = EventsPerFrame)]
    public int OneDictionary()
    {
        var events = _frames[_next++ % Frames];
        _ordinary.Clear();
        for (var i = 0; i < events.Count; i++)
        {
            var window = UsageWindow.Of(events.TimestampMs[i]);
            var key = (events.Customer[i], events.Product[i], events.Assertion[i], window);
            ref var total = ref CollectionsMarshal.GetValueRefOrAddDefault(_ordinary, key, out _);
            total = (total.Sum + ((decimal)events.Quantity[i] / 1_000_000_000_000m), total.Count + 1);
        }

        return _ordinary.Count;
    }

    static EventColumns Frame(Random random)
    {
        var events = new EventColumns();
        for (var i = 0; i < EventsPerFrame; i++)
        {
            var draw = random.NextDouble();
            events.Add(
                events.Customers.Intern(new(1), BitConverter.GetBytes((int)(draw * draw * 1000)), "A customer"u8),
                events.Products.Intern(new(1), BitConverter.GetBytes(random.Next(5)), "Units"u8), 0,
                1_707_123_332_160 + random.Next(3_600_000), 1_707_123_332_160,
                Quantity.Of(random.Next(1, 1000)).Scaled, [], []);
        }

        return events;
    }
}
