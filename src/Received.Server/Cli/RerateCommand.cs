using System.CommandLine;
using Received.Server.Api;

namespace Received.Server.Cli;

/// <summary><c>received rerate</c>: law 5 for totals; exit code 1 where one differs.</summary>
static class RerateCommand
{
    public static Command Make(Output output)
    {
        var data = CommonOptions.Data();
        var command = new Command("rerate", "Make all totals anew beside the live ones and compare them.") { data };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            await using var link = await new CommandFolder(parse.GetValue(data)).LinkAsync(cancellation);
            using var response = await link.SendAsync(HttpMethod.Post, "/api/admin/rerate", null, cancellation);
            var answer = (await response.Content.ReadFromJsonAsync(ApiJson.Default.RerateAnswer, cancellation))!;
            output.Line(
                $"{answer.Events} events in {answer.Frames} frames rated anew in {answer.Seconds:0.0} s, "
                + $"{answer.Lines} lines compared: {(answer.Equal ? "all equal." : "NOT equal.")}");
            foreach (var difference in answer.Differences)
                output.Line($"line {difference.Line}\n  live: {difference.Live}\n  anew: {difference.Anew}");
            return answer.Equal ? ExitCode.Ok : ExitCode.Refused;
        }));
        return command;
    }
}
