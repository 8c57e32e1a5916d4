using Received.Log;
using Received.Log.Kafka;
using Received.Log.Segments;
using Received.Server.Options;
using Received.Usage;
using Received.Usage.ClickHouse;
using Received.Usage.DuckDb;
using Received.Usage.Runs;

namespace Received.Server.Hosting;

/// <summary>
/// Log, usage store and key index as the settings choose them, and the folder's lock where one of them is files. Goal:
/// opened in data's order before the doors, closed in the reverse order after them. Not its job: running anything.
/// </summary>
sealed class Engine : IAsyncDisposable
{
    static readonly TimeSpan StoreLook = TimeSpan.FromSeconds(1);

    readonly Settings _settings;
    readonly TimeProvider _time;
    readonly ILoggerFactory _logging;
    IDisposable? _folder;
    ILog? _log;
    IUsageStore? _store;
    IKeyIndex? _keys;

    Engine(Settings settings, TimeProvider time, ILoggerFactory logging)
    {
        _settings = settings;
        _time = time;
        _logging = logging;
    }

    public ILog Log => _log!;

    /// <summary>The log where it is segment files, else null.</summary>
    public SegmentLog? Segments => _log as SegmentLog;

    /// <summary>The log where it is a topic, else null.</summary>
    public KafkaLog? Kafka => _log as KafkaLog;

    /// <summary>Where this process rates.</summary>
    public IKeyIndex Keys => _keys!;

    public IUsageStore Store => _store!;

    /// <summary>Why nothing can be appended or read at the moment, or null.</summary>
    public string? LogFailure => Segments is { } segments ? segments.Failure?.Message : Kafka?.Failure;

    /// <summary>
    /// Why rating and the archive do not run, or null: the store was filled from another log. Doors and reads stay
    /// open: what is accepted is durable in the log, and rated when a person has decided.
    /// </summary>
    public string? Refusal { get; private set; }

    /// <summary>
    /// Why the store cannot be read yet, or null. A front door alone does not wait for it: what it takes is durable in
    /// the log.
    /// </summary>
    public string? StoreFailure { get; private set; }

    /// <summary>What the ports of this profile are, for the line that a start prints. No secrets.</summary>
    public string Adapters => Describe(_settings);

    /// <summary>The same before anything is opened.</summary>
    public static string Describe(Settings settings) =>
        (settings.Kafka is { } kafka
            ? $"log: Kafka at {kafka.BootstrapServers}, topic {kafka.Topic}"
            : "log: segment files")
        + (settings.ClickHouse is null
            ? ", usage store: DuckDB, key index: run files"
            : ", usage store and key index: ClickHouse")
        + ", billing: SQLite";

    /// <param name="around">Puts a store of a test around the real one.</param>
    /// <exception cref="LogRefusedException">Another process holds the folder, the log cannot be opened as set, or the
    /// key index has lost keys and cannot be made anew.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be opened.</exception>
    public static async Task<Engine> OpenAsync(
        Settings settings, TimeProvider time, ILoggerFactory logging, CancellationToken cancellation,
        Func<IUsageStore, IUsageStore>? around = null)
    {
        var engine = new Engine(settings, time, logging);
        try
        {
            if (!settings.IsShared) engine._folder = FolderLock.Take(settings.Folder, time);
            engine._log = await engine.OpenLogAsync();
            engine._store = engine.MakeStore();
            if (around is not null) engine._store = around(engine._store);
            await engine.OpenStoreAsync(cancellation);
            await engine.CheckLogEndAsync(cancellation);
            engine.Segments?.Start();
            if (settings.Roles.HasFlag(ServerRoles.Rate)) engine._keys = await engine.OpenKeysAsync(cancellation);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes the store, then the log, which leaves its marker of a clean end; the lock goes last.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_store is not null) await _store.DisposeAsync();
        if (_keys is not null) await _keys.DisposeAsync();
        if (_log is not null) await _log.DisposeAsync();
        _folder?.Dispose();
    }

    async Task<ILog> OpenLogAsync() => _settings.Kafka is { } kafka
        ? await KafkaLog.OpenAsync(kafka, _time, _logging.CreateLogger<KafkaLog>())
        : await SegmentLog.OpenAsync(_settings.Log, new DiskFiles(), _time, _logging.CreateLogger<SegmentLog>());

    IUsageStore MakeStore() => _settings.ClickHouse is { } clickHouse
        ? new ClickHouseUsageStore(clickHouse, _time, _logging.CreateLogger<ClickHouseUsageStore>())
        : new DuckDbUsageStore(_settings.Usage, _logging.CreateLogger<DuckDbUsageStore>());

    /// <summary>Tries until the store has been opened, for a door that was started without it.</summary>
    public async Task OpenStoreAtLastAsync(CancellationToken cancellation)
    {
        while (StoreFailure is not null)
        {
            await Task.Delay(StoreLook, _time, cancellation);
            await OpenStoreAsync(cancellation);
        }
    }

    async Task OpenStoreAsync(CancellationToken cancellation)
    {
        try
        {
            await Store.OpenAsync(Log.Identity, cancellation);
            StoreFailure = null;
        }
        catch (LogIdentityException e)
        {
            Refusal = e.Message;
            StoreFailure = null;
        }
        catch (StoreUnavailableException e) when (_settings.Roles == ServerRoles.Ingest)
        {
            StoreFailure = e.Message;
        }
    }

    /// <summary>
    /// A segment that is lost at the log's end would be written anew: the door would give the places of frames that are
    /// counted to other events, and the segment could no more be put back beside them. So before anything is written.
    /// </summary>
    async Task CheckLogEndAsync(CancellationToken cancellation)
    {
        // A topic's end is checked by whoever rates it: no door of it has the store.
        if (Segments is not { } log || Refusal is not null || StoreFailure is not null) return;
        foreach (var partition in log.Identity.AllPartitions())
        {
            var head = log.Extent(partition).Head;
            var rated = (await Store.ReadRatedAsync(partition, cancellation)).Next;
            var archived = (await Store.ReadArchivedAsync(partition, cancellation)).Next;
            if (Math.Max(rated, archived) <= head) continue;
            throw new LogRefusedException(
                $"Partition {partition} is rated up to frame {rated} and archived up to frame {archived}, but the log "
                + $"in {_settings.Log.Folder} ends before frame {head}: it has lost segments, or was put back from an "
                + "older copy. Put the missing segments back, or the usage store and key index of the same copy."
                + (log.Recovery.Cut is { } cut ? $" What could not be read of the last one is in {cut.KeptIn}." : ""));
        }
    }

    async Task<IKeyIndex> OpenKeysAsync(CancellationToken cancellation)
    {
        if (_settings.ClickHouse is { } clickHouse)
            return await ClickHouseKeyIndex.OpenAsync(
                clickHouse, _time, _logging.CreateLogger<ClickHouseKeyIndex>(), cancellation);
        if (Refusal is null) await KeysRestore.RunAsync(_settings, Log, Store, _time, _logging, cancellation);
        return RunKeyIndex.Open(
            DataFolder.Keys(_settings.Folder), _settings.Keys, _logging.CreateLogger<RunKeyIndex>());
    }
}
