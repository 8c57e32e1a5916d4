using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Received.Server.Ops;

namespace Received.Server.Cli;

/// <summary>
/// <c>received health</c>: what a server's health endpoint says, as an exit code: for images without a program that
/// could ask.
/// </summary>
static class HealthCommand
{
    const string UrlDefault = "http://127.0.0.1:8480";

    // A container engine's own patience is of this order.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public static Command Make(Output output)
    {
        var url = new Option<Uri>("--url")
        {
            Description = $"Where the server listens. Default: {UrlDefault}.",
            DefaultValueFactory = _ => new(UrlDefault),
            CustomParser = ToUri,
            HelpName = "URL",
        };
        var live = new Option<bool>("--live") { Description = "Only whether it answers, not whether it is ready." };
        var command = new Command("health", "Ask a server whether it is ready; exit code 1 where it is not.")
        {
            url, live,
        };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
            var path = parse.GetValue(live) ? "/health/live" : "/health/ready";
            using var answer = await http.GetAsync(new Uri(parse.GetRequiredValue(url), path), cancellation);
            var health = await answer.Content.ReadFromJsonAsync<HealthAnswer>(JsonSerializerOptions.Web, cancellation);
            output.Line(health?.Status ?? "unknown");
            foreach (var problem in health?.Problems ?? []) output.Line(problem);
            return answer.IsSuccessStatusCode ? ExitCode.Ok : ExitCode.Refused;
        }));
        return command;
    }

    static Uri? ToUri(ArgumentResult argument)
    {
        var text = argument.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme is "http" or "https"))
            return url;
        argument.AddError($"'{text}' must be an address such as {UrlDefault}.");
        return null;
    }
}
