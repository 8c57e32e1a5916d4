using Received.Server.Demo;

namespace Received.Faults;

/// <summary>A data folder, an account with a key, and the real program as a process of its own.</summary>
sealed class World : IAsyncDisposable
{
    readonly FaultsAccount _account;
    readonly string _log;

    World(string data, FaultsAccount account, bool ownsFolder, IReadOnlyDictionary<string, string>? settings)
    {
        Data = data;
        _account = account;
        OwnsFolder = ownsFolder;
        // Outside the data folder, whose disk may be full.
        _log = Path.GetTempFileName();
        Server = new(data, TimeProvider.System, Program, _log, settings);
        Http = FaultsAccount.Client(Server.Url);
        Reader = new(Http, data, FaultsAccount.Name);
    }

    /// <summary>The server's program beside the tests: it is built with them.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "received");

    public string Data { get; }

    public DemoServer Server { get; }

    public HttpClient Http { get; }

    public UsageReader Reader { get; }

    bool OwnsFolder { get; }

    /// <param name="folder">An empty folder to use (a small file system, say), or null for one of its own.</param>
    public static async Task<World> MakeAsync(
        string? folder = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        var data = folder ?? Directory.CreateTempSubdirectory("received-faults-").FullName;
        return new(data, await FaultsAccount.MakeAsync(data), folder is null, settings);
    }

    /// <summary>The log's segment files, oldest first.</summary>
    public IReadOnlyList<string> Segments() =>
        [.. Directory.GetFiles(Path.Combine(Data, "log"), "segment-*.log").Order(StringComparer.Ordinal)];

    /// <summary>Deletes all that was made from the log, so that the next start makes it anew.</summary>
    public void ForgetRated()
    {
        foreach (var file in Directory.GetFiles(Data, "usage.*")) File.Delete(file);
        Directory.Delete(Path.Combine(Data, "keys"), recursive: true);
    }

    /// <summary>Waits until all that is in the log is rated and archived; the audit then.</summary>
    public Task<ReadAudit> SettleAsync() => Ledger.SettleAsync(Reader);

    /// <summary>The status of the answer, or null where there was none.</summary>
    public Task<int?> SendAsync(string path, string body, string type = "application/json", string? key = null) =>
        _account.SendAsync(Http, path, body, type, key);

    /// <summary>The status that a key's question is answered with.</summary>
    public async Task<int> StatusAsync(string path, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new("Bearer", key);
        using var answer = await Http.SendAsync(request);
        return (int)answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Http.Dispose();
        File.Delete(_log);
        if (OwnsFolder) Directory.Delete(Data, recursive: true);
    }
}
