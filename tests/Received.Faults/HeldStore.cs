using Received.Model;
using Received.Usage;

namespace Received.Faults;

/// <summary>
/// The real store, whose writes do not return while they are held: before they are done, or after. No cancellation
/// helps, as with a disk that hangs.
/// </summary>
sealed class HeldStore(IUsageStore inner, bool afterWriting) : IUsageStore
{
    volatile TaskCompletionSource? _hold;
    int _waiting;

    /// <summary>Writes that are held now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    public void Hold() => _hold = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release()
    {
        var hold = _hold;
        _hold = null;
        hold?.SetResult();
    }

    public async ValueTask WriteAsync(IReadOnlyList<RatedBatch> batches, CancellationToken cancellation = default)
    {
        if (!afterWriting) await HeldAsync();
        await inner.WriteAsync(batches, cancellation);
        if (afterWriting) await HeldAsync();
    }

    public async ValueTask ArchiveAsync(
        IReadOnlyList<ArchiveBatch> batches, CancellationToken cancellation = default)
    {
        if (!afterWriting) await HeldAsync();
        await inner.ArchiveAsync(batches, cancellation);
        if (afterWriting) await HeldAsync();
    }

    public ValueTask OpenAsync(LogIdentity log, CancellationToken cancellation = default) =>
        inner.OpenAsync(log, cancellation);

    public ValueTask<RatedProgress> ReadRatedAsync(PartitionId partition, CancellationToken cancellation = default) =>
        inner.ReadRatedAsync(partition, cancellation);

    public ValueTask<IReadOnlyList<ProducerRow>> ReadProducersAsync(
        RatedProgress progress, CancellationToken cancellation = default) =>
        inner.ReadProducersAsync(progress, cancellation);

    public ValueTask ReadTotalsAsync(
        PartitionId partition, ReadOnlyMemory<TotalKey> keys, Memory<TotalRow> rows,
        CancellationToken cancellation = default) =>
        inner.ReadTotalsAsync(partition, keys, rows, cancellation);

    public ValueTask WriteHeartbeatsAsync(
        IReadOnlyList<Heartbeat> heartbeats, CancellationToken cancellation = default) =>
        inner.WriteHeartbeatsAsync(heartbeats, cancellation);

    public ValueTask<ArchiveProgress> ReadArchivedAsync(
        PartitionId partition, CancellationToken cancellation = default) =>
        inner.ReadArchivedAsync(partition, cancellation);

    public IAsyncEnumerable<ArchivedFrame> ReplayAsync(
        PartitionId partition, long offset, CancellationToken cancellation = default) =>
        inner.ReplayAsync(partition, offset, cancellation);

    public ValueTask<IReadOnlyList<Heartbeat>> ReadHeartbeatsAsync(CancellationToken cancellation = default) =>
        inner.ReadHeartbeatsAsync(cancellation);

    public IAsyncEnumerable<TotalsLine> QueryTotalsAsync(TotalsQuery query, CancellationToken cancellation = default) =>
        inner.QueryTotalsAsync(query, cancellation);

    public ValueTask<CycleTotals> ReadCycleTotalsAsync(
        AccountId account, IReadOnlyList<TotalsRange> ranges, CancellationToken cancellation = default) =>
        inner.ReadCycleTotalsAsync(account, ranges, cancellation);

    public ValueTask WriteParquetAsync(
        TotalsQuery query, Stream target, CancellationToken cancellation = default) =>
        inner.WriteParquetAsync(query, target, cancellation);

    public ValueTask<IReadOnlyList<EventLine>> QueryEventsAsync(
        EventsQuery query, CancellationToken cancellation = default) => inner.QueryEventsAsync(query, cancellation);

    public ValueTask<EventLine?> FindEventAsync(
        AccountId account, LogPosition position, CancellationToken cancellation = default) =>
        inner.FindEventAsync(account, position, cancellation);

    public ValueTask<IReadOnlyList<AuditLine>> ReadAuditAsync(CancellationToken cancellation = default) =>
        inner.ReadAuditAsync(cancellation);

    public IAsyncEnumerable<string> ExportRatedAsync(CancellationToken cancellation = default) =>
        inner.ExportRatedAsync(cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    async Task HeldAsync()
    {
        if (_hold is not { } hold) return;
        Interlocked.Increment(ref _waiting);
        await hold.Task;
        Interlocked.Decrement(ref _waiting);
    }
}
