using System.CommandLine;
using Received.Server.Api;
using Received.Server.Api.Billing;

namespace Received.Server.Cli;

/// <summary><c>received verify INVOICE</c>: law 5 for an invoice; exit code 1 where it differs.</summary>
static class VerifyCommand
{
    static readonly IReadOnlyList<string> Columns =
    [
        "line", "product", "from", "to", "billed quantity", "rated anew", "billed amount", "priced anew", "equal",
    ];

    public static Command Make(Output output)
    {
        var invoice = new Argument<string>("INVOICE") { Description = "The invoice's id, such as inv_17." };
        var account = CommonOptions.Account();
        var data = CommonOptions.Data();
        var command = new Command("verify", "Make an invoice anew from the log and compare it, byte for byte.")
        {
            invoice, account, data,
        };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var folder = new CommandFolder(parse.GetValue(data));
            var name = await folder.AccountAsync(parse.GetValue(account), cancellation);
            await using var link = await folder.LinkAsync(cancellation);
            using var response = await link.SendAsync(
                HttpMethod.Post, $"/api/invoices/{Uri.EscapeDataString(parse.GetValue(invoice)!)}/verify", name,
                cancellation);
            var answer = (await response.Content.ReadFromJsonAsync(ApiJson.Default.VerifyAnswer, cancellation))!;
            output.Table(Columns, answer.Lines.Select(ToRow));
            foreach (var difference in answer.Differences) output.Line(difference);
            output.Line(
                $"{answer.Events} events in {answer.Frames} frames rated anew: the invoice is "
                + (answer.Equal ? "equal, byte for byte." : "NOT equal."));
            return answer.Equal ? ExitCode.Ok : ExitCode.Refused;
        }));
        return command;
    }

    static IReadOnlyList<string> ToRow(VerifyLine line) =>
    [
        line.LineRef, line.Product, line.Start, line.End, line.Quantity ?? "", line.QuantityAnew ?? "",
        line.Amount ?? "", line.AmountAnew ?? "", line.Equal ? "yes" : "NO",
    ];
}
