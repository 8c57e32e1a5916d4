using System.Diagnostics;
using Received.Bench.Load;
using Received.Bench.Ordinary;
using Received.Bench.Servers;

namespace Received.Bench.Compare;

/// <summary>A server in a process of its own, and the generator's connections to it.</summary>
abstract class Contender : IAsyncDisposable
{
    public abstract string Name { get; }

    /// <summary>What it does, in words.</summary>
    public abstract string What { get; }

    public abstract Task<ContenderRound> RunAsync(TimeSpan duration);

    public abstract ValueTask DisposeAsync();
}

/// <summary>One round of one server.</summary>
/// <param name="RatedPerS">Events by the time until the totals held them all; null where there are no totals.</param>
/// <param name="ServerNsPerEvent">Processor time of the server.</param>
sealed record ContenderRound(
    double AcknowledgedPerS, double? RatedPerS, double P50Ms, double P99Ms, double ServerNsPerEvent,
    double GeneratorNsPerEvent);

/// <summary>Ours: everything on, up to totals and archive.</summary>
sealed class OursContender(ReceivedServer server, LoadGenerator generator, LoadBodies bodies) : Contender
{
    readonly LoadTarget _target = new(server.Api, server.Process.Pid, generator);
    long _refused;

    public override string Name => "ours";

    public override string What => "Received, durable and rated";

    public override async Task<ContenderRound> RunAsync(TimeSpan duration)
    {
        var run = await _target.RunAsync(duration);
        _refused += run.Refused;
        return new(
            run.AcknowledgedPerS, run.RatedPerS, run.P50Ms, run.P99Ms, run.ServerNsPerEvent ?? 0,
            run.GeneratorNsPerEvent);
    }

    /// <summary>Whether every total is what was acknowledged, and nothing was refused.</summary>
    public async Task<bool> AgreesAsync() =>
        _refused == 0 && bodies.Acknowledged().Compare([], await server.Api.TotalsAsync(bodies.From)).Count == 0;

    public override async ValueTask DisposeAsync()
    {
        generator.Dispose();
        await server.DisposeAsync();
    }
}

/// <summary>One of this program's hidden servers.</summary>
sealed class ChildContender : Contender
{
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// One SQLite takes one INSERT after the other: more connections would not make it faster, but each would have a
    /// batch of seconds under way when its turn ends.
    /// </summary>
    const int SlowConnections = 2;

    readonly ChildProcess _process;
    readonly string _folder;
    readonly LoadGenerator _generator;

    ChildContender(string name, string what, ChildProcess process, string folder, LoadGenerator generator)
    {
        Name = name;
        What = what;
        _process = process;
        _folder = folder;
        _generator = generator;
    }

    public override string Name { get; }

    public override string What { get; }

    /// <summary>Kestrel that reads the body and answers.</summary>
    /// <param name="pool">"ours" or "default".</param>
    public static Task<ChildContender> ReadOnlyAsync(string pool, LoadShape shape, LoadBodies bodies) => StartAsync(
        $"read_only_{pool}_pool", $"Kestrel that only reads and answers, {pool} memory pool", shape, bodies,
        (port, _) => [ReadOnlyServer.Command, $"{port}", pool]);

    /// <summary>Minimal API and SQLite.</summary>
    /// <param name="transaction">"event" or "batch".</param>
    public static Task<ChildContender> OrdinaryAsync(string transaction, LoadShape shape, LoadBodies bodies) =>
        StartAsync(
            $"ordinary_per_{transaction}", $"ASP.NET and SQLite, a transaction each {transaction}",
            shape.Batch > 1 && transaction == "event" ? shape with { Connections = SlowConnections } : shape, bodies,
            (port, folder) => [OrdinaryServer.Command, Url(port).OriginalString, Path.Combine(folder, "events.db"),
                transaction]);

    public override Task<ContenderRound> RunAsync(TimeSpan duration)
    {
        var processor = OfProcess.Processor(_process.Pid);
        var result = _generator.Run(duration);
        if (result.Refused > 0) throw new BenchException($"{What} refused: {result.FirstRefusal}");
        var perEvent = (OfProcess.Processor(_process.Pid) - processor).TotalNanoseconds / Math.Max(1, result.Events);
        return Task.FromResult(new ContenderRound(
            result.PerSecond, null, result.Latencies.Ms(0.5), result.Latencies.Ms(0.99), perEvent,
            result.Processor.TotalNanoseconds / Math.Max(1, result.Events)));
    }

    public override async ValueTask DisposeAsync()
    {
        _generator.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    static async Task<ChildContender> StartAsync(
        string name, string what, LoadShape shape, LoadBodies bodies, Func<int, string, string[]> arguments)
    {
        var folder = Directory.CreateTempSubdirectory("received-bench-").FullName;
        var port = ChildProcess.FreePort();
        var output = Path.Combine(folder, "output.txt");
        var process = ChildProcess.OfThisProgram(output, arguments(port, folder));
        using (var api = new ServerApi(Url(port), "none", TimeProvider.System))
        {
            // Any answer will do: it listens.
            while (await api.ReportAsync("{}") is null)
            {
                if (process.HasEnded || Stopwatch.GetElapsedTime(process.Started) > StartLimit)
                    throw new BenchException($"{what} does not start: {await File.ReadAllTextAsync(output)}");
                await Task.Delay(Look);
            }
        }

        return new(
            name, what, process, folder, new(shape, bodies, Url(port), TimeProvider.System.GetUtcNow()));
    }

    static Uri Url(int port) => new($"http://127.0.0.1:{port}");
}
