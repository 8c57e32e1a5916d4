using System.Text.Json;
using Received.Model.Access;
using Xunit;

namespace Received.Tests.Server;

/// <summary>Catalog and contracts over HTTP, up to the door that checks events against them.</summary>
public sealed class CatalogApiTests(CatalogServer shared) : IClassFixture<CatalogServer>, IAsyncLifetime
{
    const Scopes Both = Scopes.BillingRead | Scopes.BillingWrite;

    const string Entity =
        """{"ref":"e1","name":"Nordlicht GmbH","address":["Hafen 1"],"country":"DE","zone":"Europe/Berlin"}""";

    const string Line =
        """
        {"line_ref":"api","product_ref":"p","entity_ref":"e1",
         "price":{"model":"per_unit","currency":"EUR","unit_price":0.0025},
         "timing":"arrears","tax":{"name":"VAT","rate":"19"},"start":"2026-01-01"}
        """;

    readonly RunningServer _server = shared.Server;

    // An account of its own for each test.
    readonly string _account = $"acme-{Guid.NewGuid():N}";
    string _key = "";
    string _keyId = "";

    public async ValueTask InitializeAsync() =>
        (_keyId, _key) = await _server.NewKeyAsync(_account, Both | Scopes.UsageWrite);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Entries_and_contracts_are_made_read_changed_and_listed()
    {
        await FillAsync();
        var entity = await _server.GetAsync("/api/entities/e1", _key);
        Assert.Equal("INV-", entity.GetProperty("series").GetString());
        var changed = await PutAsync("/api/products/p", """{"version":1,"name":"Calls","unit":"calls"}""", 200);
        Assert.Equal(2, changed.GetProperty("version").GetInt32());
        var stale = await PutAsync("/api/products/p", """{"version":1,"name":"Calls"}""", 409);
        Assert.Equal("version_stale", stale.GetProperty("code").GetString());
        Assert.Equal("/version", stale.GetProperty("pointer").GetString());

        var contract = await _server.GetAsync("/api/contracts/k1", _key);
        Assert.Equal(
            """
            {"ref":"k1","customer_ref":"c/1 ü","zone":"Europe/Berlin","version":1,"latest_version":1,
            "effective_at":"2025-12-31T23:00:00Z","created_at":"@","created_by":"%","grouping":"collective",
            "payment_days":14,"auto_issue":true,"lines":[{"line_ref":"api","product_ref":"p","entity_ref":"e1",
            "price":{"model":"per_unit","currency":"EUR","unit_price":"0.0025"},
            "cycle":{"unit":"month","count":1,"alignment":"calendar"},"timing":"arrears",
            "tax":{"name":"VAT","rate":"19"},"start":"2026-01-01","is_default":false}]}
            """.ReplaceLineEndings(""),
            contract.GetRawText().Replace(contract.GetProperty("created_at").GetString()!, "@")
                .Replace($"\"{_keyId}\"", "\"%\""));

        // What is read can be sent back as the next version, with another price.
        var lines = contract.GetProperty("lines").GetRawText().Replace("0.0025", "1e-12");
        var second = await PostAsync("/api/contracts/k1/versions", $$"""{"version":1,"lines":{{lines}}}""", 201);
        Assert.Equal(2, second.GetProperty("version").GetInt32());
        var versions = await _server.GetAsync("/api/contracts/k1/versions?limit=1", _key);
        Assert.Equal("0.000000000001", Price(versions.GetProperty("items")[0]));
        var cursor = versions.GetProperty("next_cursor").GetString();
        versions = await _server.GetAsync($"/api/contracts/k1/versions?limit=1&cursor={cursor}", _key);
        Assert.Equal("0.0025", Price(Assert.Single(versions.GetProperty("items").EnumerateArray())));
        Assert.Equal("0.0025", Price(await _server.GetAsync("/api/contracts/k1/versions/1", _key)));
        Assert.Equal(404, (await _server.SendAsync(HttpMethod.Get, "/api/contracts/k1/versions/3", _key)).Status);
        var listed = await _server.GetAsync("/api/contracts?customer=c%2F1%20%C3%BC", _key);
        Assert.Equal("k1", Assert.Single(listed.GetProperty("items").EnumerateArray()).GetProperty("ref").GetString());
    }

    [Theory]
    [InlineData("c/1 ü")]
    [InlineData("c%2F1")]
    [InlineData("a?b#c&d=e+f")]
    [InlineData("…/..")]
    [InlineData("🎉\n\"\\")]
    public async Task A_reference_of_any_characters_is_found_percent_encoded(string reference)
    {
        var name = JsonSerializer.Serialize(reference);
        await PostAsync("/api/products", $$"""{"ref":{{name}},"name":"x"}""", 201);
        var read = await _server.GetAsync($"/api/products/{Uri.EscapeDataString(reference)}", _key);
        Assert.Equal(reference, read.GetProperty("ref").GetString());
    }

