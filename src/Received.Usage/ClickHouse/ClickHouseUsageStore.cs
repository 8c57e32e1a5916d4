using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// The usage store in ClickHouse. Goal: several raters, archivers and readers on one database, whose late and repeated
/// writes are harmless, and reads that are exact without transactions. Not its job: retrying (the loops do; whatever
/// failed may be written again), or keeping two owners of a partition apart. Invariant: a progress is never visible
/// without the rows it stands for, and rows past it are never there for good. Who does what:
/// <see cref="RatingWrites"/>, <see cref="RatingReads"/>, <see cref="ArchiveWrites"/>, <see cref="ArchiveReads"/>,
/// <see cref="TotalsSelect"/>, <see cref="CycleTotalsSelect"/>, <see cref="EventsSelect"/>, <see cref="AuditSelect"/>,
/// <see cref="RatedExport"/>;
/// why reads are exact: <see cref="ExactReads"/>; connection and failures: <see cref="ClickHouseLink"/>.
/// </summary>
public sealed class ClickHouseUsageStore : IUsageStore
{
    readonly ClickHouseLink _link;
    readonly ClickHouseSchema _schema;
    readonly RatingWrites _writes;
    readonly RatingReads _reads;
    readonly ArchiveWrites _archiveWrites;
    readonly ArchiveReads _archiveReads;
    readonly TotalsSelect _totals;
    readonly CycleTotalsSelect _cycles;
    readonly EventsSelect _events;
    readonly AuditSelect _audit;
    readonly RatedExport _export;
    LogIdentity? _log;

    public ClickHouseUsageStore(
        ClickHouseOptions options, TimeProvider? time = null, ILogger<ClickHouseUsageStore>? logger = null)
    {
        time ??= TimeProvider.System;
        logger ??= NullLogger<ClickHouseUsageStore>.Instance;
        _link = new(options);
        _schema = new(_link, time, logger);
        _writes = new(_link, logger);
        _reads = new(_link);
        _archiveReads = new(_link);
        _archiveWrites = new(_link, _archiveReads);
        var exact = new ExactReads(_writes, time, options.ExactReadTimeout);
        _totals = new(_link, _reads, exact);
        _cycles = new(_link, _reads, exact);
        _events = new(_link, _reads, _archiveReads);
        _audit = new(_link, _archiveReads, exact);
        _export = new(_link, _reads, exact);
    }

    /// <summary>Drops the database with all that is in it, keys too. For demonstrations and tests.</summary>
    /// <exception cref="StoreUnavailableException">The server does not answer, or refuses.</exception>
    public static async ValueTask DropAsync(ClickHouseOptions options, CancellationToken cancellation = default)
    {
        using var link = new ClickHouseLink(options);
        await ClickHouseSchema.DropAsync(link, cancellation);
    }

    LogIdentity Log => _log ?? throw new InvalidOperationException("OpenAsync comes first.");

    public async ValueTask OpenAsync(LogIdentity log, CancellationToken cancellation = default)
    {
        await _schema.OpenAsync(log, cancellation);
        _log = log;
    }

    /// <summary>Finishes first what an owner before left half written.</summary>
    public async ValueTask<RatedProgress> ReadRatedAsync(
        PartitionId partition, CancellationToken cancellation = default)
    {
        await _writes.RollForwardAsync(partition, cancellation);
        var (progress, _) = await _reads.ProgressAsync(partition, cancellation);
        return progress ?? new(partition, Log.Generation, 0, 0, 0);
    }

    public async ValueTask<IReadOnlyList<ProducerRow>> ReadProducersAsync(
        RatedProgress progress, CancellationToken cancellation = default)
    {
        var (stored, producers) = await _reads.ProgressAsync(progress.Partition, cancellation);
        if (stored is { } now && now != progress) throw StoreUnavailableException.GoneOn(progress, now);
        return producers;
    }

    public ValueTask ReadTotalsAsync(
        PartitionId partition, ReadOnlyMemory<TotalKey> keys, Memory<TotalRow> rows,
        CancellationToken cancellation = default) => _reads.TotalsAsync(partition, keys, rows, cancellation);

    public ValueTask WriteAsync(IReadOnlyList<RatedBatch> batches, CancellationToken cancellation = default) =>
        _writes.WriteAsync(batches, cancellation);

    public ValueTask WriteHeartbeatsAsync(
        IReadOnlyList<Heartbeat> heartbeats, CancellationToken cancellation = default) =>
        _writes.WriteHeartbeatsAsync(heartbeats, cancellation);

    public async ValueTask<ArchiveProgress> ReadArchivedAsync(
        PartitionId partition, CancellationToken cancellation = default) =>
        (await _archiveReads.ProgressAsync(cancellation)).TryGetValue(partition, out var progress)
            ? progress
            : new(partition, Log.Generation, 0, 0, 0, 0);

    public ValueTask ArchiveAsync(IReadOnlyList<ArchiveBatch> batches, CancellationToken cancellation = default) =>
        _archiveWrites.WriteAsync(batches, cancellation);

    public IAsyncEnumerable<ArchivedFrame> ReplayAsync(
        PartitionId partition, long offset, CancellationToken cancellation = default) =>
        _archiveReads.ReplayAsync(partition, offset, cancellation);

    public ValueTask<IReadOnlyList<Heartbeat>> ReadHeartbeatsAsync(CancellationToken cancellation = default) =>
        _reads.HeartbeatsAsync(cancellation);

    public IAsyncEnumerable<TotalsLine> QueryTotalsAsync(TotalsQuery query, CancellationToken cancellation = default) =>
        _totals.ReadAsync(query, Log.PartitionCount, cancellation);

    public ValueTask<CycleTotals> ReadCycleTotalsAsync(
        AccountId account, IReadOnlyList<TotalsRange> ranges, CancellationToken cancellation = default) =>
        _cycles.ReadAsync(Log, account, ranges, cancellation);

    public ValueTask WriteParquetAsync(TotalsQuery query, Stream target, CancellationToken cancellation = default) =>
        _totals.CopyAsync(query, Log.PartitionCount, target, cancellation);

    public ValueTask<IReadOnlyList<EventLine>> QueryEventsAsync(
        EventsQuery query, CancellationToken cancellation = default) =>
        _events.ReadAsync(query, Log.PartitionCount, cancellation);

    public ValueTask<EventLine?> FindEventAsync(
        AccountId account, LogPosition position, CancellationToken cancellation = default) =>
        _events.FindAsync(account, position, Log.PartitionCount, cancellation);

    public ValueTask<IReadOnlyList<AuditLine>> ReadAuditAsync(CancellationToken cancellation = default) =>
        _audit.ReadAsync(Log, cancellation);

    public IAsyncEnumerable<string> ExportRatedAsync(CancellationToken cancellation = default) =>
        _export.ReadAsync(Log.PartitionCount, cancellation);

    public ValueTask DisposeAsync()
    {
        _archiveWrites.Dispose();
        _link.Dispose();
        return default;
    }
}
