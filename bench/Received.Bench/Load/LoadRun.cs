using System.Globalization;
using Received.Bench.Results;
using Received.Bench.Servers;

namespace Received.Bench.Load;

/// <summary>The command <c>load</c>.</summary>
static class LoadRun
{
    const int DifferencesShown = 10;

    /// <returns>0 when every total is what was acknowledged and nothing was refused.</returns>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static async Task<int> RunAsync(string[] args)
    {
        var options = LoadOptions.Parse(args);
        if (options.Url is { } url)
        {
            using var api = new ServerApi(url, options.Key!, TimeProvider.System);
            return await RunAsync(options, api, url, options.Key!, null);
        }

        Console.WriteLine($"server {options.Program}");
        await using var server = await ReceivedServer.StartAsync(
            options.Program, TimeProvider.System, options.Settings);
        return await RunAsync(options, server.Api, server.Url, server.Key, server);
    }

    static async Task<int> RunAsync(LoadOptions options, ServerApi api, Uri url, string key, ReceivedServer? server)
    {
        var now = TimeProvider.System.GetUtcNow();
        var bodies = new LoadBodies(options.Shape, key, now);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{options.Shape}; {bodies.BytesPerEvent:N0} bytes an event"));
        var before = await api.TotalsAsync(bodies.From);
        using var generator = new LoadGenerator(options.Shape, bodies, url, now);
        var target = new LoadTarget(api, server?.Process.Pid, generator);
        var refused = 0L;
        if (options.WarmUp > TimeSpan.Zero) refused += (await target.RunAsync(options.WarmUp)).Refused;
        var runs = new List<LoadFigures>();
        for (var i = 0; i < options.Runs; i++)
        {
            runs.Add(await target.RunAsync(options.Duration));
            LoadReport.PrintRun(runs[^1]);
        }

        refused += runs.Sum(run => run.Refused);
        var differences = bodies.Acknowledged().Compare(before, await api.TotalsAsync(bodies.From));
        var result = new LoadResultFile
        {
            What = options.Shape.ToString(),
            Shape = options.Shape,
            BytesPerEvent = bodies.BytesPerEvent,
            FirstEventMs = server?.FirstEventAfter.TotalMilliseconds,
            PeakResidentMib = server is null ? null : OfProcess.PeakResidentBytes(server.Process.Pid) >> 20,
            TotalsAgree = differences.Count == 0,
            Runs = runs,
        };
        LoadReport.Print(result);
        if (refused > 0) Console.WriteLine($"refused  {refused:N0} requests; the first: {target.FirstRefusal}");
        foreach (var difference in differences.Take(DifferencesShown)) Console.WriteLine(difference);
        if (options.Json is not null) ResultFile.Write(options.Json, result);
        if (options.Save) ResultFile.Save($"load-{options.Shape.Slug}", result);
        return differences.Count == 0 && refused == 0 ? 0 : 1;
    }
}
