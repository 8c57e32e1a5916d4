using System.Text.Json;
using Spectre.Console;

namespace Received.Server.Demo.Billing;

/// <summary>What finance looks at: invoices, ageing, trial balance, revenue by month, a line made anew.</summary>
sealed class BillingReport(IAnsiConsole console, BillingClient client, DemoContracts contracts)
{
    const int InvoicesShown = 12;

    static readonly string[] Owed = ["owed", "credit", "unapplied"];

    public async Task PrintAsync(
        IReadOnlyList<JsonElement> invoices, JsonElement verified, CancellationToken cancellation)
    {
        var shown = invoices.Take(InvoicesShown / 2).Concat(invoices.TakeLast(InvoicesShown / 2));
        Print(
            $"Invoices ({invoices.Count}, {InvoicesShown} shown)", shown,
            "number", "contract_ref", "state", "currency", "net:", "tax:", "total:", "open:");
        var ageing = await client.GetAsync("/api/receivables/ageing", cancellation);
        Print(
            $"Ageing on {ageing.GetProperty("date")}, {ageing.GetProperty("items").GetArrayLength()} customers",
            Items(ageing).Where(IsOpen),
            "entity_ref", "currency", "customer_name", "current:", "days_1_30:", "owed:", "credit:", "unapplied:");
        var last = contracts.BooksAt.AddMonths(-1).ToString("yyyy-MM");
        Print(
            $"Trial balance; {last} and before it are closed",
            Items(await client.GetAsync("/api/ledger/trial-balance", cancellation)),
            "entity_ref", "currency", "account", "opening:", "debit:", "credit:", "balance:");
        Print(
            "Revenue by month", Items(await client.GetAsync("/api/revenue", cancellation)),
            "month", "entity_ref", "product_ref", "currency", "amount:");
        Print(
            $"Verified: {invoices[0].GetProperty("number")}, made anew from {verified.GetProperty("events")} events of "
                + "the log", verified.GetProperty("lines").EnumerateArray(),
            "product", "start", "end", "quantity:", "quantity_anew:", "amount:", "amount_anew:");
    }

    static bool IsOpen(JsonElement item) => Owed.Any(
        name => item.GetProperty(name).GetString() is not ("0.00" or "0"));

    static IEnumerable<JsonElement> Items(JsonElement answer) => answer.GetProperty("items").EnumerateArray();

    /// <param name="columns">Fields; with a colon behind them numbers, which stand right.</param>
    void Print(string title, IEnumerable<JsonElement> items, params string[] columns)
    {
        var table = new Table().Title(title).Border(TableBorder.Rounded);
        foreach (var column in columns)
        {
            var heading = new TableColumn(column.TrimEnd(':').Replace('_', ' '));
            table.AddColumn(column.EndsWith(':') ? heading.RightAligned() : heading);
        }

        foreach (var item in items)
            table.AddRow([.. columns.Select(column => Markup.Escape(
                item.TryGetProperty(column.TrimEnd(':'), out var value) ? value.ToString() : ""))]);
        console.WriteLine();
        console.Write(table);
    }
}
