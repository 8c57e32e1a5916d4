using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Log.Segments;
using Received.Model.Access;
using Received.Server;
using Received.Server.Api;
using Received.Server.Options;
using Xunit;

namespace Received.Tests.Server;

public sealed class WholeRunTests : IAsyncLifetime
{
    const Scopes Both = Scopes.UsageRead | Scopes.UsageWrite;

    RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_event_goes_from_the_door_to_totals_events_and_audit()
    {
        var key = (await _server.NewKeyAsync("acme", Both)).Secret;
        var first = await _server.ReportAsync(key, "c1", "10.5", "k1");
        await _server.ReportAsync(key, "c1", "0.25");
        var conflict = await _server.ReportAsync(key, "c1", "99", "k1");
        await _server.CaughtUpAsync();

        var total = (await _server.GetAsync("/api/usage/totals", key)).GetProperty("items")[0];
        Assert.Equal("10.75", total.GetProperty("quantity").GetString());
        Assert.Equal(2, total.GetProperty("count").GetInt64());

        var read = await _server.GetAsync($"/api/usage/event/{conflict}", key);
        Assert.Equal("conflict", read.GetProperty("fate").GetString());
        Assert.Equal(first, read.GetProperty("with").GetString());
        Assert.Equal("10.5", read.GetProperty("original").GetProperty("quantity").GetString());
        Assert.Equal("{\"note\" : \"as sent\"}", read.GetProperty("additional_report_data").GetRawText());

        var audit = await _server.GetAsync("/api/audit", _server.Provider.GetRequiredService<ControlToken>().Text);
        Assert.True(audit.GetProperty("balanced").GetBoolean());
        Assert.Equal(3, audit.GetProperty("total").GetProperty("accepted").GetInt64());

        var (status, rerated) = await _server.SendAsync(
            HttpMethod.Post, "/api/admin/rerate", _server.Provider.GetRequiredService<ControlToken>().Text);
        Assert.True(status == 200, rerated);
        Assert.True(JsonDocument.Parse(rerated).RootElement.GetProperty("equal").GetBoolean());
    }

    [Fact]
    public async Task Pages_and_csv_hold_the_same_lines()
    {
        var key = (await _server.NewKeyAsync("acme", Both)).Secret;
        foreach (var customer in new[] { "a", "b", "=c" }) await _server.ReportAsync(key, customer, "1");
        await _server.CaughtUpAsync();
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await _server.GetAsync(
                "/api/usage/totals?limit=1" + (cursor is null ? "" : $"&cursor={cursor}"), key);
            seen.AddRange(page.GetProperty("items")
                .EnumerateArray().Select(i => i.GetProperty("customer_ref").GetString()!));
            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        Assert.Equal(["=c", "a", "b"], seen);
        var (_, csv) = await _server.SendAsync(HttpMethod.Get, "/api/usage/totals?format=csv", key);
        Assert.Equal(4, csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains(",'=c,", csv, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Law_12_another_accounts_usage_cannot_be_seen()
    {
        var key = (await _server.NewKeyAsync("acme", Both)).Secret;
        var other = (await _server.NewKeyAsync("other", Both)).Secret;
        var reference = await _server.ReportAsync(key, "c1", "1");
        await _server.CaughtUpAsync();

        Assert.Equal(404, (await _server.SendAsync(HttpMethod.Get, $"/api/usage/event/{reference}", other)).Status);
        Assert.Equal(0, (await _server.GetAsync("/api/usage/events", other)).GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await _server.GetAsync("/api/usage/totals", other)).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Law_12_a_key_does_what_its_scopes_say_until_it_is_revoked()
    {
        var write = await _server.NewKeyAsync("acme", Scopes.UsageWrite);
        var read = await _server.NewKeyAsync("acme", Scopes.UsageRead);
        Assert.Equal(403, await StatusAsync("/api/usage/totals", write.Secret));
        Assert.Equal(200, await StatusAsync("/api/usage/totals", read.Secret));
        Assert.Equal(403, await StatusAsync("/api/audit", read.Secret));
        Assert.Equal(403, await StatusAsync("/api/admin/server", read.Secret));
        Assert.Equal(401, await StatusAsync("/api/usage/totals", null));
        Assert.Equal(401, await StatusAsync("/api/usage/totals", "rk_nobody"));

        var keys = new KeyBook(_server.Provider.GetRequiredService<BillingStore>(), TimeProvider.System);
        await keys.RevokeAsync(read.KeyId, TestContext.Current.CancellationToken);
        while (await StatusAsync("/api/usage/totals", read.Secret) == 200) await Task.Delay(20);
        Assert.Equal(401, await StatusAsync("/api/usage/totals", read.Secret));
    }

    [Theory]
    [InlineData("from=2026-01-01T00:07:00Z&to=2026-02-01", "2026-01-01T00:15:00Z")]
    [InlineData("from=2026-01-01", "both")]
    [InlineData("zone=Mars/Base", "IANA")]
    [InlineData("limit=0", "1 to 10000")]
    [InlineData("cursor=abc", "next_cursor")]
    [InlineData("group=week", "window, hour, day, month, total")]
    [InlineData("group=hour&from=2020-01-01&to=2026-01-01", "10000")]
    [InlineData("group=month&from=9999-12-01&to=9999-12-31", "9998")]
    [InlineData("from=9999-12-31T00:00:00Z&to=9999-12-31T23:59:00Z", "9998")]
    [InlineData("from=-9998-01-01&to=2026-01-01&zone=Asia/Tokyo", "9998")]
    public async Task A_wrong_question_is_told_what_would_be_right(string query, string hint)
    {
        var key = (await _server.NewKeyAsync("acme", Both)).Secret;
        var (status, text) = await _server.SendAsync(HttpMethod.Get, "/api/usage/totals?" + query, key);
        Assert.Equal(400, status);
        var detail = JsonDocument.Parse(text).RootElement.GetProperty("detail").GetString();
        Assert.Contains(hint, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_openapi_document_lists_the_api_routes_and_no_others()
    {
        var (status, text) = await _server.SendAsync(HttpMethod.Get, "/openapi/v1.json", null);
        Assert.Equal(200, status);
        var documented = JsonDocument.Parse(text).RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject()
                .Select(verb => $"{verb.Name.ToUpperInvariant()} {path.Name}"));
        var mapped = _server.Provider.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
                // A group's own path ends in a slash here, and in none where it is documented.
                .Select(verb => $"{verb} {endpoint.RoutePattern.RawText!.TrimEnd('/')}"));
        Assert.Equal(mapped.Order(), documented.Order());
    }

    [Fact]
    public async Task A_second_server_on_the_folder_is_refused_by_name()
    {
        var error = await Assert.ThrowsAsync<LogRefusedException>(() => Compose.BuildAsync(
            RunningServer.SettingsFor(_server.Folder), ServerUse.Public, CancellationToken.None));
        Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_settings_are_named_all_at_once()
    {
        var error = Assert.Throws<SettingsException>(() => Settings.Read(new()
        {
            ["Received:ReadyLagFrames"] = "0",
            ["Received:Urls"] = "http://127.0.0.1:99999",
            ["Received:StopTimeout"] = "soon",
            ["Received:Ingest:BatchEventMax"] = "5",
        }));
        string[] names =
            ["Received__ReadyLagFrames", "Received__Urls", "Received__StopTimeout", "Received__Ingest__BatchEventMax"];
        foreach (var name in names)
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    async Task<int> StatusAsync(string path, string? key) =>
        (await _server.SendAsync(HttpMethod.Get, path, key)).Status;
}
