using System.Globalization;
using Received.Bench.Load;
using Received.Bench.Results;
using Received.Bench.Servers;

namespace Received.Bench.Soak;

/// <summary>
/// The command <c>soak</c>: minutes at a steady rate with a log that forgets after seconds, then the audit. It fails
/// when memory goes on growing, when the log does, when loops fall behind, or when a figure is wrong.
/// </summary>
static class SoakRun
{
    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    public static string Help => $"""
        received-bench soak
        {LoadShape.Help}
          --minutes N       (10)    --seconds N   instead, for a short look
          --every N         seconds between samples (10)
          --memory-mib N    how much more the server may hold at the end than half way, beside 4 bytes a key (64)
          --lag N           seconds that rating or archive may be behind at the end (10)
          --server FILE     the program to start     --set NAME=VALUE,...  environment variables for it
          --save            the figures as JSON, into bench/results/<machine>
          By default 200000 events/s are due.
        """;

    /// <summary>Small segments, forgotten soon, so that minutes show what weeks would.</summary>
    static Dictionary<string, string> Settings(IReadOnlyDictionary<string, string> given) => new(given
        .Concat(new Dictionary<string, string>
        {
            ["Received__Log__SegmentBytes"] = "16777216",
            ["Received__Log__RetentionMin"] = "00:00:15",
            ["Received__Rating__RetentionEvery"] = "00:00:05",
        }).DistinctBy(pair => pair.Key));

    /// <returns>0 when nothing was found wrong.</returns>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var shape = LoadShape.Read(arguments);
        if (shape.Rate == 0) shape = shape with { Rate = 200_000 };
        var minutes = arguments.Number("--minutes", 10, 1);
        var duration = TimeSpan.FromSeconds(arguments.Number("--seconds", minutes * 60, 1));
        var every = TimeSpan.FromSeconds(arguments.Number("--every", 10, 1));
        var limits = new SoakLimits(arguments.Number("--memory-mib", 64), arguments.Number("--lag", 10));
        var program = arguments.Text("--server") ?? ReceivedServer.ProgramDefault;
        var settings = Settings(LoadOptions.ReadSettings(arguments.Text("--set")));
        var save = arguments.Flag("--save");
        arguments.Check();
        Console.WriteLine($"{shape}; {duration}");
        await using var server = await ReceivedServer.StartAsync(program, TimeProvider.System, settings);
        var result = await RunAsync(server, shape, duration, every, limits);
        SoakReport.Print(result);
        if (save) ResultFile.Save($"soak-{shape.Slug}", result);
        return result.Findings.Count == 0 ? 0 : 1;
    }

    static async Task<SoakResult> RunAsync(
        ReceivedServer server, LoadShape shape, TimeSpan duration, TimeSpan every, SoakLimits limits)
    {
        var now = TimeProvider.System.GetUtcNow();
        var bodies = new LoadBodies(shape, server.Key, now);
        using var generator = new LoadGenerator(shape, bodies, server.Url, now);
        var target = new LoadTarget(server.Api, server.Process.Pid, generator);
        await target.RunAsync(WarmUp);
        var samples = new List<SoakSample>();
        var load = Task.Run(() => target.RunAsync(duration));
        var started = TimeProvider.System.GetTimestamp();
        while (await Task.WhenAny(load, Task.Delay(every)) != load && !load.IsCompleted)
        {
            samples.Add(await SampleAsync(server, TimeProvider.System.GetElapsedTime(started)));
            SoakReport.Print(samples[^1]);
        }

        var figures = await load;
        // What comes after the last answer shows how loops drain, not whether memory is flat under load.
        var underLoad = samples.Where(sample => sample.AtS <= duration.TotalSeconds).ToList();
        var differences = bodies.Acknowledged().Compare([], await server.Api.TotalsAsync(bodies.From));
        var audit = await server.Api.AuditAsync();
        return new()
        {
            What = shape.ToString(),
            Shape = shape,
            Figures = figures,
            Samples = samples,
            Findings = [.. limits.Check(underLoad, shape), .. Check(audit, differences, figures)],
        };
    }

    static async Task<SoakSample> SampleAsync(ReceivedServer server, TimeSpan at)
    {
        var reading = await server.Api.ReadAsync();
        return new(
            at.TotalSeconds, OfProcess.ResidentBytes(server.Process.Pid) >> 20, reading.HeapBytes >> 20,
            server.DiskBytes("log") >> 20, server.DiskBytes() >> 20, reading.RatingLagSeconds,
            reading.ArchiveLagSeconds, reading.Gen2Collections, reading.Rated, reading.Archived);
    }

    static IEnumerable<string> Check(
        (bool? Balanced, long Accepted, long Counted) audit, List<string> differences, LoadFigures figures)
    {
        if (audit.Balanced != true) yield return "The audit does not balance.";
        if (audit.Accepted != audit.Counted)
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{audit.Accepted} events were accepted and {audit.Counted} counted.");
        if (figures.Refused > 0) yield return $"{figures.Refused} requests were refused.";
        if (differences.Count > 0) yield return $"{differences.Count} totals are wrong; the first: {differences[0]}";
    }
}
