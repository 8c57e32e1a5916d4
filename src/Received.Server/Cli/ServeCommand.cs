using System.CommandLine;
using Received.Server.Api;
using Received.Server.Hosting;
using Received.Server.Options;

namespace Received.Server.Cli;

/// <summary>
/// <c>received serve</c>: runs until SIGTERM or Ctrl-C, then finishes what was accepted and ends with 0.
/// </summary>
static class ServeCommand
{
    public const string Name = "serve";

    public static Command Make(Output output)
    {
        var data = CommonOptions.Data();
        var urls = new Option<string?>("--urls")
        {
            Description = "Where to listen. Default: the setting Received__Urls, or http://127.0.0.1:8480.",
            HelpName = "URLS",
        };
        var command = new Command(Name, "Take events, rate them, answer questions.") { data, urls };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var settings = Settings.Read(new()
            {
                ["Received:Data"] = parse.GetValue(data),
                ["Received:Urls"] = parse.GetValue(urls),
            });
            await RunAsync(settings, cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }

    static async Task RunAsync(Settings settings, CancellationToken cancellation)
    {
        await using var app = await Compose.BuildAsync(settings, ServerRole.Public, cancellation);
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
        new ServerFile(
            ListenAddress.Of(app), Environment.ProcessId, app.Services.GetRequiredService<ControlToken>().Text)
            .Write(settings.Folder);
        try
        {
            app.Lifetime.ApplicationStopping.Register(logger.Stopping);
            logger.Listening(string.Join(' ', ListenAddress.All(app)), settings.Folder, Engine.Adapters);
            if (app.Services.GetRequiredService<Engine>().Refusal is { } refusal) logger.EngineRefused(refusal);
            await app.WaitForShutdownAsync(cancellation);
        }
        finally
        {
            // While the lock is still held: a server that takes the folder next has a file of its own.
            ServerFile.Delete(settings.Folder);
        }
    }
}
