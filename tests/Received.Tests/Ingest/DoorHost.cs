using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Received.Ingest;
using Received.Log;
using Received.Model.Access;
using Received.Model.Catalog;
using Xunit;

namespace Received.Tests.Ingest;

/// <summary>A real Kestrel on a free port with the front door, over a log in memory. The clock stands still.</summary>
sealed class DoorHost : IAsyncDisposable
{
    public const string WriteKey = "rcv_write";
    public const string OtherWriteKey = "rcv_other";
    public const string ReadOnlyKey = "rcv_read";
    public const string NegativeKey = "rcv_negative";

    public static readonly DateTimeOffset Now = new(2024, 2, 5, 9, 0, 0, TimeSpan.Zero);

    readonly WebApplication _app;

    DoorHost(WebApplication app, MemoryLog log, FakeTimeProvider time)
    {
        _app = app;
        Log = log;
        Time = time;
        Address = new Uri(app.Urls.Single());
        Client = new HttpClient(new ImpatientHandler(() => $"{log.AppendCalls} appends were begun."))
        {
            BaseAddress = Address,
        };
        Client.DefaultRequestHeaders.Authorization = new("Bearer", WriteKey);
    }

    public MemoryLog Log { get; }

    public FakeTimeProvider Time { get; }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public CatalogDirectory Catalog => _app.Services.GetRequiredService<CatalogDirectory>();

    public static async Task<DoorHost> StartAsync(
        Action<IngestOptions>? options = null, MemoryLog? log = null, HttpProtocols protocols = HttpProtocols.Http1)
    {
        log ??= new MemoryLog();
        var time = new FakeTimeProvider(Now);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ILog>(log);
        builder.Services.AddSingleton<TimeProvider>(time);
        var access = new AccessDirectory();
        access.Publish(Keys());
        builder.Services.AddSingleton(access);
        builder.Services.AddIngest();
        if (options is not null) builder.Services.Configure(options);
        var app = builder.Build();
        app.MapUsageIngest();
        await app.StartAsync();
        return new(app, log, time);
    }

    static AccessSnapshot Keys()
    {
        var first = new Account(new(1), "first", false);
        var other = new Account(new(2), "other", false);
        var negative = new Account(new(3), "negative", true);
        return new(new Dictionary<KeyHash, Principal>
        {
            [KeyHash.Of(WriteKey)] = new(first, "k1", Scopes.UsageWrite),
            [KeyHash.Of(ReadOnlyKey)] = new(first, "k2", Scopes.UsageRead),
            [KeyHash.Of(OtherWriteKey)] = new(other, "k3", Scopes.UsageWrite | Scopes.UsageRead),
            [KeyHash.Of(NegativeKey)] = new(negative, "k4", Scopes.UsageWrite),
        });
    }

    public static string Event(int serial = 0, string customer = "c-1", string extra = "") =>
        $$"""{"timestamp": "2024-02-05T08:55:32.160Z", "customer_ref": "{{customer}}", "usage_product_ref": "p", """
        + "\"quantity\": " + serial + extra + "}";

    public Task<Answer> PostSingleAsync(string body, params (string Name, string Value)[] headers) =>
        PostAsync("/api/usage/event", Encoding.UTF8.GetBytes(body), "application/json", headers);

    public Task<Answer> PostBatchAsync(string body, string query = "", params (string Name, string Value)[] headers) =>
        PostAsync("/api/usage/events" + query, Encoding.UTF8.GetBytes(body), "application/json", headers);

    public Task<Answer> PostLinesAsync(string body, string query = "", params (string Name, string Value)[] headers) =>
        PostAsync("/api/usage/events" + query, Encoding.UTF8.GetBytes(body), "application/x-ndjson", headers);

    public async Task<Answer> PostAsync(
        string path, byte[] body, string? contentType, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        if (contentType is not null)
            Assert.True(request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType));
        foreach (var (name, value) in headers)
        {
            if (name == "Authorization") request.Headers.Authorization = AuthenticationHeaderValue.Parse(value);
            else if (!request.Headers.TryAddWithoutValidation(name, value))
                Assert.True(request.Content.Headers.TryAddWithoutValidation(name, value));
        }

        using var response = await Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new((int)response.StatusCode, text, response.Headers, response.Content.Headers.ContentType?.ToString());
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

sealed record Answer(int Status, string Text, HttpResponseHeaders Headers, string? ContentType)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? Code => Json.TryGetProperty("code", out var code) ? code.GetString() : null;

    public string? Pointer => Json.TryGetProperty("pointer", out var pointer) ? pointer.GetString() : null;

    /// <summary>"index code pointer" of each listed error.</summary>
    public string Errors => string.Join("; ", Json.GetProperty("errors").EnumerateArray().Select(error =>
        $"{error.GetProperty("index")} {error.GetProperty("code")} {error.GetProperty("pointer")}"));
}
