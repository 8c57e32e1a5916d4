using System.Diagnostics;
using System.Globalization;
using System.Net;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Model.Access;

namespace Received.Bench.Servers;

/// <summary>
/// <c>received serve</c> as a process of its own, on a data folder of its own, with an account and a key that may do
/// everything.
/// </summary>
sealed class ReceivedServer : IAsyncDisposable
{
    /// <summary>The customer of the one event that shows that the server takes events.</summary>
    public const string FirstCustomer = "first-event";

    const string Account = "bench";

    static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);

    ReceivedServer(ChildProcess process, string folder, Uri url, string key, TimeProvider time)
    {
        Process = process;
        Folder = folder;
        Url = url;
        Key = key;
        Api = new(url, key, time);
    }

    public ChildProcess Process { get; }

    public string Folder { get; }

    public Uri Url { get; }

    public string Key { get; }

    public ServerApi Api { get; }

    /// <summary>From the start of the process to the answer to its first event.</summary>
    public TimeSpan FirstEventAfter { get; private set; }

    /// <summary>Beside this program: built with it, in the same configuration.</summary>
    public static string ProgramDefault => Path.Combine(AppContext.BaseDirectory, "received");

    /// <param name="settings">Environment variables, such as Received__Log__SegmentBytes.</param>
    /// <exception cref="BenchException">It does not start.</exception>
    public static async Task<ReceivedServer> StartAsync(
        string program, TimeProvider time, IReadOnlyDictionary<string, string>? settings = null)
    {
        if (!File.Exists(program)) throw new BenchException($"There is no server program {program}.");
        var folder = Directory.CreateTempSubdirectory("received-bench-").FullName;
        var data = Path.Combine(folder, "data");
        var key = await MakeKeyAsync(Directory.CreateDirectory(data).FullName, time);
        var url = new Uri($"http://127.0.0.1:{ChildProcess.FreePort()}");
        // What a first request costs this process is no part of the server's start.
        using (var warmed = new ServerApi(url, key, time)) await warmed.ReportAsync("");
        var process = new ChildProcess(
            program, ["serve", "--data", data, "--urls", url.OriginalString], Path.Combine(folder, "output.txt"),
            settings);
        var server = new ReceivedServer(process, folder, url, key, time);
        try
        {
            await server.FirstEventAsync(time);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public long DiskBytes(string part = "") => new DirectoryInfo(Path.Combine(Folder, "data", part))
        .EnumerateFiles("*", SearchOption.AllDirectories).Sum(SizeOf);

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await Process.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    async Task FirstEventAsync(TimeProvider time)
    {
        while (Stopwatch.GetElapsedTime(Process.Started) < StartLimit && !Process.HasEnded)
        {
            var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            var status = await Api.ReportAsync(
                $$"""
                {"timestamp": "{{now}}", "customer_ref": "{{FirstCustomer}}", "usage_product_ref": "-", "quantity": 0}
                """);
            if (status == HttpStatusCode.OK)
            {
                FirstEventAfter = Stopwatch.GetElapsedTime(Process.Started);
                return;
            }

            await Task.Delay(Look, time);
        }

        throw new BenchException($"The server takes no event: {await File.ReadAllTextAsync(Process.Output)}");
    }

    /// <summary>Files come and go while the server runs.</summary>
    static long SizeOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    public static async Task<string> MakeKeyAsync(string data, TimeProvider time)
    {
        var store = await BillingStore.OpenAsync(data, CancellationToken.None);
        var account = await new AccountBook(store, time).CreateAsync(Account, false, CancellationToken.None)
            ?? throw new BenchException("The data folder is not empty.");
        var key = await new KeyBook(store, time).CreateAsync(
            account, Scopes.UsageWrite | Scopes.UsageRead | Scopes.Admin, "bench", CancellationToken.None);
        return key.Secret;
    }
}
