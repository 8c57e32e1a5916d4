using System.CommandLine;
using Received.Server.Api;

namespace Received.Server.Cli;

/// <summary>
/// <c>received audit</c>: law 3 at this moment; exit code 1 where it does not hold or cannot be told.
/// </summary>
static class AuditCommand
{
    static readonly IReadOnlyList<string> Columns =
    [
        "partition", "up to", "accepted", "counted", "duplicate", "conflict", "voided", "parked", "balanced",
    ];

    public static Command Make(Output output)
    {
        var data = CommonOptions.Data();
        var command = new Command("audit", "Check that every accepted event is accounted for.") { data };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            await using var link = await new CommandFolder(parse.GetValue(data)).LinkAsync(cancellation);
            using var response = await link.SendAsync(HttpMethod.Get, "/api/audit", null, cancellation);
            var audit = (await response.Content.ReadFromJsonAsync(ApiJson.Default.AuditAnswer, cancellation))!;
            output.Table(Columns, audit.Partitions.Append(audit.Total).Select(ToRow));
            output.Line(Verdict(audit));
            return audit.Balanced == true ? ExitCode.Ok : ExitCode.Refused;
        }));
        return command;
    }

    static string Verdict(AuditAnswer audit) => audit.Balanced switch
    {
        true => "Balanced: accepted = counted + duplicate + conflict + voided + parked.",
        false => "NOT balanced: events are missing or counted twice.",
        null => $"Unknown: {audit.Total.UnknownFrames} frame headers are broken, so nobody knows what they held.",
    };

    static IReadOnlyList<string> ToRow(AuditItem item) =>
    [
        item.Partition?.ToString() ?? "all",
        item.Offset is { } offset ? $"{item.Generation}/{offset}" : "",
        item.Accepted.ToString(),
        item.Counted.ToString(), item.Duplicate.ToString(), item.Conflict.ToString(), item.Voided.ToString(),
        item.Parked.Count == 0
            ? "0"
            : string.Join(", ", item.Parked.Select(entry => $"{entry.Key} {entry.Value}")),
        item.Balanced switch { true => "yes", false => "NO", null => "unknown" },
    ];
}