    [Fact]
    public async Task The_next_invoice_is_found_by_a_contracts_reference_of_any_characters()
    {
        await FillAsync();
        await PostAsync("/api/contracts", Contract("k%2F/ü", Line.Replace("\"p\"", "\"q\"")), 201);
        var next = await _server.GetAsync("/api/invoices/next/" + Uri.EscapeDataString("k%2F/ü"), _key);
        Assert.Equal(JsonValueKind.Array, next.GetProperty("invoices").ValueKind);
        Assert.Equal(404, (await _server.SendAsync(HttpMethod.Get, "/api/invoices/next/k%2F", _key)).Status);
    }

    [Fact]
    public async Task A_contract_of_too_many_past_cycles_is_refused_and_not_stored()
    {
        await FillAsync();
        var lines = string.Join(',', Enumerable.Range(0, 10).Select(at =>
            $$"""
            {"line_ref":"f{{at}}","product_ref":"p","entity_ref":"e1",
             "price":{"model":"flat","currency":"EUR","amount":"1"},
             "timing":"arrears","tax":{"name":"VAT","rate":"19"},"start":"1980-01-01"}
            """));
        var problem = await PostAsync("/api/contracts", Contract("old", lines), 422);
        Assert.Equal("/lines", problem.GetProperty("pointer").GetString());
        Assert.Equal(404, (await _server.SendAsync(HttpMethod.Get, "/api/contracts/old", _key)).Status);
    }

    [Theory]
    [InlineData("""{"ref":"x","name":"n","colour":"red"}""", 422, "unknown_field", "/colour")]
    [InlineData("""{"ref":"x","name":"n","name":"m"}""", 422, "duplicate_field", "/name")]
    [InlineData("""{"ref":"x","name":"n","n\u0061me":"m"}""", 422, "duplicate_field", "/name")]
    [InlineData("""{"ref":"x"}""", 422, "missing_field", "/name")]
    [InlineData("""{"ref":"x","name":null}""", 422, "missing_field", "/name")]
    [InlineData("""{"ref":"x","name":5}""", 422, "not_a_string", "/name")]
    [InlineData("""{"ref":"x","name":"\ud800"}""", 422, "lone_surrogate", "/name")]
    [InlineData("""{"ref":"x","name":"n","archived":"yes"}""", 422, "not_a_flag", "/archived")]
    [InlineData("""{"ref":"..","name":"n"}""", 422, "field_invalid", "/ref")]
    [InlineData("""["x"]""", 422, "not_an_object", "")]
    [InlineData("""{"ref":"x",}""", 400, "malformed_json", null)]
    [InlineData("""{"a":[[[[[[[[[[1]]]]]]]]]]}""", 400, "malformed_json", null)]
    [InlineData("", 400, "malformed_json", null)]
    public async Task A_wrong_body_is_told_which_field_and_why(string body, int status, string code, string? pointer)
    {
        var problem = await PostAsync("/api/products", body, status);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(pointer, problem.TryGetProperty("pointer", out var at) ? at.GetString() : null);
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
    }

