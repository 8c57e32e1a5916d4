using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Rates partitions anew, from the log and from the archive where the log was cut, into a fresh store and key index, up
/// to positions that the caller names (law 5). Not its job: making the store and the index, opened with the log's
/// identity, or throwing them away.
/// </summary>
public sealed class RatingAnew(
    ILog log, IUsageStore archive, IUsageStore scratch, IKeyIndex scratchKeys, RatingOptions options)
{
    readonly FrameReader _reader = new();
    readonly EventColumns _events = new();
    readonly HashSet<PartitionId> _begun = [];

    /// <summary>Of the partition that was asked for last: its caches are large.</summary>
    PartitionRater? _rater;

    /// <summary>Rated so far.</summary>
    public long FrameCount { get; private set; }

    /// <summary>In the frames rated so far.</summary>
    public long EventCount { get; private set; }

    /// <summary>Up to that position exactly; of a partition that is there already, on to it.</summary>
    /// <exception cref="InvalidOperationException">It is of another generation, or before what is rated; the scratch
    /// store is not fresh, or neither log nor archive has a frame.</exception>
    public async Task RateAsync(RatedUpTo target, CancellationToken cancellation = default)
    {
        if (target.Generation != log.Identity.Generation)
            throw new InvalidOperationException(
                $"Partition {target.Partition} is rated in generation {target.Generation}, the log is of another one.");
        var rater = await RaterAsync(target.Partition, cancellation);
        if (rater.Next > target.Next)
            throw new InvalidOperationException(
                $"Partition {target.Partition} is at frame {rater.Next}, past {target.Next}.");
        while (rater.Next < target.Next)
        {
            var start = log.Extent(target.Partition).Start;
            if (rater.Next < start)
                await RateArchivedAsync(rater, Math.Min(start, target.Next), cancellation);
            else
                await RateLoggedAsync(rater, target.Next, cancellation);
            if (IsFull(rater) || rater.Next == target.Next)
                await FlushAsync(rater, cancellation);
        }
    }

    async Task<PartitionRater> RaterAsync(PartitionId partition, CancellationToken cancellation)
    {
        if (_rater is not null && _rater.Partition == partition) return _rater;
        var rater = new PartitionRater(
            partition, log.Identity, new(scratchKeys, partition, log.Identity), scratch, options.TotalsCachedMax,
            options.NamesCachedMax);
        await rater.OpenAsync(cancellation: cancellation);
        if (_begun.Add(partition) && rater.Next != 0)
            throw new InvalidOperationException("The store to rate into is not fresh.");
        return _rater = rater;
    }

    /// <summary>Rates archived frames before <paramref name="end"/>, as many as one flush takes.</summary>
    async Task RateArchivedAsync(PartitionRater rater, long end, CancellationToken cancellation)
    {
        var before = rater.Next;
        await foreach (var frame in archive.ReplayAsync(rater.Partition, before, cancellation))
        {
            if (frame.Offset >= end) break;
            await RateAsync(rater, frame, cancellation);
            if (!IsFull(rater)) continue;
            await FlushAsync(rater, cancellation);
            if (rater.Next != frame.Offset + 1) return;
        }

        if (rater.Next == before)
            throw new InvalidOperationException(
                $"Partition {rater.Partition}: frame {before} is neither in the log nor in the archive.");
    }

    async Task RateLoggedAsync(PartitionRater rater, long end, CancellationToken cancellation)
    {
        LogBatch batch;
        try
        {
            batch = await log.ReadAsync(rater.Partition, rater.Next, options.ReadBytes, cancellation);
        }
        catch (LogRangeException) when (log.Extent(rater.Partition).Start > rater.Next)
        {
            // Trimmed since we looked: the archive has it.
            return;
        }

        using (batch)
        {
            if (batch.Records.Count == 0)
                throw new InvalidOperationException(
                    $"Partition {rater.Partition} is rated up to frame {end}, but the log ends before {rater.Next}.");
            foreach (var record in batch.Records)
            {
                if (record.Offset >= end) break;
                await RateAsync(rater, _reader.Read(rater.Partition, record, _events), cancellation);
            }
        }
    }

    bool IsFull(PartitionRater rater) =>
        rater.PendingEvents >= options.FlushEvents || rater.PendingRows >= options.FlushRows
            || rater.PendingKeyCount >= options.FlushRows;

    async Task RateAsync(PartitionRater rater, ArchivedFrame frame, CancellationToken cancellation)
    {
        await rater.RateAsync(frame, cancellation);
        FrameCount++;
        EventCount += frame.EventCount;
    }

    async Task FlushAsync(PartitionRater rater, CancellationToken cancellation)
    {
        var outcome = await rater.CloseAsync(cancellation);
        if (outcome != RatedOutcome.Ready)
        {
            if (outcome == RatedOutcome.Overtaken)
                throw new InvalidOperationException("Someone else writes to the store to rate into.");
            await rater.OpenAsync(exact: true, cancellation);
            return;
        }

        if (rater.BatchKeys.Length > 0)
            await scratchKeys.AddAsync([new(rater.Partition, rater.BatchKeys)], cancellation);
        await scratch.WriteAsync([rater.Batch], cancellation);
        rater.Written();
    }
}
