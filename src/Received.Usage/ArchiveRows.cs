using Received.Model;

namespace Received.Usage;

/// <summary>
/// A frame as the archive keeps it: all that rating reads of it, so that totals can be made anew from here.
/// </summary>
/// <param name="Broken">None for a whole frame; otherwise why it was parked, and <paramref name="Events"/> is
/// null.</param>
/// <param name="EventCount">From the header; 0 and Broken = HeaderCorrupt where that is unknown.</param>
/// <param name="Checksum">Payload checksum from the header.</param>
/// <param name="Events">Decoded events; the store copies what it keeps before it takes the next frame.</param>
public readonly record struct ArchivedFrame(
    long Offset, int EventCount, long TimeMs, ulong ProducerId, long ProducerNumber, ulong Checksum, ParkReason Broken,
    EventColumns? Events);

/// <summary>What is archived of a partition: all frames before <paramref name="Next"/>.</summary>
/// <param name="Accepted">
/// Law 3: events in those frames, summed from their headers by this reader, which is not rating. Headers that are
/// broken count in <paramref name="UnknownFrames"/>.
/// </param>
public readonly record struct ArchiveProgress(
    PartitionId Partition, ushort Generation, long Next, ulong LastChecksum, long Accepted, long UnknownFrames)
{
    public bool IsAheadOf(in ArchiveProgress stored) =>
        (Generation, Next).CompareTo((stored.Generation, stored.Next)) > 0;
}

/// <summary>Frames of one partition in order, and the progress after them.</summary>
/// <param name="Frames">
/// May be gone through more than once, by one at a time, until the write returns: they are decoded on the way, so that
/// only one is in memory. Its columns are the enumerator's and change with the next frame.
/// </param>
public sealed record ArchiveBatch(
    PartitionId Partition, ushort Generation, IEnumerable<ArchivedFrame> Frames, ArchiveProgress Progress)
{
    /// <summary>A store in this process shall leave the cores to all else while it writes this.</summary>
    public bool MayYield { get; init; }
}
