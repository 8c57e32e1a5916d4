using Received.Log;
using Received.Model;

namespace Received.Rating;

/// <summary>
/// Whether a stored position and a log belong together. A log that was cut, replaced or put back from a copy would be
/// rated wrongly without a trace: so a loop refuses the partition, and a person decides, on record. Nothing resets
/// itself.
/// </summary>
static class LogCheck
{
    const string WhatToDo =
        "Put the right log back, or the usage store and key index that were made from this one.";

    /// <param name="what">"rated" or "archived".</param>
    /// <exception cref="PartitionRefusedException">They do not.</exception>
    public static async ValueTask VerifyAsync(
        ILog log, PartitionId partition, string what, ushort generation, long next, ulong lastChecksum,
        CancellationToken cancellation)
    {
        var prefix = $"Partition {partition} is {what} up to frame {next} of generation {generation}, but ";
        if (generation != log.Identity.Generation)
            throw Refused(partition, $"{prefix}the log is of generation {log.Identity.Generation}.");
        var extent = log.Extent(partition);
        // Another process may have appended and rated since this one looked.
        if (next > extent.Head) extent = extent with { Head = await ObserveAsync(log, partition, cancellation) };
        if (next < extent.Start)
        {
            throw Refused(
                partition, $"{prefix}the log begins at frame {extent.Start}: what is between is lost to it.");
        }

        if (next > extent.Head)
            throw Refused(partition, $"{prefix}the log ends before frame {extent.Head}: it was cut.");
        if (next == extent.Start) return;
        using var batch = await ReadLastAsync(log, partition, next - 1, cancellation);
        // A header that cannot be read (any more) has no checksum to compare: damage, not another log.
        if (batch.Records.Count == 0 || !FrameHeader.TryRead(batch.Records[0].Frame.Span, out var header)) return;
        if (header.PayloadChecksum != lastChecksum)
        {
            throw Refused(
                partition, $"{prefix}the log's frame {next - 1} is another one: it was cut and grew again.");
        }
    }

    /// <param name="reason">A sentence.</param>
    public static PartitionRefusedException Refused(PartitionId partition, string reason) =>
        new(partition, $"{reason} {WhatToDo}");

    static async ValueTask<LogBatch> ReadLastAsync(
        ILog log, PartitionId partition, long offset, CancellationToken cancellation)
    {
        try
        {
            return await log.ReadAsync(partition, offset, 1, cancellation);
        }
        catch (LogRangeException exception)
        {
            throw Refused(partition, exception.Message);
        }
    }

    static async ValueTask<long> ObserveAsync(ILog log, PartitionId partition, CancellationToken cancellation)
    {
        var heads = new long[1];
        await log.ObserveHeadsAsync(new[] { partition }, heads, cancellation);
        return heads[0];
    }
}

/// <summary>What is stored of a partition and the log do not belong together; the message says what to do.</summary>
sealed class PartitionRefusedException(PartitionId partition, string message) : Exception(message)
{
    public PartitionId Partition { get; } = partition;
}
