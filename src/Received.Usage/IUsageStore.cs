using Received.Model;

namespace Received.Usage;

/// <summary>
/// Where rated usage and the archive rest. Goal: rows that carry their position, so that replays, late owners and
/// take-overs are harmless; reads that are exact at a stated position. Not its job: deciding anything about an event.
/// Invariants: a progress is never visible without the rows it stands for; every query filters by account.
/// </summary>
public interface IUsageStore : IAsyncDisposable
{
    /// <summary>
    /// Makes or checks the schema and the log's identity. Call once, before anything else.
    /// </summary>
    /// <exception cref="LogIdentityException">The store was filled from another log, or another generation of
    /// it.</exception>
    ValueTask OpenAsync(LogIdentity log, CancellationToken cancellation = default);

    // ---- Rating ----

    /// <summary>Progress of the partition; Next = 0 with the current generation if it has none yet.</summary>
    ValueTask<RatedProgress> ReadRatedAsync(PartitionId partition, CancellationToken cancellation = default);

    /// <summary>Those of just that progress: later ones would make copies of frames that nobody has rated from
    /// there.</summary>
    /// <exception cref="StoreUnavailableException">Somebody has gone on since: read the progress again.</exception>
    ValueTask<IReadOnlyList<ProducerRow>> ReadProducersAsync(
        RatedProgress progress, CancellationToken cancellation = default);

    /// <summary>Stored rows of the keys, in their order; Count = 0 where there is none.</summary>
    ValueTask ReadTotalsAsync(
        PartitionId partition, ReadOnlyMemory<TotalKey> keys, Memory<TotalRow> rows,
        CancellationToken cancellation = default);

    /// <summary>
    /// Writes batches of different partitions, each whole or not at all. A row at or before the stored row's position
    /// changes nothing, and a progress never goes back.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing or all of it may be there; writing it again is
    /// harmless.</exception>
    ValueTask WriteAsync(IReadOnlyList<RatedBatch> batches, CancellationToken cancellation = default);

    /// <summary>May be called while <see cref="WriteAsync"/> runs, and does not wait for it.</summary>
    ValueTask WriteHeartbeatsAsync(IReadOnlyList<Heartbeat> heartbeats, CancellationToken cancellation = default);

    // ---- Archive ----

    /// <summary>Progress of the archive; Next = 0 if it has none yet.</summary>
    ValueTask<ArchiveProgress> ReadArchivedAsync(PartitionId partition, CancellationToken cancellation = default);

    /// <summary>Frames before the stored progress are left out: writing a batch again is harmless.</summary>
    /// <exception cref="StoreUnavailableException">As for <see cref="WriteAsync"/>.</exception>
    ValueTask ArchiveAsync(IReadOnlyList<ArchiveBatch> batches, CancellationToken cancellation = default);

    /// <summary>
    /// Archived frames of a partition from that offset on, in order, for making totals anew. The columns are the
    /// enumerator's and change with the next frame. Names, keys and data come back byte for byte.
    /// </summary>
    IAsyncEnumerable<ArchivedFrame> ReplayAsync(
        PartitionId partition, long offset, CancellationToken cancellation = default);

    // ---- Reading ----

    ValueTask<IReadOnlyList<Heartbeat>> ReadHeartbeatsAsync(CancellationToken cancellation = default);

    /// <summary>Streams lines ordered by <see cref="TotalsCursor"/>'s fields, from one snapshot.</summary>
    IAsyncEnumerable<TotalsLine> QueryTotalsAsync(TotalsQuery query, CancellationToken cancellation = default);

    /// <summary>
    /// What billing asks: any number of ranges of an account in few set-based queries, each answer exact at a position
    /// that it states. Cost follows the windows between the earliest start and the latest end.
    /// </summary>
    /// <exception cref="ArgumentException">A number is there twice, or a range is empty or off the window
    /// boundaries.</exception>
    /// <exception cref="OverflowException">A sum is beyond 128 bits.</exception>
    ValueTask<CycleTotals> ReadCycleTotalsAsync(
        AccountId account, IReadOnlyList<TotalsRange> ranges, CancellationToken cancellation = default);

    /// <summary>Lines of a totals query as a Parquet file, written to <paramref name="target"/>.</summary>
    ValueTask WriteParquetAsync(TotalsQuery query, Stream target, CancellationToken cancellation = default);

    /// <summary>Ordered by (partition, position), from one snapshot.</summary>
    ValueTask<IReadOnlyList<EventLine>> QueryEventsAsync(EventsQuery query, CancellationToken cancellation = default);

    /// <summary>Null if the archive has no such event of that account (yet).</summary>
    ValueTask<EventLine?> FindEventAsync(
        AccountId account, LogPosition position, CancellationToken cancellation = default);

    /// <summary>One line a partition, in one snapshot.</summary>
    ValueTask<IReadOnlyList<AuditLine>> ReadAuditAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Law 5: all that rating wrote, in one snapshot, as canonical text lines: per partition its progress (a line
    /// "progress {partition} {generation} {next} ..."), series and totals, fates, names, producers, each sorted by key.
    /// Equal prefixes of a log give equal lines, in any store.
    /// </summary>
    IAsyncEnumerable<string> ExportRatedAsync(CancellationToken cancellation = default);
}

/// <summary>The store belongs to another log: rating refuses to run. The message says what to do.</summary>
public sealed class LogIdentityException(string message) : Exception(message);

/// <summary>The store cannot be written or read at the moment (disk full, stuck, closing): retry with
/// back-off.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    internal static StoreUnavailableException GoneOn(RatedProgress read, RatedProgress now) => new(
        $"Partition {read.Partition} was rated up to frame {read.Next} when it was read, and is up to {now.Next} now: "
        + "somebody else has gone on with it.");
}
