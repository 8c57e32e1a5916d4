using System.Diagnostics;
using System.Net;
using Received.Bench.Servers;

namespace Received.Bench.Load;

/// <summary>What one leg of a load came to, seen from the clients.</summary>
/// <param name="Seconds">Until the last answer.</param>
/// <param name="Processor">Of the generator.</param>
sealed record LoadResult(
    long Events, long Requests, double Seconds, long Refused, string? FirstRefusal,
    LatencyHistogram Latencies, TimeSpan Processor)
{
    public double PerSecond => Events / Seconds;
}

/// <summary>Connections to one server; a load on them as often as wanted, without sending a key twice.</summary>
sealed class LoadGenerator : IDisposable
{
    const int SeedBits = 22;
    const int ConnectionBits = 12;
    const int CounterBits = 30;

    readonly LoadShape _shape;
    readonly LoadConnection[] _connections;

    public LoadGenerator(LoadShape shape, LoadBodies bodies, Uri url, DateTimeOffset now)
    {
        _shape = shape;
        var address = Dns.GetHostAddresses(url.Host).First();
        var seed = (ulong)now.ToUnixTimeSeconds() & ((1ul << SeedBits) - 1);
        _connections = [.. bodies.Of(shape.Connections).Select((requests, number) => new LoadConnection(
            new(address, url.Port), requests,
            (((seed << ConnectionBits) | (uint)number) << CounterBits)))];
    }

    /// <param name="requestsMax">For each thread; it ends there, also before its time.</param>
    /// <exception cref="IOException">A connection broke, or the server does not answer.</exception>
    public LoadResult Run(TimeSpan duration, long requestsMax = long.MaxValue)
    {
        var count = Math.Min(_shape.Threads, _connections.Length);
        var parts = Enumerable.Range(0, count).Select(number => new LoadThread(
            _shape, [.. _connections.Where((_, i) => i % count == number)], count, number)).ToArray();
        var processor = OfProcess.Processor(Environment.ProcessId);
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var others = parts.Skip(1).Select(part => Task.Factory.StartNew(
            () => part.Run(start, end, requestsMax), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        parts[0].Run(start, end, requestsMax);
        Task.WaitAll(others);
        var latencies = new LatencyHistogram();
        foreach (var part in parts)
        {
            latencies.Add(part.Latencies);
            part.Dispose();
        }

        var last = parts.Max(part => part.LastAnswer);
        return new(
            parts.Sum(part => part.Acknowledged), parts.Sum(part => part.Requests),
            Math.Max(0.001, Stopwatch.GetElapsedTime(start, last).TotalSeconds), parts.Sum(part => part.Refused),
            parts.Select(part => part.FirstRefusal).FirstOrDefault(text => text is not null),
            latencies, OfProcess.Processor(Environment.ProcessId) - processor);
    }

    public void Dispose()
    {
        foreach (var connection in _connections) connection.Dispose();
    }
}
