using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Whether a stored position and a log belong together. A log that was cut, replaced or put back from a copy would be
/// rated wrongly without a trace: so a loop refuses, and a person decides, on record. Nothing resets itself.
/// </summary>
static class LogCheck
{
    const string WhatToDo =
        "Put the right log back, or the usage store and key index that were made from this one.";

    /// <param name="what">"rated" or "archived".</param>
    /// <exception cref="LogIdentityException">They do not.</exception>
    public static async ValueTask VerifyAsync(
        ILog log, PartitionId partition, string what, ushort generation, long next, ulong lastChecksum,
        CancellationToken cancellation)
    {
        var prefix = $"Partition {partition} is {what} up to frame {next} of generation {generation}, but ";
        if (generation != log.Identity.Generation)
            throw new LogIdentityException(
                $"{prefix}the log is of generation {log.Identity.Generation}. {WhatToDo}");
        var extent = log.Extent(partition);
        // Another process may have appended and rated since this one looked.
        if (next > extent.Head) extent = extent with { Head = await ObserveAsync(log, partition, cancellation) };
        if (next < extent.Start)
            throw new LogIdentityException(
                $"{prefix}the log begins at frame {extent.Start}: what is between is lost to it. {WhatToDo}");
        if (next > extent.Head)
            throw new LogIdentityException($"{prefix}the log ends before frame {extent.Head}: it was cut. {WhatToDo}");
        if (next == extent.Start) return;
        using var batch = await log.ReadAsync(partition, next - 1, 1, cancellation);
        // A header that cannot be read (any more) has no checksum to compare: damage, not another log.
        if (batch.Records.Count == 0 || !FrameHeader.TryRead(batch.Records[0].Frame.Span, out var header)) return;
        if (header.PayloadChecksum != lastChecksum)
            throw new LogIdentityException(
                $"{prefix}the log's frame {next - 1} is another one: it was cut and grew again. {WhatToDo}");
    }

    static async ValueTask<long> ObserveAsync(ILog log, PartitionId partition, CancellationToken cancellation)
    {
        var heads = new long[1];
        await log.ObserveHeadsAsync(new[] { partition }, heads, cancellation);
        return heads[0];
    }
}
