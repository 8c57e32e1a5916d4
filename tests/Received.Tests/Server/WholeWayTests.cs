using System.Text.Json;
using Received.Model.Access;
using Received.Server.Demo.Billing;
using Xunit;

namespace Received.Tests.Server;

/// <summary>
/// The request that clients already send, followed over HTTP to the invoice's line, the payment, the journal and the
/// trial balance, for two customers whose month begins and ends at other instants, over a change of clocks. Figures
/// are worked out by hand.
/// </summary>
public sealed class WholeWayTests
{
    const string Entity = "55899733-32a0-4912-9d2e-a5b0f04dcdb6";
    const string Units = "bb50da07-c686-4688-8550-66305e17aab0";
    const string NewYork = "4096966d-5c1c-4e18-8b47-6a365e3c16ea";
    const string Kathmandu = "0b8d7bd4-6f4e-4b0a-9f0e-6a0d1d1c2f11";

    static readonly Dictionary<string, string?> Quick = new() { ["Received:Billing:InvoiceEvery"] = "00:00:01" };

    [Fact]
    public async Task A_months_usage_becomes_an_invoice_a_payment_and_revenue_to_the_cent()
    {
        // Clocks in New York go forward on March 8th; Kathmandu is 5:45 ahead of UTC all year.
        var clock = MovedClock.At(DateTimeOffset.Parse("2026-04-01T12:00:00Z"));
        await using var server = await RunningServer.StartAsync(settings: Quick, time: clock);
        var key = (await server.NewKeyAsync(
            "acme", Scopes.UsageWrite | Scopes.UsageRead | Scopes.BillingRead | Scopes.BillingWrite)).Secret;
        // March in New York is [03-01T05:00Z, 04-01T04:00Z), in Kathmandu [02-28T18:15Z, 03-31T18:15Z).
        string[] instants =
        [
            "2026-02-28T18:14:59.999Z", "2026-02-28T18:15:00.000Z", "2026-03-01T04:59:59.999Z",
            "2026-03-01T05:00:00.000Z", "2026-03-08T06:59:59.999Z", "2026-03-08T07:00:00.000Z",
            "2026-03-31T18:14:59.999Z", "2026-03-31T18:15:00.000Z", "2026-04-01T03:59:59.999Z",
            "2026-04-01T04:00:00.000Z",
        ];
        foreach (var customer in new[] { NewYork, Kathmandu })
            foreach (var (index, at) in instants.Index()) await ReportAsync(server, key, customer, at, 1 << index);
        // Only now: March has ended, and a contract that is there is invoiced at once. Later usage would be late.
        await server.CaughtUpAsync();
        await MakeContractsAsync(server, key);

        var invoices = await InvoicedAsync(server, key);
        // Events 3 to 8 in New York, 1 to 6 in Kathmandu: 504 and 126 units at 0.125, a fee of 10, 8.875 % on top.
        Assert.Equal(
            [(Kathmandu, "25.75", "2.29", "28.04"), (NewYork, "73.00", "6.48", "79.48")],
            invoices.Select(i => (Text(i, "customer_ref"), Text(i, "net"), Text(i, "tax"), Text(i, "total")))
                .OrderBy(i => i.Item4));
        var invoice = invoices.Single(i => Text(i, "customer_ref") == NewYork);
        var whole = await server.GetAsync($"/api/invoices/{Text(invoice, "id")}", key);
        Assert.Equal(
            [("base", "1", "10.00"), ("units", "504", "63.00")],
            whole.GetProperty("invoice").GetProperty("lines").EnumerateArray()
                .Select(line => (Text(line, "line_ref"), Text(line, "quantity"), Text(line, "amount"))));

        await PaidAsync(server, key, invoice);
        await AssertBooksAsync(server, key);
    }

    static async Task PaidAsync(RunningServer server, string key, JsonElement invoice)
    {
        await PostAsync(
            server, key, "/api/payments",
            $$"""
            {"amount":"80.00","currency":"USD","received_on":"2026-04-01","reference":"{{Text(invoice, "number")}}",
             "external_id":"bank-1","invoices":["{{Text(invoice, "id")}}"]}
            """);
        var paid = await server.GetAsync($"/api/invoices/{Text(invoice, "id")}", key);
        Assert.Equal("paid", Text(paid.GetProperty("summary"), "state"));
        Assert.Equal("0.00", Text(paid.GetProperty("summary"), "open"));
    }

