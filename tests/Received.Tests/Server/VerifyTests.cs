using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Access;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Received.Server.Api;
using Received.Server.Cli;
using Received.Server.Hosting;
using Xunit;

namespace Received.Tests.Server;

public sealed class VerifyTests : IAsyncLifetime
{
    RunningServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RunningServer.StartAsync();
        // As `received serve` writes it: the command finds the server by it.
        new ServerFile(
                _server.Client.BaseAddress!.ToString(), Environment.ProcessId,
                _server.Provider.GetRequiredService<ControlToken>().Text, Environment.MachineName)
            .Write(ServerFile.PathIn(_server.Folder, isOnly: true));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Law_5_an_invoice_is_rated_anew_from_the_log_up_to_its_position_and_tampering_is_found()
    {
        var key = (await _server.NewKeyAsync("acme", Scopes.UsageWrite | Scopes.BillingRead)).Secret;
        var stranger = (await _server.NewKeyAsync("other", Scopes.BillingRead)).Secret;
        await ReportAsync(key, "10");
        await ReportAsync(key, "0.5");
        await _server.CaughtUpAsync();
        await AddContractAsync();
        await InvoiceAsync(key);
        // Late usage is past the invoice's position.
        await ReportAsync(key, "1000");
        await _server.CaughtUpAsync();

        var (status, text) = await _server.SendAsync(HttpMethod.Post, "/api/invoices/inv_1/verify", key);
        Assert.True(status == 200, text);
        var answer = JsonDocument.Parse(text).RootElement;
        Assert.True(answer.GetProperty("equal").GetBoolean(), text);
        Assert.Equal(2, answer.GetProperty("events").GetInt64());
        var line = Assert.Single(answer.GetProperty("lines").EnumerateArray());
        Assert.Equal("10.5", line.GetProperty("quantity").GetString());
        Assert.Equal("10.5", line.GetProperty("quantity_anew").GetString());
        Assert.Equal("21.00", line.GetProperty("amount_anew").GetString());
        Assert.Equal(
            404, (await _server.SendAsync(HttpMethod.Post, "/api/invoices/inv_1/verify", stranger)).Status);
        var (code, shown) = await CommandAsync();
        Assert.True(code == ExitCode.Ok, shown);
        Assert.Contains("equal, byte for byte", shown);

        await using (var db = Store.Context())
        {
            await db.Database.ExecuteSqlRawAsync("DROP TRIGGER charges_never_updated");
            await db.Database.ExecuteSqlRawAsync("UPDATE charges SET amount_minor = amount_minor + 1");
        }

        (code, shown) = await CommandAsync();
        Assert.True(code == ExitCode.Refused, shown);
        Assert.Contains("its amount is stored as 21.01 EUR and is 21.00 EUR anew", shown);
        Assert.Contains("NOT equal", shown);
    }

    BillingStore Store => _server.Provider.GetRequiredService<BillingStore>();

    async Task ReportAsync(string key, string quantity)
    {
        var at = DateTimeOffset.UtcNow.AddDays(-20).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var (status, text) = await _server.SendAsync(
            HttpMethod.Post, "/api/usage/event", key,
            $$"""{"timestamp":"{{at}}","customer_ref":"c","usage_product_ref":"calls","quantity":{{quantity}}}""");
        Assert.True(status == 200, text);
    }

    /// <summary>With a cycle that has ended, and that the door still takes events of.</summary>
    async Task AddContractAsync()
    {
        var eur = Currency.Parse("EUR");
        var now = DateTimeOffset.UtcNow;
        await using var db = Store.Context();
        db.Entities.Add(new()
        {
            AccountId = 1,
            Ref = "e",
            Version = 1,
            Name = "Acme",
            Address = "",
            Country = "DE",
            Zone = "Europe/Berlin",
            Series = "INV-",
            IsArchived = false,
            ChangedAtMs = 0,
        });
        db.Customers.Add(new()
        {
            AccountId = 1,
            Ref = "c",
            Version = 1,
            Name = "C",
            Address = "",
            Country = "DE",
            Language = "en",
            IsArchived = false,
            ChangedAtMs = 0,
        });
        await db.SaveChangesAsync();
        db.Contracts.Add(new()
        {
            AccountId = 1,
            Ref = "k",
            CustomerId = 1,
            Zone = "America/New_York",
            LatestVersion = 1,
            CreatedAtMs = 0,
        });
        await db.SaveChangesAsync();
        var line = new LineTerms(
            "calls", "calls", "e", "Calls", new PerUnitPrice(eur, 2 * Quantity.Scale),
            new(1, CycleAlignment.Anniversary, null), BillingTiming.Arrears, null, new("VAT", Percent.Zero, null),
            DateOnly.FromDateTime(now.UtcDateTime).AddDays(-34), null, true);
        db.ContractVersions.Add(new()
        {
            ContractId = 1,
            Number = 1,
            EffectiveAtMs = 0,
            Terms = TermsJson.Write(new(InvoiceGrouping.Collective, 30, true, [line])),
            CreatedAtMs = 0,
            Actor = "t",
        });
        await db.SaveChangesAsync();
        await new CyclePlanner(Store).RunAsync(now);
    }

    /// <summary>Runs the invoicer until a heartbeat has said that the usage is in.</summary>
    async Task InvoiceAsync(string key)
    {
        var operators = _server.Provider.GetRequiredService<ControlToken>().Text;
        for (var tries = 0; tries < 300; tries++)
        {
            var (status, text) = await _server.SendAsync(HttpMethod.Post, "/api/admin/invoice-run", operators);
            Assert.True(status == 200, text);
            var page = await _server.GetAsync("/api/invoices", key);
            if (page.GetProperty("items").GetArrayLength() == 1) return;
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Fail("No invoice within half a minute.");
    }

    async Task<(int Code, string Text)> CommandAsync()
    {
        using var text = new StringWriter();
        var code = await Commands.Make(new(text, text, null))
            .Parse(["verify", "inv_1", "--account", "acme", "--data", _server.Folder]).InvokeAsync();
        return (code, text.ToString());
    }
}
