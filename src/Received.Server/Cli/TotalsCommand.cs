using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Received.Server.Api;

namespace Received.Server.Cli;

/// <summary><c>received totals</c>: what <c>GET /api/usage/totals</c> answers, as a table or a file.</summary>
static class TotalsCommand
{
    static readonly string[] Formats = ["table", "csv", "json", "parquet"];
    static readonly string[] Groups = ["window", "hour", "day", "month", "none"];

    static readonly IReadOnlyList<string> Columns =
    [
        "start", "end", "customer", "name", "product", "name", "asserts", "quantity", "events",
    ];

    public static Command Make(Output output)
    {
        var account = CommonOptions.Account();
        var filters = new[]
        {
            Filter("customer", "Only this customer_ref."), Filter("product", "Only this usage_product_ref."),
            Filter("from", "Start: an instant with an offset, or a date in --zone. Default: the current month."),
            Filter("to", "End, not included."), Filter("zone", "IANA time zone of days and months. Default: UTC."),
        };
        var group = new Option<string>("--group")
        {
            Description = string.Join(", ", Groups),
            DefaultValueFactory = _ => "none",
        };
        group.AcceptOnlyFromAmong(Groups);
        var format = new Option<string>("--format")
        {
            Description = string.Join(", ", Formats),
            DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong(Formats);
        var file = new Option<string?>("--output", "-o") { Description = "Write to this file.", HelpName = "FILE" };
        var data = CommonOptions.Data();
        var command = new Command("totals", "Show or export usage totals.") { account, group, format, file, data };
        foreach (var filter in filters) command.Options.Add(filter);
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var folder = new CommandFolder(parse.GetValue(data));
            var name = await folder.AccountAsync(parse.GetValue(account), cancellation);
            var query = new StringBuilder("/api/usage/totals?group=")
                .Append(parse.GetValue(group) is "none" ? "total" : parse.GetValue(group));
            foreach (var filter in filters)
                if (parse.GetValue(filter) is { } value)
                    query.Append('&').Append(filter.Name.TrimStart('-')).Append('=')
                        .Append(Uri.EscapeDataString(value));
            await using var link = await folder.LinkAsync(cancellation);
            var request = new TotalsSource(link, name, query.ToString());
            await WriteAsync(output, request, parse.GetValue(format)!, parse.GetValue(file), cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }

    static Option<string?> Filter(string name, string description) => new("--" + name) { Description = description };

    static async Task WriteAsync(
        Output output, TotalsSource source, string format, string? file, CancellationToken cancellation)
    {
        if (format == "table" && file is null)
        {
            var rows = new List<IReadOnlyList<string>>();
            await foreach (var item in source.ItemsAsync(cancellation)) rows.Add(ToRow(item));
            output.Table(Columns, rows);
            return;
        }

        if (format == "parquet" && file is null && !Console.IsOutputRedirected)
            throw new CommandException("Parquet is no text: name a file with -o.");
        await using var target = file is null ? Console.OpenStandardOutput() : OpenFile(file);
        switch (format)
        {
            case "csv":
                await source.CopyAsync("csv", target, cancellation);
                break;
            case "parquet":
                await source.CopyAsync("parquet", target, cancellation);
                break;
            case "json":
                await WriteJsonAsync(source, target, cancellation);
                break;
            default:
                throw new CommandException("A table is for the eye: choose --format csv, json or parquet for a file.");
        }
    }

    static FileStream OpenFile(string file) => new(file, FileMode.Create, FileAccess.Write);

    static async Task WriteJsonAsync(TotalsSource source, Stream target, CancellationToken cancellation)
    {
        await using var writer = new Utf8JsonWriter(
            target, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteStartArray("items");
        await foreach (var item in source.ItemsAsync(cancellation))
        {
            JsonSerializer.Serialize(writer, item, ApiJson.Default.TotalItem);
            // The writer holds what it has until told; an export may be long.
            if (writer.BytesPending > 64 * 1024) await writer.FlushAsync(cancellation);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    static IReadOnlyList<string> ToRow(TotalItem item) =>
    [
        item.Start, item.End, item.CustomerRef, item.CustomerName ?? "", item.UsageProductRef,
        item.UsageProductName ?? "",
        $"{item.Currency} {item.EntityRef}".Trim(), item.Quantity, item.Count.ToString(),
    ];
}
