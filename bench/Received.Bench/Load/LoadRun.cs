using System.Diagnostics;

namespace Received.Bench.Load;

/// <summary>
/// A load: every connection sends its next request when the last one is answered, or when it is due. Prints what was
/// acknowledged, so that it can be compared with the totals.
/// </summary>
static class LoadRun
{
    public static async Task<int> RunAsync(string[] args)
    {
        LoadOptions options;
        try
        {
            options = LoadOptions.Parse(args);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or UriFormatException)
        {
            Console.Error.WriteLine(e.Message);
            Console.Error.WriteLine(LoadOptions.Help);
            return 2;
        }

        var bodies = new LoadBodies(options, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        var connections = Enumerable.Range(0, options.Connections)
            .Select(number => new LoadConnection(options, bodies, number)).ToList();
        var measureFrom = Stopwatch.GetTimestamp() + (options.WarmUpSeconds * Stopwatch.Frequency);
        var measureTo = measureFrom + (options.Seconds * Stopwatch.Frequency);
        await Task.WhenAll(connections.Select(connection => Task.Run(
            () => connection.RunAsync(measureFrom, measureTo))));
        Print(options, connections);
        connections.ForEach(connection => connection.Dispose());
        return connections.Any(connection => connection.Refused > 0) ? 1 : 0;
    }

    static void Print(LoadOptions options, List<LoadConnection> connections)
    {
        var latencies = connections.SelectMany(connection => connection.LatenciesMs).Order().ToArray();
        double At(double share) => latencies.Length == 0
            ? 0
            : latencies[Math.Min(latencies.Length - 1, (int)(latencies.Length * share))];
        var measured = connections.Sum(connection => connection.Measured);
        var keyed = options.Keyed ? "keyed" : "unkeyed";
        Console.WriteLine($"{options.Connections} connections, {options.Batch} events a request, {keyed}");
        Console.WriteLine($"  acknowledged    {measured / (double)options.Seconds:N0} events/s");
        Console.WriteLine($"  latency         p50 {At(0.5):N2} ms, p99 {At(0.99):N2} ms, max {At(1):N2} ms");
        Console.WriteLine($"  in all          {connections.Sum(connection => connection.Acknowledged):N0} events");
        Console.WriteLine($"  not 200         {connections.Sum(connection => connection.Refused):N0} requests");
        var refusal = connections.Select(connection => connection.FirstRefusal).FirstOrDefault(text => text != null);
        if (refusal is not null) Console.WriteLine(refusal);
    }
}
