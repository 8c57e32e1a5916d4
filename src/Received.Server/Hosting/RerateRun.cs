using Received.Log;
using Received.Rating;
using Received.Server.Options;
using Received.Usage;
using Received.Usage.DuckDb;
using Received.Usage.Runs;

namespace Received.Server.Hosting;

/// <summary>
/// Law 5 on demand: the totals made anew in a folder beside the live ones, compared, and thrown away. One at a time,
/// because it costs a core and as much disk as the store; the live loops go on. Wherever the live ones rest, these rest
/// in DuckDB and run files: what two kinds of store agree on is worth more.
/// </summary>
sealed class RerateRun(Engine engine, Settings settings, TimeProvider time, ILoggerFactory logging) : IDisposable
{
    public const string FolderName = "rerate";

    const string LockName = "rerate.lock";

    readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Null where one is running already, in this process or another one that shares the folder.</summary>
    public Task<ReratingResult?> RunAsync(CancellationToken cancellation) => RunAsync(
        folder => MakeAsync(folder, engine.Log, engine.Store, settings, time, logging, cancellation), cancellation);

    /// <summary>
    /// Gives the work a fresh store and the way to rate into it, up to positions of its choice; null as above.
    /// </summary>
    public Task<T?> UseAsync<T>(Func<RatingAnew, IUsageStore, Task<T>> work, CancellationToken cancellation)
        where T : class => RunAsync(
        folder => UseAsync(
            folder, engine.Log, settings, logging,
            (scratch, keys) => work(new(engine.Log, engine.Store, scratch, keys, settings.Rating), scratch),
            cancellation), cancellation);

    async Task<T?> RunAsync<T>(Func<string, Task<T>> work, CancellationToken cancellation)
        where T : class
    {
        if (!await _one.WaitAsync(TimeSpan.Zero, cancellation)) return null;
        try
        {
            using var held = TryTake();
            return held is null ? null : await RunAloneAsync(work);
        }
        finally
        {
            // Where its folder cannot be deleted now, the next one tries again, and must not be shut out.
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    async Task<T> RunAloneAsync<T>(Func<string, Task<T>> work)
    {
        var folder = Path.Combine(settings.Folder, FolderName);
        try
        {
            // What a kill left of one before is of no use to anybody.
            Delete(folder);
            DataFolder.Create(folder);
            return await work(folder);
        }
        finally
        {
            Delete(folder);
        }
    }

    FileStream? TryTake()
    {
        try
        {
            return new(
                Path.Combine(settings.Folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None,
                bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Makes totals and key index anew in the folder, up to where the live store is, and compares.</summary>
    public static Task<ReratingResult> MakeAsync(
        string folder, ILog log, IUsageStore live, Settings settings, TimeProvider time, ILoggerFactory logging,
        CancellationToken cancellation) => UseAsync(
        folder, log, settings, logging,
        (scratch, keys) => new Rerating(log, live, scratch, keys, settings.Rating, time)
            .RunAsync(Path.Combine(folder, "live.txt"), cancellation), cancellation);

    static async Task<T> UseAsync<T>(
        string folder, ILog log, Settings settings, ILoggerFactory logging, Func<IUsageStore, IKeyIndex, Task<T>> work,
        CancellationToken cancellation)
    {
        await using var scratch = new DuckDbUsageStore(
            new DuckDbOptions
            {
                Path = DataFolder.Usage(folder),
                MemoryLimit = settings.Usage.MemoryLimit,
                Threads = settings.Usage.Threads,
                TempBytesMax = settings.Usage.TempBytesMax,
            },
            logging.CreateLogger<DuckDbUsageStore>());
        await scratch.OpenAsync(log.Identity, cancellation);
        await using var keys = RunKeyIndex.Open(
            DataFolder.Keys(folder), settings.Keys, logging.CreateLogger<RunKeyIndex>());
        return await work(scratch, keys);
    }

    public static void Delete(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
