using System.CommandLine;
using Received.Server.Cli;
using Received.Server.Options;
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
            Description = "An empty folder for the demo, which stays, and so do a topic and a database that it makes. "
                + "Default: a temporary one, and all of it goes.",
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
        var seed = new Option<ulong?>("--seed")
        {
            Description = "The same number gives the same events on the same day. Default: a random one.",
        };
        var totals = new Option<string?>("--totals")
        {
            Description = "Write all totals, window by window, to this CSV file: to compare runs.",
            HelpName = "FILE",
        };
        var documents = new Option<string?>("--documents")
        {
            Description = "Where the invoices go as PDF files. Default: a new temporary folder, which stays.",
            HelpName = "DIR",
        };
        var kafka = new Option<string?>("--kafka")
        {
            Description = "Kafka as the log: bootstrap servers. Default: the setting Received__Log__Kafka__"
                + "BootstrapServers, or segment files.",
            HelpName = "SERVERS",
        };
        var clickHouse = new Option<string?>("--clickhouse")
        {
            Description = "ClickHouse as the usage store: a connection string. Default: the setting Received__Usage__"
                + "ClickHouse__ConnectionString, or DuckDB.",
            HelpName = "CONNECTION",
        };
        var command = new Command(
            "demo",
            "Stream a million events, kill the server half way, invoice them, take the money, and prove every figure.")
        {
            data, events, seed, totals, documents, kafka, clickHouse,
        };
        command.SetAction((parse, cancellation) => Run.Guarded(output, () =>
        {
            var settings = Settings.Read(new()
            {
                [$"{Settings.KafkaSection}:BootstrapServers"] = parse.GetValue(kafka),
                [$"{Settings.ClickHouseSection}:ConnectionString"] = parse.GetValue(clickHouse),
                ["Received:Roles"] = RoleNames.All,
            });
            var plan = new DemoPlan(
                parse.GetValue(events), TimeProvider.System.GetUtcNow(), parse.GetValue(seed) ?? DemoRun.RandomSeed());
            return RunAsync(
                parse.GetValue(data), plan, new(settings), parse.GetValue(totals), parse.GetValue(documents),
                cancellation);
        }));
        return command;
    }

    static async Task<int> RunAsync(
        string? data, DemoPlan plan, DemoProfile profile, string? totals, string? documents,
        CancellationToken cancellation)
    {
        var folder = data is null
            ? Directory.CreateTempSubdirectory("received-demo-").FullName
            : Path.GetFullPath(data);
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = RedirectedWidth;
        try
        {
            var run = new DemoRun(console, TimeProvider.System, plan, profile, folder);
            var invoices = Directory.CreateDirectory(
                documents ?? Directory.CreateTempSubdirectory("received-invoices-").FullName).FullName;
            return await run.RunAsync(totals, invoices, cancellation) ? ExitCode.Ok : ExitCode.Refused;
        }
        finally
        {
            if (data is null)
            {
                Directory.Delete(folder, recursive: true);
                await profile.DropAsync(TimeProvider.System);
            }
        }
    }
}
