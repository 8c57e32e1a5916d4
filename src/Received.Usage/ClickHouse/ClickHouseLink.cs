using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;

namespace Received.Usage.ClickHouse;

/// <summary>
/// The way to the server. Goal: few large inserts in the Native format, answers in the same, each call bounded in time,
/// every failure a plain sentence. Invariant: an insert is synchronous, so what was answered is on the disk
/// (the tables say fsync); one that was not answered may be there, in part or not at all.
/// </summary>
sealed class ClickHouseLink : IDisposable
{
    /// <summary>Below the 10 s after which a server closes an idle connection.</summary>
    static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(8);

    static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);
    static readonly TimeSpan QuorumPause = TimeSpan.FromMilliseconds(20);

    const int ReadSecondsMax = 3600;

    readonly ClickHouseClient _client;
    readonly HttpClient _http;
    readonly ClickHouseOptions _options;
    readonly string _server;
    readonly string _user;
    bool _closed;

    public ClickHouseLink(ClickHouseOptions options)
    {
        _options = options;
        var settings = Settings(options);
        _server = $"{settings.Protocol}://{settings.Host}:{settings.Port}";
        _user = settings.Username;
        Database = string.IsNullOrEmpty(settings.Database) ? "default" : settings.Database;
        _http = new(new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = IdleTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            AutomaticDecompression = options.Compression ? DecompressionMethods.All : DecompressionMethods.None,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        _client = new(new ClickHouseClientSettings(settings)
        {
            HttpClient = _http,
            UseCompression = options.Compression,
            UseSession = false,
            // Calls have bounds of their own; it takes no "infinite".
            Timeout = TimeSpan.FromDays(1),
        });
    }

    public string Database { get; }

    public bool IsCluster => _options.Cluster.Length > 0;

    public string Cluster => _options.Cluster;

    /// <summary>A statement without an answer.</summary>
    /// <param name="database">The database that must exist for it; by default ours.</param>
    public async ValueTask ExecuteAsync(string sql, CancellationToken cancellation, string? database = null)
    {
        using var call = Call(_options.WriteTimeout, cancellation);
        await call.WaitAsync(async token =>
            await _client.ExecuteNonQueryAsync(sql, null, Options(WriteSettings(), database), token));
    }

    /// <summary>Nothing is sent for a block without rows.</summary>
    public ValueTask InsertAsync(NativeBlock block, CancellationToken cancellation) =>
        block.Rows == 0 ? default : InsertAsync(block.Insert, block.Parts(), cancellation);

    /// <param name="insert">The statement, up to FORMAT Native.</param>
    /// <param name="blocks">Blocks of that format, or parts of them, in order.</param>
    public async ValueTask InsertAsync(
        string insert, IReadOnlyList<ReadOnlyMemory<byte>> blocks, CancellationToken cancellation)
    {
        if (blocks.Count == 0) return;
        using var call = Call(_options.WriteTimeout, cancellation);
        await call.WaitAsync(async token =>
        {
            // Once more where the connection was lost: every row of ours may be written again.
            for (var again = true; ; again = false)
            {
                try
                {
                    using var answer = await _client.PostStreamAsync(
                        insert, (stream, ct) => WriteAsync(stream, blocks, ct), _options.Compression, token,
                        Options(WriteSettings()));
                    return true;
                }
                catch (HttpRequestException) when (again && !token.IsCancellationRequested)
                {
                }
                catch (ClickHouseServerException busy) when (busy.ErrorCode == ClickHouseFailure.QuorumBusy)
                {
                    // Linear quorum writes go one at a time: until the other's is through, or the timeout.
                    await Task.Delay(QuorumPause, TimeProvider.System, token);
                }
            }
        });
    }

    /// <summary>The answer's blocks; dispose of it early and the server stops.</summary>
    public async ValueTask<NativeRows> QueryAsync(SqlCall sql, CancellationToken cancellation)
    {
        var call = Call(_options.ReadTimeout, cancellation);
        ClickHouseRawResult? result = null;
        try
        {
            result = await call.WaitAsync(token => SendAsync(sql, "Native", ReadSettings(sql), token));
            return new(await result.ReadAsStreamAsync(), result, call);
        }
        catch
        {
            result?.Dispose();
            call.Dispose();
            throw;
        }
    }

    /// <summary>The answer as a file, whole on the server before its first byte comes: an error is no file.</summary>
    public async ValueTask CopyAsync(SqlCall sql, string format, Stream target, CancellationToken cancellation)
    {
        using var call = Call(_options.ReadTimeout, cancellation);
        var settings = ReadSettings(sql);
        settings["wait_end_of_query"] = 1;
        using var result = await call.WaitAsync(token => SendAsync(sql, format, settings, token));
        await using var stream = await result.ReadAsStreamAsync();
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            while (await call.WaitAsync(token => stream.ReadAsync(buffer, token).AsTask()) is var read and > 0)
                await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void ThrowIfClosed()
    {
        if (_closed) throw new StoreUnavailableException("The connection to ClickHouse is closed.");
    }

    public void Dispose()
    {
        _closed = true;
        _client.Dispose();
        _http.Dispose();
    }

    static ClickHouseClientSettings Settings(ClickHouseOptions options)
    {
        try
        {
            return new ClickHouseConnectionStringBuilder(options.ConnectionString).ToSettings();
        }
        catch (Exception error) when (error is ArgumentException or FormatException or InvalidOperationException)
        {
            throw new ArgumentException(
                $"ClickHouse's connection string is not one, like \"Host=localhost;Port=8123;Database=received\": "
                + error.Message, nameof(options), error);
        }
    }

    ClickHouseCall Call(TimeSpan timeout, CancellationToken cancellation)
    {
        ThrowIfClosed();
        return new(_server, _user, timeout, cancellation);
    }

    async Task<ClickHouseRawResult> SendAsync(
        SqlCall sql, string format, Dictionary<string, object> settings, CancellationToken token)
    {
        for (var again = true; ; again = false)
        {
            try
            {
                return await _client.ExecuteRawResultAsync($"{sql}FORMAT {format}", Options(settings), token);
            }
            catch (HttpRequestException) when (again && !token.IsCancellationRequested)
            {
            }
        }
    }

    async Task WriteAsync(Stream stream, IReadOnlyList<ReadOnlyMemory<byte>> blocks, CancellationToken cancellation)
    {
        if (!_options.Compression)
        {
            foreach (var block in blocks) await stream.WriteAsync(block, cancellation);
            return;
        }

        await using var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
        foreach (var block in blocks) await gzip.WriteAsync(block, cancellation);
    }

    QueryOptions Options(Dictionary<string, object> settings, string? database = null) =>
        new() { CustomSettings = settings, Database = database ?? Database };

    Dictionary<string, object> WriteSettings()
    {
        var settings = new Dictionary<string, object>
        {
            // An asynchronous insert is answered from memory, or lost with others that it was put together with.
            ["async_insert"] = 0,
            ["wait_end_of_query"] = 1,
            ["max_partitions_per_insert_block"] = 0,
            ["max_execution_time"] = Seconds(_options.WriteTimeout),
        };
        if (!IsCluster) return settings;
        // Linear quorum writes are what sequentially consistent reads rely on.
        settings["insert_quorum"] = "auto";
        settings["insert_quorum_parallel"] = 0;
        settings["insert_quorum_timeout"] = (long)_options.WriteTimeout.TotalMilliseconds;
        settings["distributed_foreground_insert"] = 1;
        return settings;
    }

    Dictionary<string, object> ReadSettings(SqlCall sql)
    {
        var settings = new Dictionary<string, object>
        {
            ["do_not_merge_across_partitions_select_final"] = 1,
            ["enable_shared_storage_snapshot_in_query"] = 1,
            ["cancel_http_readonly_queries_on_client_close"] = 1,
            ["max_query_size"] = 1 << 26,
            // A reader may take his time over a long answer; that it stands still is noticed by us.
            ["max_execution_time"] = ReadSecondsMax,
            ["http_send_timeout"] = ReadSecondsMax,
        };
        if (IsCluster)
        {
            settings["select_sequential_consistency"] = 1;
            settings["distributed_product_mode"] = "local";
        }

        foreach (var (name, value) in sql.Parameters) settings[name] = value;
        return settings;
    }

    static string Seconds(TimeSpan timeout) =>
        Math.Ceiling(timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}
