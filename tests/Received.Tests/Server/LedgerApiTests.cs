using Microsoft.Extensions.DependencyInjection;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Access;
using Xunit;

namespace Received.Tests.Server;

public sealed class LedgerApiTests : IAsyncLifetime
{
    RunningServer _server = null!;
    string _key = "";

    public async ValueTask InitializeAsync()
    {
        _server = await RunningServer.StartAsync();
        _key = (await _server.NewKeyAsync("acme", Scopes.BillingRead)).Secret;
        await using var db = _server.Provider.GetRequiredService<BillingStore>().Context();
        db.Entities.Add(new()
        {
            AccountId = 1,
            Ref = "=acme,de",
            Version = 1,
            Name = "Acme GmbH",
            Address = "",
            Country = "DE",
            Zone = "Europe/Berlin",
            Series = "INV-",
            IsArchived = false,
            ChangedAtMs = 0,
        });
        await db.SaveChangesAsync();
        var eur = Currency.Parse("EUR");
        var month = (2026 * 12) + 9;
        Books.Add(
            db, new(1), 1,
            [
                new(
                    EntryKind.RevenueRecognised, "recognised:test", month, OpenPeriods.FirstDay(month), eur,
                    [
                        new(LedgerAccount.ContractAsset, new(123_456, eur), null, null, null, 4, "calls"),
                        new(LedgerAccount.Revenue, new(-123_456, eur), null, null, null, 4, "calls"),
                    ]),
            ],
            TimeProvider.System);
        await db.SaveChangesAsync();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Reports_are_answered_as_json_and_as_csv_that_no_spreadsheet_runs()
    {
        var balance = await _server.GetAsync("/api/ledger/trial-balance?month=2026-10", _key);
        Assert.Equal(
            """
            {"month":"2026-10","items":[{"entity_ref":"=acme,de","currency":"EUR","account":"contract_asset",
            "opening":"0.00","debit":"1234.56","credit":"0.00","balance":"1234.56"},{"entity_ref":"=acme,de",
            "currency":"EUR","account":"revenue","opening":"0.00","debit":"0.00","credit":"1234.56",
            "balance":"-1234.56"}]}
            """.ReplaceLineEndings(""), balance.GetRawText());
        var (status, csv) = await _server.SendAsync(
            HttpMethod.Get, "/api/revenue?from=2026-10&to=2026-10&format=csv", _key);
        Assert.Equal(200, status);
        Assert.Equal(
            "month,late_of,entity_ref,product_ref,product_name,currency,amount\r\n"
            + "2026-10,,\"'=acme,de\",calls,,EUR,1234.56\r\n", csv);
        var statement = await _server.GetAsync("/api/ledger/statement?account=revenue&limit=1", _key);
        Assert.Equal("-1234.56", statement.GetProperty("items")[0].GetProperty("balance").GetString());
        var entries = await _server.GetAsync("/api/ledger/entries?source=recognised:test", _key);
        Assert.Equal(2, entries.GetProperty("items")[0].GetProperty("postings").GetArrayLength());
        Assert.Equal("[]", (await _server.GetAsync("/api/receivables/ageing", _key)).GetProperty("items").GetRawText());
        Assert.True((await _server.GetAsync("/api/ledger/check", _key)).GetProperty("right").GetBoolean());
    }

    [Theory]
    [InlineData("/api/ledger/trial-balance?month=2026-13", "such as 2026-10")]
    [InlineData("/api/ledger/statement", "Name an 'account'")]
    [InlineData("/api/ledger/statement?account=cashier", "receivable, contract_asset")]
    [InlineData("/api/ledger/statement?account=cash&cursor=-1", "cursor")]
    [InlineData("/api/ledger/entries?invoice=17", "inv_17")]
    [InlineData("/api/revenue?from=2026-10&to=2026-09", "must not be after")]
    [InlineData("/api/receivables/ageing?date=31.10.2026", "such as 2026-10-31")]
    [InlineData("/api/receivables/ageing?format=pdf", "json, csv")]
    public async Task A_wrong_question_is_told_what_would_be_right(string path, string hint)
    {
        var (status, text) = await _server.SendAsync(HttpMethod.Get, path, _key);
        Assert.Equal(400, status);
        Assert.Contains(hint, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Closing_is_for_those_who_may_write_and_names_what_is_wrong()
    {
        const string Path = "/api/ledger/close";
        var write = (await _server.NewKeyAsync("acme", Scopes.BillingWrite)).Secret;
        const string Body = """{"entity_ref":"=acme,de","month":"2026-10"}""";
        Assert.Equal(403, (await _server.SendAsync(HttpMethod.Post, Path, _key, Body)).Status);
        Assert.Equal(400, (await _server.SendAsync(HttpMethod.Post, Path, write, "[]")).Status);
        Assert.Equal(400, (await _server.SendAsync(HttpMethod.Post, Path, write, new string(' ', 5_000))).Status);
        foreach (var (body, status, hint) in new[]
        {
            ("""{"month":"2026-10"}""", 422, "/entity_ref"),
            ("""{"entity_ref":"=acme,de","month":"October"}""", 422, "/month"),
            ("""{"entity_ref":"nobody","month":"2026-10"}""", 404, "entity_not_found"),
            ("""{"entity_ref":"=acme,de","month":"9000-01"}""", 409, "month_not_ended"),
        })
        {
            var (actual, text) = await _server.SendAsync(HttpMethod.Post, Path, write, body);
            Assert.Equal(status, actual);
            Assert.Contains(hint, text, StringComparison.Ordinal);
        }

        Assert.Equal("[]", (await _server.GetAsync("/api/ledger/periods", _key)).GetProperty("items").GetRawText());
    }

    [Fact]
    public async Task Law_12_books_need_a_key_for_billing_and_show_its_account_alone()
    {
        var usage = (await _server.NewKeyAsync("acme", Scopes.UsageRead)).Secret;
        var other = (await _server.NewKeyAsync("other", Scopes.BillingRead)).Secret;
        foreach (var path in new[] { "/api/ledger/entries", "/api/ledger/trial-balance?month=2026-10", "/api/revenue" })
        {
            Assert.Equal(403, (await _server.SendAsync(HttpMethod.Get, path, usage)).Status);
            Assert.Equal("[]", (await _server.GetAsync(path, other)).GetProperty("items").GetRawText());
        }
    }
}
