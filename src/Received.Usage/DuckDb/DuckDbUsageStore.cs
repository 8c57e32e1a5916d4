using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// The embedded usage store: one DuckDB file. Goal: rating's rows and progress in one transaction, an archive beside it
/// that keeps up, reads that never hold up either. Not its job: retrying, or being opened by two processes. Invariant:
/// after any failure the instance is closed, and the next call opens it anew; nothing is kept in memory that the file
/// does not have. Who does what: <see cref="RatingWrites"/>, <see cref="RatingReads"/>, <see cref="ArchiveWrites"/>,
/// <see cref="ArchiveReads"/>, <see cref="TotalsSelect"/>, <see cref="CycleTotalsSelect"/>,
/// <see cref="EventsSelect"/>, <see cref="AuditSelect"/>, <see cref="RatedExport"/>; threads and failures:
/// <see cref="DuckDbPool"/>.
/// </summary>
public sealed class DuckDbUsageStore : IUsageStore
{
    const string ParquetSuffix = ".parquet.tmp";

    readonly DuckDbPool _pool;
    LogIdentity? _log;
    ArchiveWrites? _archive;
    int _parquetFiles;

    public DuckDbUsageStore(DuckDbOptions options, ILogger<DuckDbUsageStore>? logger = null) =>
        _pool = new(options, logger ?? NullLogger<DuckDbUsageStore>.Instance);

    LogIdentity Log => _log ?? throw new InvalidOperationException("OpenAsync comes first.");

    public async ValueTask OpenAsync(LogIdentity log, CancellationToken cancellation = default)
    {
        await Run(
            _pool.Rating,
            session =>
            {
                Schema.Open(session, log);
                DeleteLeftovers();
            }, cancellation);
        _archive = new(new(log.HashSeed));
        _log = log;
    }

    public async ValueTask<RatedProgress> ReadRatedAsync(
        PartitionId partition, CancellationToken cancellation = default) =>
        await _pool.RunAsync(_pool.Rating, session => RatingReads.Progress(session, partition), cancellation)
            ?? new(partition, Log.Generation, 0, 0, 0);

    public async ValueTask<IReadOnlyList<ProducerRow>> ReadProducersAsync(
        RatedProgress progress, CancellationToken cancellation = default) =>
        await _pool.RunAsync(
            _pool.Rating,
            session =>
            {
                var stored = RatingReads.Progress(session, progress.Partition);
                if (stored is { } now && now != progress) throw StoreUnavailableException.GoneOn(progress, now);
                return RatingReads.Producers(session, progress.Partition);
            }, cancellation);

    public async ValueTask ReadTotalsAsync(
        PartitionId partition, ReadOnlyMemory<TotalKey> keys, Memory<TotalRow> rows,
        CancellationToken cancellation = default) =>
        await Run(
            _pool.Rating, session => RatingReads.Totals(session, partition, keys.Span, rows.Span), cancellation);

    public async ValueTask WriteAsync(IReadOnlyList<RatedBatch> batches, CancellationToken cancellation = default) =>
        await Run(_pool.Rating, session => RatingWrites.Write(session, batches), cancellation);

    public async ValueTask WriteHeartbeatsAsync(
        IReadOnlyList<Heartbeat> heartbeats, CancellationToken cancellation = default) =>
        await Run(_pool.Heartbeats, session => RatingWrites.WriteHeartbeats(session, heartbeats), cancellation);

    public async ValueTask<ArchiveProgress> ReadArchivedAsync(
        PartitionId partition, CancellationToken cancellation = default) =>
        await _pool.RunAsync(_pool.Archive, session => ArchiveReads.Progress(session, partition), cancellation)
            ?? new(partition, Log.Generation, 0, 0, 0, 0);

    public async ValueTask ArchiveAsync(
        IReadOnlyList<ArchiveBatch> batches, CancellationToken cancellation = default)
    {
        var archive = _archive ?? throw new InvalidOperationException("OpenAsync comes first.");
        await Run(
            _pool.Archive, session => archive.Write(session, batches), cancellation,
            yields: batches.All(batch => batch.MayYield));
    }

    public IAsyncEnumerable<ArchivedFrame> ReplayAsync(
        PartitionId partition, long offset, CancellationToken cancellation = default) =>
        Stream(session => ArchiveReads.Replay(session, partition, offset), cancellation);

    public async ValueTask<IReadOnlyList<Heartbeat>> ReadHeartbeatsAsync(CancellationToken cancellation = default) =>
        await _pool.RunAsync(_pool.Reads, RatingReads.Heartbeats, cancellation);

    public IAsyncEnumerable<TotalsLine> QueryTotalsAsync(TotalsQuery query, CancellationToken cancellation = default) =>
        Stream(session => TotalsSelect.Read(session, query), cancellation);

    public async ValueTask<CycleTotals> ReadCycleTotalsAsync(
        AccountId account, IReadOnlyList<TotalsRange> ranges, CancellationToken cancellation = default) =>
        await _pool.RunAsync(
            _pool.Reads, session => CycleTotalsSelect.Read(session, Log, account, ranges), cancellation);

    public async ValueTask WriteParquetAsync(
        TotalsQuery query, Stream target, CancellationToken cancellation = default)
    {
        var path = $"{_pool.Options.Path}.{Interlocked.Increment(ref _parquetFiles)}{ParquetSuffix}";
        try
        {
            await _pool.RunAsync(_pool.Reads, session => TotalsSelect.Copy(session, query, path), cancellation);
            await using var file = File.OpenRead(path);
            await file.CopyToAsync(target, cancellation);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public async ValueTask<IReadOnlyList<EventLine>> QueryEventsAsync(
        EventsQuery query, CancellationToken cancellation = default) =>
        await _pool.RunAsync(_pool.Reads, session => EventsSelect.Read(session, query), cancellation);

    public async ValueTask<EventLine?> FindEventAsync(
        AccountId account, LogPosition position, CancellationToken cancellation = default) =>
        await _pool.RunAsync(_pool.Reads, session => EventsSelect.Find(session, account, position), cancellation);

    public async ValueTask<IReadOnlyList<AuditLine>> ReadAuditAsync(CancellationToken cancellation = default) =>
        await _pool.RunAsync(_pool.Reads, session => AuditSelect.Read(session, Log), cancellation);

    public IAsyncEnumerable<string> ExportRatedAsync(CancellationToken cancellation = default) =>
        Stream(RatedExport.Read, cancellation);

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    Task<bool> Run(
        DuckDbLane lane, Action<DuckDbSession> work, CancellationToken cancellation, bool yields = false) =>
        _pool.RunAsync(
            lane,
            session =>
            {
                work(session);
                return true;
            },
            cancellation, yields);

    async IAsyncEnumerable<T> Stream<T>(
        Func<DuckDbSession, IEnumerable<IReadOnlyList<T>>> pages,
            [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var page in _pool.StreamAsync(pages, cancellation))
        {
            foreach (var item in page) yield return item;
        }
    }

    /// <summary>Files of reports that a crash cut short.</summary>
    void DeleteLeftovers()
    {
        var path = Path.GetFullPath(_pool.Options.Path);
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(path)!,
            Path.GetFileName(path) + ".*" + ParquetSuffix))
            File.Delete(file);
    }
}
