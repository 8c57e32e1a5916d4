using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>Law 3's figures at one position of a partition, or added up over partitions.</summary>
public sealed record AuditFigures(
    long Accepted, long Counted, long Duplicate, long Conflict, long Voided,
    IReadOnlyDictionary<ParkReason, long> Parked, long UnknownFrames)
{
    /// <summary>
    /// Whether accepted = counted + duplicate + conflict + voided + parked. Null: unknown, since there are frames whose
    /// headers, and so event counts, cannot be read.
    /// </summary>
    public bool? Balanced => UnknownFrames > 0
        ? null
        : Accepted == Counted + Duplicate + Conflict + Voided + Parked.Values.Sum();

    public static AuditFigures operator +(AuditFigures left, AuditFigures right) => new(
        left.Accepted + right.Accepted, left.Counted + right.Counted, left.Duplicate + right.Duplicate,
        left.Conflict + right.Conflict, left.Voided + right.Voided,
        left.Parked.Concat(right.Parked).GroupBy(pair => pair.Key, pair => pair.Value)
            .ToDictionary(group => group.Key, group => group.Sum()),
        left.UnknownFrames + right.UnknownFrames);
}

/// <summary>One partition's figures, taken before frame <paramref name="Rated"/>.Next.</summary>
/// <param name="Archived">Offset that the archive reads next: figures past it were counted from the log.</param>
public sealed record PartitionAudit(RatedProgress Rated, long Archived, AuditFigures Figures);

/// <summary>All partitions, from one snapshot of the store, and their sum.</summary>
public sealed record AuditReport(IReadOnlyList<PartitionAudit> Partitions, AuditFigures Total);

/// <summary>
/// The conservation equation (law 3): counted from totals, the rest from fates, accepted from frame headers as another
/// reader summed them; where that reader has not come so far, the headers missing are read from the log.
/// </summary>
public sealed class UsageAudit(IUsageStore store, ILog log)
{
    const int ReadBytes = 4 * 1024 * 1024;
    const int AttemptsMax = 3;

    static readonly AuditFigures Nothing = new(0, 0, 0, 0, 0, new Dictionary<ParkReason, long>(), 0);

    /// <exception cref="StoreUnavailableException">The store cannot be read at the moment.</exception>
    public async Task<AuditReport> ReadAsync(CancellationToken cancellation = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var partitions = new List<PartitionAudit>();
                foreach (var line in await store.ReadAuditAsync(cancellation))
                    partitions.Add(await ReadAsync(line, cancellation));
                return new(partitions, partitions.Aggregate(Nothing, (sum, partition) => sum + partition.Figures));
            }
            catch (LogRangeException) when (attempt < AttemptsMax)
            {
                // The log was trimmed since the snapshot, so the archive has gone on: a new snapshot needs less of it.
            }
        }
    }

    async Task<PartitionAudit> ReadAsync(AuditLine line, CancellationToken cancellation)
    {
        var accepted = line.Accepted ?? line.Archived.Accepted
            + await AcceptedAsync(line.Rated.Partition, line.Archived.Next, line.Rated.Next, cancellation);
        return new(line.Rated, line.Archived.Next, new(
            accepted, line.Counted, line.Duplicate, line.Conflict, line.Voided, line.Parked, line.UnknownFrames));
    }

    /// <summary>Events in the frames [from, to) by their headers.</summary>
    async Task<long> AcceptedAsync(PartitionId partition, long from, long to, CancellationToken cancellation)
    {
        var accepted = 0L;
        while (from < to)
        {
            using var batch = await log.ReadAsync(partition, from, ReadBytes, cancellation);
            if (batch.Records.Count == 0)
                throw new LogRangeException($"Partition {partition} ends before frame {from}, which is rated.");
            foreach (var record in batch.Records)
            {
                if (record.Offset >= to) break;
                if (FrameHeader.TryRead(record.Frame.Span, out var header)) accepted += header.EventCount;
                from = record.Offset + 1;
            }
        }

        return accepted;
    }
}
