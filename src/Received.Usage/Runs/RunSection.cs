using Received.Model;

namespace Received.Usage.Runs;

/// <summary>
/// A partition's part of a run: blocks one behind the other, all of full size but the last.
/// </summary>
/// <param name="Offset">Of the first block in the file.</param>
/// <param name="KeptFromMs">Entries before that log time may have been left out.</param>
/// <param name="Previous">How far the index went before this run, or the oldest of those it was merged from.</param>
/// <param name="Reach">How far its own entries go.</param>
/// <param name="Firsts">The first identity of each block: all that is kept in memory, 0.19 bytes a key.</param>
sealed record RunSection(
    PartitionId Partition, long Records, long Offset, long OldestMs, long NewestMs, long KeptFromMs, KeyMark Previous,
    KeyMark Reach, UInt128[] Firsts)
{
    /// <summary>Length of the given block in bytes, checksum included.</summary>
    public int BlockBytes(int block) => block < Firsts.Length - 1
        ? RunFormat.BlockBytes
        : RunFormat.ChecksumBytes
            + ((int)(Records - ((long)block * RunFormat.BlockRecords)) * RunRecord.Bytes);

    public long BlockOffset(int block) => Offset + ((long)block * RunFormat.BlockBytes);

    /// <summary>The first block that can hold the identity.</summary>
    public int BlockOf(UInt128 identity)
    {
        int low = 0, high = Firsts.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Firsts[middle] < identity) low = middle + 1;
            else high = middle;
        }

        // Firsts[low] is the first at or above it, so the block before may end with it.
        return Math.Max(0, low - 1);
    }
}
