using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Received.Server.Api.Billing;

namespace Received.Server.Cli;

/// <summary>
/// <c>received books</c>: the reports of <c>/api/ledger</c> as tables; exit code 1 where the check finds a difference.
/// </summary>
static class BooksCommand
{
    static readonly string[] Reports = ["balance", "revenue", "ageing", "check"];

    public static Command Make(Output output)
    {
        var report = new Argument<string>("report") { Description = string.Join(", ", Reports) };
        report.AcceptOnlyFromAmong(Reports);
        var month = new Option<string?>("--month")
        {
            Description = "Such as 2026-10: of the balance, or the last one of the revenue. Default: the current one.",
        };
        var account = CommonOptions.Account();
        var data = CommonOptions.Data();
        var command = new Command("books", "Show what the books say.") { report, month, account, data };
        command.SetAction((parse, cancellation) => Run.Guarded(output, async () =>
        {
            var folder = new CommandFolder(parse.GetValue(data));
            var name = await folder.AccountAsync(parse.GetValue(account), cancellation);
            await using var link = await folder.LinkAsync(cancellation);
            var to = parse.GetValue(month) is { } text ? Uri.EscapeDataString(text) : "";
            return parse.GetRequiredValue(report) switch
            {
                "balance" => Show(
                    output, LedgerItems.TrialBalance,
                    (await GetAsync(
                        link, name, $"/api/ledger/trial-balance?month={to}", LedgerJson.Default.TrialBalanceAnswer,
                        cancellation)).Items),
                "revenue" => Show(
                    output, LedgerItems.Revenue,
                    (await GetAsync(
                        link, name, $"/api/revenue?to={to}", LedgerJson.Default.RevenueAnswer, cancellation)).Items),
                "ageing" => Show(
                    output, LedgerItems.Ageing,
                    (await GetAsync(
                        link, name, "/api/receivables/ageing", LedgerJson.Default.AgeingAnswer, cancellation)).Items),
                _ => Show(output, await GetAsync(
                    link, name, "/api/ledger/check", LedgerJson.Default.BookCheckAnswer, cancellation)),
            };
        }));
        return command;
    }

    static async Task<T> GetAsync<T>(
        ServerLink link, string account, string path, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var response = await link.SendAsync(HttpMethod.Get, path, account, cancellation);
        return (await response.Content.ReadFromJsonAsync(type, cancellation))!;
    }

    static int Show<T>(Output output, IReadOnlyList<LedgerColumn<T>> columns, IReadOnlyList<T> items)
    {
        output.Table(
            [.. columns.Select(column => column.Name)],
            items.Select(item => (IReadOnlyList<string>)[.. columns.Select(column => column.Text(item) ?? "")]));
        return ExitCode.Ok;
    }

    static int Show(Output output, BookCheckAnswer check)
    {
        if (check.Right)
        {
            output.Line("Right: the books agree with themselves, with invoices and with payments.");
            return ExitCode.Ok;
        }

        output.Table(
            ["rule", "entity", "currency", "about", "books", "expected"],
            check.Differences.Select(line => (IReadOnlyList<string>)
            [
                line.Rule, line.EntityRef, line.Currency, line.Subject ?? "", line.Books, line.Expected,
            ]));
        return ExitCode.Refused;
    }
}
