using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Received.Model;
using Received.Rating;
using Received.Usage;

namespace Received.Bench.Micro;

/// <summary>
/// A frame's thousand events added to the totals of their partition, references found by their bytes; against a
/// dictionary of totals by the frame's own table entries, which does less.
/// </summary>
[MemoryDiagnoser]
public class AccumulateBench
{
    const int Frames = 64;
    const int EventsPerFrame = 1000;

    // With a cache that lets nothing go.
    readonly SeriesSeen _series = new(1);
    readonly TotalsCache _totals = new(int.MaxValue, 0);
    readonly Decisions _decisions = new();
    readonly List<SeriesRow> _rows = [];
    readonly FramePlaces _places;
    readonly Dictionary<(int Customer, int Product, int Assertion, int Window), (decimal Sum, long Count)> _ordinary =
        [];
    EventColumns[] _frames = [];
    int _next;

    public AccumulateBench() => _places = new(new(), _series, _totals);

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
        var events = _frames[_next % Frames];
        _places.Find(events, _decisions, _rows);
        _totals.Add(events, _places.Places, _places.AtMs, _next++);
        return _totals.DirtyCount;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = EventsPerFrame)]
    public int OneDictionary()
    {
        var events = _frames[_next++ % Frames];
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
