using System.Globalization;
using Received.Bench.Load;
using Received.Bench.Results;
using Received.Bench.Servers;

namespace Received.Bench.Compare;

/// <summary>
/// The command <c>compare</c>: several servers under the same load in one run, taking turns, so that what the machine
/// does meanwhile meets them all alike.
/// </summary>
static class CompareRun
{
    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    public static string Help => $"""
        received-bench compare
        {LoadShape.Help}
          --all             three comparisons: batches of 1000 unkeyed and keyed, single events
          --rounds N        how often each server has its turn (5)
          --seconds N       of a turn (3)
          --server FILE     our program: a published 'received' (the one beside this program)
          --save            the figures as JSON, into bench/results/<machine>
        """;

    /// <returns>0 when every total of ours is what was acknowledged.</returns>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var all = arguments.Flag("--all");
        var shape = LoadShape.Read(arguments);
        var rounds = arguments.Number("--rounds", 5, 1);
        var turn = TimeSpan.FromSeconds(arguments.Number("--seconds", 3, 1));
        var program = arguments.Text("--server") ?? ReceivedServer.ProgramDefault;
        var save = arguments.Flag("--save");
        arguments.Check();
        LoadShape[] shapes = all
            ? [new(), new() { Keyed = 1 }, new() { Batch = 1, Connections = 128 }]
            : [shape];
        var agrees = true;
        foreach (var one in shapes)
        {
            var result = await RunAsync(one, program, rounds, turn);
            Print(result);
            if (save) ResultFile.Save($"compare-{one.Slug}", result);
            agrees &= result.TotalsAgree;
        }

        return agrees ? 0 : 1;
    }

    static async Task<CompareResult> RunAsync(LoadShape shape, string program, int rounds, TimeSpan turn)
    {
        Console.WriteLine($"{shape}; {rounds} rounds of {turn.TotalSeconds:N0} s");
        var now = TimeProvider.System.GetUtcNow();
        var server = await ReceivedServer.StartAsync(program, TimeProvider.System);
        // The same bodies twice: what ours acknowledges is counted in its own.
        var bodies = new LoadBodies(shape, server.Key, now);
        var others = new LoadBodies(shape, server.Key, now);
        var ours = new OursContender(server, new(shape, bodies, server.Url, now), bodies);
        var contenders = new List<Contender> { ours };
        try
        {
            contenders.Add(await ChildContender.ReadOnlyAsync("ours", shape, others));
            contenders.Add(await ChildContender.ReadOnlyAsync("default", shape, others));
            contenders.Add(await ChildContender.OrdinaryAsync("event", shape, others));
            if (shape.Batch > 1) contenders.Add(await ChildContender.OrdinaryAsync("batch", shape, others));
            foreach (var contender in contenders) await contender.RunAsync(WarmUp);
            var measured = contenders.ToDictionary(contender => contender.Name, _ => new List<ContenderRound>());
            for (var round = 0; round < rounds; round++)
                foreach (var contender in contenders)
                    measured[contender.Name].Add(await contender.RunAsync(turn));
            return new()
            {
                What = shape.ToString(),
                Shape = shape,
                TotalsAgree = await ours.AgreesAsync(),
                PeakResidentMib = OfProcess.PeakResidentBytes(server.Process.Pid) >> 20,
                Servers = [.. contenders.Select(contender => ComparedServer.Of(
                    contender.Name, contender.What, measured[contender.Name], measured[ours.Name]))],
            };
        }
        finally
        {
            foreach (var contender in contenders) await contender.DisposeAsync();
        }
    }

    static void Print(CompareResult result)
    {
        foreach (var server in result.Servers)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {server.What,-54} {Text(server.AcknowledgedPerS)} events/s; p99 {server.P99Ms.Median:N2} ms; "
                    + $"{server.ServerNsPerEvent.Median:N0} ns of processor an event, of the generator "
                    + $"{server.GeneratorNsPerEvent.Median:N0}"));
            if (server.RatedPerS is { } rated) Console.WriteLine($"  {"  rated",-54} {Text(rated)} events/s");
            else
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {"  ours to it",-54} rated {Ratio(server.OursRatedRatio!)}, acknowledged "
                        + $"{Ratio(server.OursAcknowledgedRatio!)}"));
        }

        Console.WriteLine($"  totals {(result.TotalsAgree ? "all as acknowledged" : "WRONG")}, "
            + $"peak RSS of ours {result.PeakResidentMib} MiB");
    }

    static string Text(Spread spread) => string.Create(
        CultureInfo.InvariantCulture, $"{spread.Median,11:N0} ({spread.Least:N0} to {spread.Most:N0})");

    static string Ratio(Spread spread) => string.Create(
        CultureInfo.InvariantCulture, $"{spread.Median:N3} ({spread.Least:N3} to {spread.Most:N3})");
}
