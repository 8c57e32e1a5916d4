using System.CommandLine;
using Received.Server.Cli;
using Spectre.Console;

namespace Received.Server.Demo;

/// <summary><c>received demo</c>: the whole way on this machine; exit code 1 when a figure does not agree.</summary>
static class DemoCommand
{
    const long EventsDefault = 1_000_000;
    const long EventsMax = 100_000_000;

    // Wide enough for the tables where output is redirected and no terminal tells its width.
    const int RedirectedWidth = 120;

    public static Command Make(Output output)
    {
        var data = new Option<string?>("--data")
        {
            Description = "An empty folder for the demo, which stays. Default: a temporary one, which goes.",
            HelpName = "DIR",
        };
        var events = new Option<long>("--events")
        {
            Description = "How many distinct events to stream.",
            DefaultValueFactory = _ => EventsDefault,
        };
        events.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<long>() is < DemoPlan.ChunkSize or > EventsMax)
                result.AddError($"--events takes {DemoPlan.ChunkSize} to {EventsMax}.");
        });
        var command = new Command("demo", "Stream a million events, kill the server half way, and prove every total.")
        {
            data, events,
        };
        command.SetAction((parse, cancellation) => Run.Guarded(
            output, () => RunAsync(parse.GetValue(data), parse.GetValue(events), cancellation)));
        return command;
    }

    static async Task<int> RunAsync(string? data, long events, CancellationToken cancellation)
    {
        var folder = data is null
            ? Directory.CreateTempSubdirectory("received-demo-").FullName
            : Path.GetFullPath(data);
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = RedirectedWidth;
        try
        {
            var run = new DemoRun(console, TimeProvider.System, events, folder, DemoRun.RandomSeed());
            return await run.RunAsync(cancellation) ? ExitCode.Ok : ExitCode.Refused;
        }
        finally
        {
            if (data is null) Directory.Delete(folder, recursive: true);
        }
    }
}
