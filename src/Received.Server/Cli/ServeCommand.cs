using System.CommandLine;
using Received.Server.Api;
using Received.Server.Demo.Billing;
using Received.Server.Hosting;
using Received.Server.Options;

namespace Received.Server.Cli;

/// <summary>
/// <c>received serve</c>: runs until SIGTERM or Ctrl-C, then finishes what was accepted and ends with 0.
/// </summary>
static class ServeCommand
{
    public const string Name = "serve";

    /// <summary>Hidden: a clock for the demo, which cannot wait for the day of invoices.</summary>
    public const string ClockOption = "--demo-clock";

    public static Command Make(Output output)
    {
        var data = CommonOptions.Data();
        var urls = new Option<string?>("--urls")
        {
            Description = "Where to listen. Default: the setting Received__Urls, or http://127.0.0.1:8480.",
            HelpName = "URLS",
        };
        var roles = new Option<string?>("--roles")
        {
            Description = "What this process does, with commas between. Default: the setting Received__Roles, or "
                + $"{RoleNames.All}. Fewer need Kafka and ClickHouse.",
            HelpName = "ROLES",
        };
        var clock = new Option<DateTimeOffset?>(ClockOption) { Hidden = true };
        var command = new Command(Name, "Take events, rate them, invoice them, answer questions.")
        {
            data, urls, roles, clock,
        };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var settings = Settings.Read(new()
            {
                ["Received:Data"] = parse.GetValue(data),
                ["Received:Urls"] = parse.GetValue(urls),
                ["Received:Roles"] = parse.GetValue(roles),
            });
            await RunAsync(settings, parse.GetValue(clock), cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }

    static async Task RunAsync(Settings settings, DateTimeOffset? clock, CancellationToken cancellation)
    {
        await using var app = await Compose.BuildAsync(
            settings, ServerUse.Public, cancellation, time: clock is { } now ? MovedClock.At(now) : null);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (InvalidOperationException e)
        {
            // An https address without a certificate, say.
            throw new CommandException($"The server cannot start on {settings.Server.Urls}: {e.Message}");
        }

        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Received.Server");
        var engine = app.Services.GetRequiredService<Engine>();
        var token = app.Services.GetRequiredService<ControlToken>();
        ServerFile.DeleteStale(settings.Folder);
        var file = ServerFile.PathIn(settings.Folder, isOnly: !settings.IsShared);
        new ServerFile(ListenAddress.Of(app), Environment.ProcessId, token.Text, Environment.MachineName).Write(file);
        try
        {
            app.Lifetime.ApplicationStopping.Register(logger.Stopping);
            if (clock is { } moved) logger.ClockMoved(moved);
            logger.Listening(
                string.Join(' ', ListenAddress.All(app)), settings.Folder, RoleNames.Format(settings.Roles),
                engine.Adapters);
            if (engine.Refusal is { } refusal) logger.EngineRefused(refusal);
            await app.WaitForShutdownAsync(cancellation);
        }
        finally
        {
            // While the lock is still held: a server that takes the folder next has a file of its own.
            ServerFile.Delete(file);
        }
    }
}
