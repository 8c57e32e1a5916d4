using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Received.Model;
using Received.Server.Cli;
using Received.Server.Demo.FakeStripe;
using Spectre.Console;

namespace Received.Server.Demo.Billing;

/// <summary>
/// From the totals to closed books: contracts, invoices, payments by card and transfer, closed months, a line made
/// anew from the log. Production code throughout; the clock, which is moved to the day of invoices, and Stripe are
/// stand-ins.
/// </summary>
sealed class DemoBilling(
    IAnsiConsole console, TimeProvider time, DemoPlan plan, DemoProfile profile, string data, string secret)
{
    /// <summary>The last but this many invoices are paid in ways of their own.</summary>
    const int Special = 3;

    const int PageMax = 500;

    static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(3);

    readonly DemoContracts _contracts = new(plan);

    /// <summary>Makes the contracts on the running server, at today's date.</summary>
    public async Task MakeContractsAsync(HttpClient http, CancellationToken cancellation)
    {
        var client = new BillingClient(http, secret);
        foreach (var seller in DemoContracts.Sellers)
            await client.PostAsync("/api/entities", seller.Json, cancellation);
        await PostAsync(client, "/api/products", DemoContracts.BaseProduct(), cancellation);
        for (var product = 0; product < DemoPlan.ProductCount; product++)
            await PostAsync(client, "/api/products", DemoContracts.Product(product), cancellation);
        for (var customer = 0; customer < DemoPlan.CustomerCount; customer++)
        {
            await PostAsync(client, "/api/customers", _contracts.Customer(customer), cancellation);
            await PostAsync(client, "/api/contracts", _contracts.Contract(customer), cancellation);
        }

        console.WriteLine($"{DemoPlan.CustomerCount} contracts made, of two entities, in EUR and USD.");
    }

    /// <summary>True when every figure is what the events and prices come to.</summary>
    /// <param name="documents">Folder for the invoices' PDF files.</param>
    public async Task<bool> RunAsync(string documents, CancellationToken cancellation)
    {
        var clock = MovedClock.At(_contracts.BooksAt);
        await using var stripe = await FakeStripeServer.StartAsync(clock, cancellation);
        await using var server = new DemoServer(data, time, settings: Settings(stripe)) { Clock = _contracts.BooksAt };
        console.WriteLine();
        console.WriteLine(
            $"The clock is moved to {_contracts.BooksAt:yyyy-MM-dd HH:mm} UTC (a stand-in, as Stripe is); server at "
            + $"{server.Url}.");
        await server.StartAsync(cancellation);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new(server.Url),
            Timeout = TimeSpan.FromMinutes(2),
        };
        var client = new BillingClient(http, secret);
        stripe.Webhooks.Endpoint = new(http.BaseAddress, "/api/webhooks/stripe");
        var invoices = await InvoicedAsync(client, cancellation);
        var differences = Compare(invoices);
        await PayAsync(client, stripe, invoices, cancellation);
        await CloseAsync(client, cancellation);
        var books = await client.GetAsync("/api/ledger/check", cancellation);
        invoices = await InvoicesAsync(client, cancellation);
        var verified = await client.PostAsync($"/api/invoices/{Id(invoices[0])}/verify", "", cancellation);
        foreach (var invoice in invoices)
            await client.CopyAsync(
                $"/api/invoices/{Id(invoice)}/pdf", Path.Combine(documents, $"{Text(invoice, "number")}.pdf"),
                cancellation);
        await new BillingReport(console, client, _contracts).PrintAsync(invoices, verified, cancellation);
        console.WriteLine($"{invoices.Count} invoices as PDF in {documents}");
        foreach (var difference in differences) console.MarkupLineInterpolated($"[red]DIFFERENT[/] {difference}");
        var right = differences.Count == 0 && books.GetProperty("right").GetBoolean()
            && verified.GetProperty("equal").GetBoolean();
        console.MarkupLine(right
            ? $"[green]All {invoices.Count} invoices are what events and prices come to, to the cent; books agree.[/]"
            : "[red]Invoices or books do not agree.[/]");
        return right;
    }

    static Task PostAsync(BillingClient client, string path, JsonObject body, CancellationToken cancellation) =>
        client.PostAsync(path, body.ToJsonString(), cancellation);

    Dictionary<string, string> Settings(FakeStripeServer stripe) => new(profile.Variables)
    {
        ["Received__Billing__InvoiceEvery"] = "00:00:01",
        ["Received__Billing__Stripe__SecretKey"] = stripe.SecretKey,
        ["Received__Billing__Stripe__WebhookSecrets"] = stripe.WebhookSecret,
        ["Received__Billing__Stripe__ApiBase"] = stripe.Address,
    };

    /// <summary>Quartz wakes the invoicer; here it is only waited for.</summary>
    async Task<List<JsonElement>> InvoicedAsync(BillingClient client, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var invoices = await InvoicesAsync(client, cancellation);
            if (invoices.Count >= DemoPlan.CustomerCount) return invoices;
            if (time.GetElapsedTime(started) > RunLimit)
                throw new CommandException(
                    $"{invoices.Count} of {DemoPlan.CustomerCount} invoices after {RunLimit.TotalMinutes} minutes; see "
                    + "the server's log.");
            await Task.Delay(Poll, time, cancellation);
        }
    }

    static async Task<List<JsonElement>> InvoicesAsync(BillingClient client, CancellationToken cancellation)
    {
        var page = await client.GetAsync($"/api/invoices?limit={PageMax}", cancellation);
        return [.. page.GetProperty("items").EnumerateArray()];
    }

    List<string> Compare(List<JsonElement> invoices)
    {
        var usage = plan.Expected();
        var byCustomer = invoices.ToLookup(invoice => Text(invoice, "customer_ref"));
        var differences = new List<string>();
        for (var customer = 0; customer < DemoPlan.CustomerCount; customer++)
        {
            var expected = new Money(
                (long)DemoContracts.ExpectedTotal(customer, usage),
                Currency.Parse(DemoContracts.Seller(customer).Currency)).ToText();
            var totals = byCustomer[plan.CustomerRef(customer)].Select(invoice => Text(invoice, "total")).ToList();
            if (totals is not [var total] || total != expected)
                differences.Add(
                    $"{DemoPlan.CustomerName(customer)}: {expected} expected, {string.Join(", ", totals)} invoiced");
        }

        return differences;
    }

    /// <summary>Cards and transfers in turn; one transfer too high, one too low, one of nobody known, one
    /// missing.</summary>
    static async Task PayAsync(
        BillingClient client, FakeStripeServer stripe, List<JsonElement> invoices, CancellationToken cancellation)
    {
        for (var i = 0; i < invoices.Count - Special; i++)
        {
            if (i % 2 == 0) await PayByCardAsync(client, stripe, invoices[i], cancellation);
            else await TransferAsync(client, invoices[i], Amount(invoices[i]), cancellation);
        }

        await TransferAsync(client, invoices[^3], Amount(invoices[^3]) + 25m, cancellation);
        await TransferAsync(client, invoices[^2], Math.Round(Amount(invoices[^2]) / 2, 2), cancellation);
        var unknown = Transfer("EUR", 17.50m, Text(invoices[0], "issue_date"), "thank you");
        unknown["entity_ref"] = "demo-de";
        await PostAsync(client, "/api/payments", unknown, cancellation);
    }

    static async Task PayByCardAsync(
        BillingClient client, FakeStripeServer stripe, JsonElement invoice, CancellationToken cancellation)
    {
        var place = await client.PostAsync($"/api/invoices/{Id(invoice)}/pay", "{}", cancellation);
        var session = new Uri(Text(place, "where")).Segments[^1];
        stripe.Books.Pay(session, "4242424242424242", true);
        // Stripe's notices come when they come, and twice; here at once.
        await stripe.Webhooks.DeliverAsync(cancellation);
    }

    static async Task TransferAsync(
        BillingClient client, JsonElement invoice, decimal amount, CancellationToken cancellation)
    {
        var body = Transfer(
            Text(invoice, "currency"), amount, Text(invoice, "issue_date"), $"Invoice {Text(invoice, "number")}");
        body["invoices"] = new JsonArray(Id(invoice));
        await PostAsync(client, "/api/payments", body, cancellation);
    }

    static JsonObject Transfer(string currency, decimal amount, string day, string reference) => new()
    {
        ["amount"] = amount.ToString("F2", CultureInfo.InvariantCulture),
        ["currency"] = currency,
        ["received_on"] = day,
        ["reference"] = reference,
        ["external_id"] = "bank:" + reference,
    };

    /// <summary>Every month from the first usage to the last whole one.</summary>
    async Task CloseAsync(BillingClient client, CancellationToken cancellation)
    {
        var end = LocalDate.FromDateTime(_contracts.BooksAt.UtcDateTime);
        foreach (var seller in DemoContracts.Sellers)
            for (var month = _contracts.FirstMonth(seller); month < end; month = month.PlusMonths(1))
                await PostAsync(
                    client, "/api/ledger/close",
                    new()
                    {
                        ["entity_ref"] = seller.Ref,
                        ["month"] = month.ToString("yyyy-MM", CultureInfo.InvariantCulture),
                    },
                    cancellation);
    }

    static decimal Amount(JsonElement invoice) =>
        decimal.Parse(Text(invoice, "total"), CultureInfo.InvariantCulture);

    static string Id(JsonElement invoice) => Text(invoice, "id");

    static string Text(JsonElement item, string name) => item.GetProperty(name).GetString() ?? "";
}
