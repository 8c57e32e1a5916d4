using System.Net.Http.Headers;
using System.Text.Json;
using Received.Server.Api;
using Received.Server.Hosting;
using Received.Server.Options;

namespace Received.Server.Cli;

/// <summary>
/// A command's way to the data: HTTP to the server that holds the folder, with its control token. Where no server
/// runs, the command starts one for itself, on a port that nobody knows and with closed doors: so both ways give the
/// same answers.
/// </summary>
sealed class ServerLink : IAsyncDisposable
{
    readonly HttpClient _client;
    readonly WebApplication? _private;

    ServerLink(string url, string token, WebApplication? own)
    {
        // The server is on this machine: never through a proxy.
        _client = new(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(url),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        _private = own;
    }

    /// <summary>Null where no server of the folder answers; any does where several share it.</summary>
    public static async Task<ServerLink?> FindAsync(string folder, CancellationToken cancellation)
    {
        foreach (var file in ServerFile.ReadAll(folder))
            if (await TryAsync(file, cancellation) is { } link) return link;
        return null;
    }

    static async Task<ServerLink?> TryAsync(ServerFile file, CancellationToken cancellation)
    {
        var link = new ServerLink(file.Url, file.ControlToken, null);
        try
        {
            // The token tells this folder's server from another program that has got the port since.
            (await link.SendAsync(HttpMethod.Get, "/api/admin/server", null, cancellation)).Dispose();
            return link;
        }
        catch (Exception e) when (e is HttpRequestException or CommandException)
        {
            await link.DisposeAsync();
            return null;
        }
    }

    /// <exception cref="Log.Segments.LogRefusedException">Another process holds the folder, and is no server that
    /// answers.</exception>
    public static async Task<ServerLink> OpenPrivateAsync(string folder, CancellationToken cancellation)
    {
        var settings = Settings.Read(new() { ["Received:Data"] = folder, ["Received:Urls"] = "http://127.0.0.1:0" })
            .ForCommand();
        var app = await Compose.BuildAsync(settings, ServerUse.Private, cancellation);
        try
        {
            await app.StartAsync(cancellation);
            var engine = app.Services.GetRequiredService<Engine>();
            if (engine.Refusal is null && settings.Roles != ServerRoles.None)
                await app.Services.GetRequiredService<Loops>().CaughtUpAsync(engine, cancellation);
            var token = app.Services.GetRequiredService<ControlToken>();
            return new(ListenAddress.Of(app), token.Text, app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>The answer, its head read; a problem becomes its detail.</summary>
    /// <param name="account">The account that it is about, or null.</param>
    /// <exception cref="CommandException">The server refused.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? account, CancellationToken cancellation,
        string accept = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        if (account is not null) request.Headers.Add(Callers.AccountHeader, Uri.EscapeDataString(account));
        var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw new CommandException(await ReadProblemAsync(response, cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_private is null) return;
        await _private.StopAsync();
        await _private.DisposeAsync();
    }

    static async Task<string> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var otherwise = $"The server answered {(int)response.StatusCode} {response.ReasonPhrase}.";
        try
        {
            var problem = await response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            return problem.TryGetProperty("detail", out var detail) ? detail.GetString() ?? otherwise : otherwise;
        }
        catch (JsonException)
        {
            return otherwise;
        }
    }
}
