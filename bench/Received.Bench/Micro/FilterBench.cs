using BenchmarkDotNet.Attributes;
using Received.Rating;

namespace Received.Bench.Micro;

/// <summary>A thousand identities among ten million known ones; the ordinary way is a set.</summary>
[MemoryDiagnoser]
public class FilterBench
{
    const int Known = 10_000_000;
    const int Asked = 1000;
    const long LogTimeMs = 1_707_123_332_160;

    readonly KeyFilter _filter = new();
    readonly HashSet<UInt128> _set = [];
    UInt128[] _asked = [];

    [GlobalSetup]
    public void Prepare()
    {
        var random = new Random(1);
        for (var i = 0; i < Known; i++)
        {
            var identity = Identity(random);
            _filter.AddOrSuspect(identity, LogTimeMs);
            _set.Add(identity);
        }

        // All of them are there: asking again leaves both as they are, so that each invocation meets the same.
        random = new Random(1);
        _asked =
        [
            .. Enumerable.Range(0, Known).Select(_ => Identity(random)).Where((_, i) => i % (Known / Asked) == 0),
        ];
    }

    [Benchmark(OperationsPerInvoke = Asked)]
    public int Filter()
    {
        var suspected = 0;
        foreach (var identity in _asked) if (_filter.AddOrSuspect(identity, LogTimeMs)) suspected++;
        return suspected;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Asked)]
    public int Set()
    {
        var known = 0;
        foreach (var identity in _asked) if (!_set.Add(identity)) known++;
        return known;
    }

    static UInt128 Identity(Random random) => new((ulong)random.NextInt64(), (ulong)random.NextInt64());
}
