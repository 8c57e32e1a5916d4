using Received.Log.Segments;
using Received.Model;
using Received.Server.Options;
using Received.Usage;
using Received.Usage.DuckDb;
using Received.Usage.Runs;

namespace Received.Server.Hosting;

/// <summary>
/// The open data folder: lock, log, key index, usage store. Goal: opened in data's order before the doors, closed in
/// the reverse order after them. Not its job: running anything.
/// </summary>
sealed class Engine : IAsyncDisposable
{
    /// <summary>What the ports of this profile are, for the line that a start prints.</summary>
    public const string Adapters = "log: segment files, usage store: DuckDB, key index: run files, billing: SQLite";

    readonly IDisposable _folder;

    Engine(IDisposable folder, SegmentLog log, RunKeyIndex keys, IUsageStore store, string? refusal)
    {
        _folder = folder;
        Log = log;
        Keys = keys;
        Store = store;
        Refusal = refusal;
    }

    public SegmentLog Log { get; }

    public RunKeyIndex Keys { get; }

    public IUsageStore Store { get; }

    /// <summary>
    /// Why rating and the archive do not run, or null: the store was filled from another log. Doors and reads stay
    /// open: what is accepted is durable in the log, and rated when a person has decided.
    /// </summary>
    public string? Refusal { get; }

    /// <param name="around">Puts a store of a test around the real one.</param>
    /// <exception cref="LogRefusedException">Another process holds the folder, the log cannot be opened as set, or the
    /// key index has lost keys and cannot be made anew.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be opened.</exception>
    public static async Task<Engine> OpenAsync(
        Settings settings, TimeProvider time, ILoggerFactory logging, CancellationToken cancellation,
        Func<IUsageStore, IUsageStore>? around = null)
    {
        var folder = FolderLock.Take(settings.Folder, time);
        SegmentLog? log = null;
        RunKeyIndex? keys = null;
        IUsageStore? store = null;
        try
        {
            log = await SegmentLog.OpenAsync(settings.Log, new DiskFiles(), time, logging.CreateLogger<SegmentLog>());
            store = new DuckDbUsageStore(settings.Usage, logging.CreateLogger<DuckDbUsageStore>());
            if (around is not null) store = around(store);
            var refusal = await OpenStoreAsync(store, log.Identity, cancellation);
            if (refusal is null) await KeysRestore.RunAsync(settings, log, store, time, logging, cancellation);
            keys = RunKeyIndex.Open(
                DataFolder.Keys(settings.Folder), settings.Keys, logging.CreateLogger<RunKeyIndex>());
            return new(folder, log, keys, store, refusal);
        }
        catch
        {
            if (store is not null) await store.DisposeAsync();
            if (keys is not null) await keys.DisposeAsync();
            if (log is not null) await log.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Closes the store, then the log, which leaves its marker of a clean end; the lock goes last.</summary>
    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Keys.DisposeAsync();
        await Log.DisposeAsync();
        _folder.Dispose();
    }

    static async Task<string?> OpenStoreAsync(IUsageStore store, LogIdentity log, CancellationToken cancellation)
    {
        try
        {
            await store.OpenAsync(log, cancellation);
            return null;
        }
        catch (LogIdentityException e)
        {
            return e.Message;
        }
    }
}
