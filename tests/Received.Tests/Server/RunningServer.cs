using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Model.Access;
using Received.Server;
using Received.Server.Hosting;
using Received.Server.Options;

namespace Received.Tests.Server;

/// <summary>The whole embedded server on a free port, in this process, over a data folder of its own.</summary>
sealed class RunningServer : IAsyncDisposable
{
    readonly WebApplication _app;

    RunningServer(WebApplication app, string folder)
    {
        _app = app;
        Folder = folder;
        Client = new(new ImpatientHandler(State)) { BaseAddress = new(ListenAddress.Of(app)) };
    }

    public string Folder { get; }

    public HttpClient Client { get; }

    public IServiceProvider Provider => _app.Services;

    /// <param name="dataFolder">One that another server has left, or null for a new one.</param>
    /// <param name="settings">By full name, such as Received:Log:DedupeWindow.</param>
    /// <param name="time">Null for the system's clock.</param>
    public static async Task<RunningServer> StartAsync(
        string? dataFolder = null, Dictionary<string, string?>? settings = null, TimeProvider? time = null)
    {
        var folder = dataFolder ?? Directory.CreateTempSubdirectory("received-server-").FullName;
        var app = await Compose.BuildAsync(
            SettingsFor(folder, settings), ServerUse.Public, CancellationToken.None, time: time);
        await app.StartAsync();
        return new(app, folder);
    }

    internal static Settings SettingsFor(string folder, Dictionary<string, string?>? settings = null) =>
        Settings.Read(new(settings ?? [])
        {
            ["Received:Data"] = folder,
            ["Received:Urls"] = "http://127.0.0.1:0",
            // What else runs in this process is no door of this server.
            ["Received:Rating:ArchiveYieldPercent"] = "100",
            ["Received:Log:SegmentBytes"] =
                settings?.Keys.Any(key => key.StartsWith(Settings.KafkaSection, StringComparison.Ordinal)) == true
                    ? null : settings?.GetValueOrDefault("Received:Log:SegmentBytes") ?? "1048576",
            ["Logging:LogLevel:Default"] = "None",
            ["Logging:LogLevel:Received"] = "None",
        });

    public async Task<NewKey> NewKeyAsync(string account, Scopes scopes)
    {
        var store = Provider.GetRequiredService<BillingStore>();
        var accounts = new AccountBook(store, TimeProvider.System);
        var owner = await accounts.FindAsync(account) ?? await accounts.CreateAsync(account, false);
        var key = await new KeyBook(store, TimeProvider.System).CreateAsync(owner!, scopes, "");
        await Provider.GetRequiredService<AccessFeed>().ReloadAsync();
        return key;
    }

    public async Task<(int Status, string Text)> SendAsync(
        HttpMethod method, string path, string? key, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<JsonElement> GetAsync(string path, string key)
    {
        var (status, text) = await SendAsync(HttpMethod.Get, path, key);
        Xunit.Assert.True(status == 200, $"{status}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Reports an event and returns its reference.</summary>
    public async Task<string> ReportAsync(string key, string customer, string quantity, string? idempotencyKey = null)
    {
        var now = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        var identity = idempotencyKey is null ? "" : $",\"idempotency_key\":\"{idempotencyKey}\"";
        var (status, text) = await SendAsync(
            HttpMethod.Post, "/api/usage/event", key,
            $$$"""
            {"timestamp":"{{{now}}}","customer_ref":"{{{customer}}}","usage_product_ref":"p","quantity":{{{quantity}}},
             "additional_report_data":{"note" : "as sent"}{{{identity}}}}
            """);
        Xunit.Assert.True(status == 200, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("event_ref").GetString()!;
    }

    public Task CaughtUpAsync() => Provider.GetRequiredService<Loops>()
        .CaughtUpAsync(Provider.GetRequiredService<Engine>(), CancellationToken.None);

    /// <summary>Stops, lets something happen to the folder, and starts on it again; this object is done then.</summary>
    public async Task<RunningServer> RestartAsync(
        Action<string> meanwhile, Dictionary<string, string?>? settings = null)
    {
        await StopAsync();
        meanwhile(Folder);
        return await StartAsync(Folder, settings);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>As an operator stops it; the folder stays.</summary>
    public async Task StopAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        SqliteConnection.ClearAllPools();
    }

    string State()
    {
        var engine = Provider.GetRequiredService<Engine>();
        var loops = Provider.GetRequiredService<Loops>();
        var reads = engine.Store.ReadHeartbeatsAsync().AsTask();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Log: {engine.Segments?.QueuedBytes} bytes queued, {engine.Segments?.GroupsWritten} groups written, the "
            + $"last sync took {engine.Segments?.LastSync.TotalMilliseconds} ms, failure: "
            + $"{engine.LogFailure ?? "none"}. Rating: {loops.Rating?.Status}. Archive: {loops.Archive?.Status}. "
            + $"The usage store "
            + $"{(reads.Wait(TimeSpan.FromSeconds(5)) ? "answers reads" : "does not answer reads")}.");
    }
}