    [Theory]
    [InlineData("\"unit_price\":0.0025", "\"unit_price\":\"0.0000000000001\"", "/lines/0/price/unit_price")]
    [InlineData("\"unit_price\":0.0025", "\"amount\":1", "/lines/0/price/amount")]
    [InlineData("per_unit", "tiered", "/lines/0/price/model")]
    [InlineData("EUR", "eur", "/lines/0/price/currency")]
    [InlineData("arrears", "advance", "/lines/0/timing")]
    [InlineData("arrears", "Arrears", "/lines/0/timing")]
    [InlineData("\"19\"", "100.5", "/lines/0/tax/rate")]
    [InlineData("2026-01-01", "2026-02-30", "/lines/0/start")]
    [InlineData("\"p\"", "\"r\"", "/lines/0/product_ref")]
    [InlineData("\"timing\"", "\"cycle\":{\"unit\":\"week\"},\"timing\"", "/lines/0/cycle/unit")]
    [InlineData("\"timing\"", "\"cycle\":{\"count\":1.5},\"timing\"", "/lines/0/cycle/count")]
    [InlineData("\"timing\"", "\"cycles\":{},\"timing\"", "/lines/0/cycles")]
    public async Task A_wrong_line_is_told_which_field(string right, string wrong, string pointer)
    {
        await FillAsync();
        var problem = await PostAsync("/api/contracts", Contract("k2", Line.Replace(right, wrong)), 422);
        Assert.Equal(pointer, problem.GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task Law_12_scopes_hold_and_another_accounts_entries_are_not_found()
    {
        await FillAsync();
        var other = (await _server.NewKeyAsync(_account + "-other", Both)).Secret;
        foreach (var path in (string[])["entities/e1", "products/p", "contracts/k1", "contracts/k1/versions",
            "contracts/k1/versions/1", "customers/c%2F1%20%C3%BC"])
        {
            Assert.Equal(200, (await _server.SendAsync(HttpMethod.Get, "/api/" + path, _key)).Status);
            Assert.Equal(404, (await _server.SendAsync(HttpMethod.Get, "/api/" + path, other)).Status);
        }

        Assert.Equal(404, (await _server.SendAsync(
            HttpMethod.Put, "/api/products/p", other, """{"version":1,"name":"mine"}""")).Status);
        var reader = (await _server.NewKeyAsync(_account, Scopes.BillingRead)).Secret;
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Get, "/api/products", reader)).Status);
        Assert.Equal(403, (await _server.SendAsync(
            HttpMethod.Post, "/api/products", reader, """{"ref":"x","name":"n"}""")).Status);
        var usage = (await _server.NewKeyAsync(_account, Scopes.UsageRead | Scopes.UsageWrite)).Secret;
        Assert.Equal(403, (await _server.SendAsync(HttpMethod.Get, "/api/contracts", usage)).Status);
        Assert.Equal(401, (await _server.SendAsync(HttpMethod.Get, "/api/contracts", null)).Status);
    }

    [Fact]
    public async Task A_body_past_its_limit_and_one_that_is_no_JSON_by_its_type_are_refused()
    {
        var large = await PostAsync("/api/products", new string(' ', 600_000), 413);
        Assert.Equal("body_too_large", large.GetProperty("code").GetString());
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/products")
        {
            Content = new StringContent("ref=x"),
        };
        request.Headers.Authorization = new("Bearer", _key);
        using var response = await _server.Client.SendAsync(request);
        Assert.Equal(415, (int)response.StatusCode);
    }

    [Fact]
    public async Task The_door_follows_a_contract_that_was_made_through_the_API()
    {
        await FillAsync();
        var now = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        string Event(string customer) =>
            $$$"""
            {"timestamp":"{{{now}}}","customer_ref":"{{{customer}}}","usage_product_ref":"p","quantity":1,
             "validations":{"currency":"USD"}}
            """;
        (int Status, string Text) answer;
        do answer = await _server.SendAsync(HttpMethod.Post, "/api/usage/event", _key, Event("c/1 ü"));
        while (answer.Status == 200);
        Assert.Equal(422, answer.Status);
        Assert.Contains("validation_mismatch", answer.Text, StringComparison.Ordinal);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Post, "/api/usage/event", _key, Event("c2"))).Status);
        var other = (await _server.NewKeyAsync(_account + "-other", Scopes.UsageWrite)).Secret;
        answer = await _server.SendAsync(HttpMethod.Post, "/api/usage/event", other, Event("c/1 ü"));
        Assert.Equal(200, answer.Status);
    }

    static string? Price(JsonElement contract) =>
        contract.GetProperty("lines")[0].GetProperty("price").GetProperty("unit_price").GetString();

    static string Contract(string reference, string line) =>
        $$"""{"ref":"{{reference}}","customer_ref":"c/1 ü","zone":"Europe/Berlin","lines":[{{line}}]}""";

    async Task FillAsync()
    {
        await PostAsync("/api/entities", Entity, 201);
        await PostAsync(
            "/api/customers", """{"ref":"c/1 ü","name":"ACME","address":["1 Road"],"country":"US"}""", 201);
        await PostAsync("/api/products", """{"ref":"p","name":"API calls"}""", 201);
        await PostAsync("/api/products", """{"ref":"q","name":"Storage"}""", 201);
        await PostAsync("/api/contracts", Contract("k1", Line), 201);
    }

    Task<JsonElement> PostAsync(string path, string body, int status) => SendAsync(HttpMethod.Post, path, body, status);

    Task<JsonElement> PutAsync(string path, string body, int status) => SendAsync(HttpMethod.Put, path, body, status);

    async Task<JsonElement> SendAsync(HttpMethod method, string path, string body, int status)
    {
        var answer = await _server.SendAsync(method, path, _key, body);
        Assert.True(answer.Status == status, $"{answer.Status}: {answer.Text}");
        return JsonDocument.Parse(answer.Text).RootElement;
    }
}

/// <summary>One server for all tests of the catalog's routes: starting it costs more than they do.</summary>
public sealed class CatalogServer : IAsyncLifetime
{
    internal RunningServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
