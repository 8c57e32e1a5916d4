using BenchmarkDotNet.Attributes;
using Received.Bench.Scan;

namespace Received.Bench.Micro;

/// <summary>Body to frame beside System.Text.Json: what <c>scan</c> measures, for a quiet machine.</summary>
[MemoryDiagnoser]
public class ScanBench
{
    readonly byte[][] _bodies = ScanBodies.Make();
    readonly ScanWay[] _ways = new ScanWays(1).All();
    int _next;

    [Benchmark(OperationsPerInvoke = ScanBodies.EventsEach)]
    public void Scan() => Take(0);

    [Benchmark(OperationsPerInvoke = ScanBodies.EventsEach)]
    public void GeneralPath() => Take(1);

    [Benchmark(OperationsPerInvoke = ScanBodies.EventsEach)]
    public void ToFrame() => Take(2);

    [Benchmark(OperationsPerInvoke = ScanBodies.EventsEach, Baseline = true)]
    public void SystemTextJson() => Take(3);

    void Take(int way) => _ways[way].Take(_bodies[_next++ % ScanBodies.Count]);
}
