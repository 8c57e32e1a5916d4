using BenchmarkDotNet.Attributes;
using Received.Rating;

namespace Received.Bench.Micro;

/// <summary>
/// Identities among ten million known ones, others each time, so that none is in the processor's cache; the ordinary
/// way is a set, of ten times the memory.
/// </summary>
[MemoryDiagnoser]
public class FilterBench
{
    const int Known = 10_000_000;
    const int Asked = 1_000_000;
    const int AskedAtOnce = 1000;
    const long LogTimeMs = 1_707_123_332_160;

    readonly KeyFilter _filter = new();
    readonly HashSet<UInt128> _set = [];
    UInt128[] _asked = [];
    int _next;

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

    [Benchmark(OperationsPerInvoke = AskedAtOnce)]
    public int Filter()
    {
        var suspected = 0;
        foreach (var identity in Next()) if (_filter.AddOrSuspect(identity, LogTimeMs)) suspected++;
        return suspected;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = AskedAtOnce)]
    public int Set()
    {
        var known = 0;
        foreach (var identity in Next()) if (!_set.Add(identity)) known++;
        return known;
    }

    ReadOnlySpan<UInt128> Next()
    {
        _next = (_next + AskedAtOnce) % Asked;
        return _asked.AsSpan(_next, AskedAtOnce);
    }

    static UInt128 Identity(Random random) => new((ulong)random.NextInt64(), (ulong)random.NextInt64());
}