    static async Task AssertBooksAsync(RunningServer server, string key)
    {
        // The entity is of New York: of March in Kathmandu, 10 h 45 min and 6 units are of its February.
        var revenue = await server.GetAsync("/api/revenue?from=2026-02&to=2026-04", key);
        Assert.Equal(
            [
                ("2026-02", "base", "0.14"), ("2026-02", Units, "0.75"), ("2026-03", "base", "19.86"),
                ("2026-03", Units, "78.00"),
            ],
            revenue.GetProperty("items").EnumerateArray()
                .Select(item => (Text(item, "month"), Text(item, "product_ref"), Text(item, "amount")))
                .OrderBy(item => item.Item1, StringComparer.Ordinal).ThenByDescending(item => item.Item2.Length < 8));
        var balance = await server.GetAsync("/api/ledger/trial-balance?month=2026-04", key);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["cash"] = "80.00",
                ["receivable"] = "28.04",
                ["customer_credit"] = "-0.52",
                ["tax_payable"] = "-8.77",
                ["revenue"] = "-98.75",
            },
            balance.GetProperty("items").EnumerateArray().Where(item => Text(item, "balance") != "0.00")
                .ToDictionary(item => Text(item, "account"), item => Text(item, "balance")));
        var check = await server.GetAsync("/api/ledger/check", key);
        Assert.True(check.GetProperty("right").GetBoolean(), check.GetRawText());
    }

    static async Task MakeContractsAsync(RunningServer server, string key)
    {
        await PostAsync(
            server, key, "/api/entities",
            $$"""
            {"ref":"{{Entity}}","name":"Seller, Inc.","address":["1 Main Street","New York"],"country":"US",
             "zone":"America/New_York","series":"US-"}
            """);
        await PostAsync(server, key, "/api/products", """{"ref":"base","name":"Platform"}""");
        await PostAsync(server, key, "/api/products", $$"""{"ref":"{{Units}}","name":"Units","unit":"unit"}""");
        foreach (var (customer, zone) in new[] { (NewYork, "America/New_York"), (Kathmandu, "Asia/Kathmandu") })
        {
            await PostAsync(
                server, key, "/api/customers",
                $$"""{"ref":"{{customer}}","name":"ACME {{zone}}","address":["1 Road"],"country":"US"}""");
            await PostAsync(
                server, key, "/api/contracts",
                $$"""
                {"ref":"{{zone}}","customer_ref":"{{customer}}","zone":"{{zone}}","lines":[
                 {{Line("base", "base", """{"model":"flat","currency":"USD","amount":"10.00"}""")}},
                 {{Line("units", Units, """{"model":"per_unit","currency":"USD","unit_price":"0.125"}""")}}]}
                """);
        }
    }

    static string Line(string line, string product, string price) =>
        $$"""
        {"line_ref":"{{line}}","product_ref":"{{product}}","entity_ref":"{{Entity}}","price":{{price}},
         "timing":"arrears","tax":{"name":"Sales tax","rate":"8.875"},"start":"2026-03-01","is_default":true}
        """;

    static async Task ReportAsync(RunningServer server, string key, string customer, string at, int quantity)
    {
        var (status, text) = await server.SendAsync(
            HttpMethod.Post, "/api/usage/event", key,
            $$$"""
            { "timestamp": "{{{at}}}", "customer_ref": "{{{customer}}}", "customer_name": "ACME",
              "usage_product_ref": "{{{Units}}}", "usage_product_name": "Units", "quantity": {{{quantity}}},
              "additional_report_data": { "note": "User-specific note" },
              "validations": { "currency": "USD", "entity_ref": "{{{Entity}}}" } }
            """);
        Assert.True(status == 200, $"{status} {text}");
    }

    static async Task<List<JsonElement>> InvoicedAsync(RunningServer server, string key)
    {
        while (true)
        {
            var page = await server.GetAsync("/api/invoices", key);
            var items = page.GetProperty("items").EnumerateArray().ToList();
            if (items.Count >= 2) return items;
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    static async Task PostAsync(RunningServer server, string key, string path, string body)
    {
        var (status, text) = await server.SendAsync(HttpMethod.Post, path, key, body);
        Assert.True(status is 200 or 201, $"{path}: {status} {text}");
    }

    static string Text(JsonElement item, string name) => item.GetProperty(name).GetString() ?? "";
}
