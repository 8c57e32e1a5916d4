using System.Globalization;
using DuckDB.NET.Native;

namespace Received.Usage.DuckDb;

/// <summary>
/// An open database file and its sessions. Once <see cref="IsBroken"/> it gives out no more, and closes the file when
/// the last one is back: DuckDB would let this process open the same file twice, and that would destroy it.
/// Guarded by the pool's lock.
/// </summary>
sealed class DuckDbInstance
{
    readonly DuckDBDatabase _database;
    readonly Stack<DuckDbSession> _idle = [];
    readonly HashSet<DuckDbSession> _busy = [];

    public DuckDbInstance(DuckDbOptions options)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(options.Path))!;
        Directory.CreateDirectory(folder);
        _ = NativeMethods.Configuration.DuckDBCreateConfig(out var config);
        using (config)
        {
            foreach (var (name, value) in Settings(options))
            {
                if (NativeMethods.Configuration.DuckDBSetConfig(config, name, value) != DuckDBState.Success)
                    throw new DuckDbError($"DuckDB refuses {name} = {value}.", DuckDBErrorType.Settings);
            }

            var state = NativeMethods.Startup.DuckDBOpen(options.Path, out _database, config, out var error);
            if (state != DuckDBState.Success)
            {
                _database.Dispose();
                throw new DuckDbError(error ?? "The database cannot be opened.", DuckDBErrorType.Io);
            }
        }

        try
        {
            using var session = Connect();
            var archive = options.ArchivePath.Replace("'", "''", StringComparison.Ordinal);
            session.Execute($"ATTACH '{archive}' AS {Schema.Archive}");
        }
        catch
        {
            _database.Dispose();
            throw;
        }
    }

    public bool IsBroken { get; private set; }

    public bool IsClosed { get; private set; }

    public DuckDbSession Take()
    {
        if (!_idle.TryPop(out var session)) session = Connect();
        _busy.Add(session);
        return session;
    }

    /// <param name="reusable">False after an exception: closing a session rolls its transaction back.</param>
    public void Return(DuckDbSession session, bool reusable)
    {
        _busy.Remove(session);
        if (reusable && !IsBroken) _idle.Push(session);
        else session.Dispose();
        if (IsBroken) CloseIfIdle();
    }

    /// <summary>No more use; whoever is in it is interrupted.</summary>
    public void Break()
    {
        IsBroken = true;
        foreach (var session in _busy) session.Interrupt();
        CloseIfIdle();
    }

    DuckDbSession Connect()
    {
        if (NativeMethods.Startup.DuckDBConnect(_database, out var connection) != DuckDBState.Success)
            throw new DuckDbError("DuckDB gives no connection.", DuckDBErrorType.Connection);
        return new(connection);
    }

    void CloseIfIdle()
    {
        if (_busy.Count > 0 || IsClosed) return;
        while (_idle.TryPop(out var session)) session.Dispose();
        _database.Dispose();
        IsClosed = true;
    }

    static (string Name, string Value)[] Settings(DuckDbOptions options) =>
    [
        ("memory_limit", Bytes(options.MemoryLimit)),
        ("threads", options.Threads.ToString(CultureInfo.InvariantCulture)),
        ("temp_directory", options.Path + ".tmp"),
        ("max_temp_directory_size", Bytes(options.TempBytesMax)),
        // Every result that has an order says so; without this, large appends are buffered to keep one.
        ("preserve_insertion_order", "false"),
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        // Text is ordered by its UTF-8 bytes, whatever the machine says.
        ("default_collation", ""),
    ];

    static string Bytes(long count) => string.Create(CultureInfo.InvariantCulture, $"{count}B");
}
