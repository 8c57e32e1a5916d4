namespace Received.Model;

/// <summary>
/// Where an event stands in the log: generation, partition, offset of its frame, index within the frame.
/// Within a partition positions are totally ordered; "earlier" in the laws means this order.
/// </summary>
/// <param name="Offset">The frame's number within its partition, from 0.</param>
/// <param name="Index">The event's index within the frame, or <see cref="WholeFrame"/>.</param>
public readonly record struct LogPosition(ushort Generation, PartitionId Partition, long Offset, int Index)
    : IComparable<LogPosition>
{
    /// <summary>Stands for a frame as a whole; sorts before the frame's first event.</summary>
    public const int WholeFrame = -1;

    /// <exception cref="InvalidOperationException">The positions are of different partitions.</exception>
    public int CompareTo(LogPosition other)
    {
        if (Partition != other.Partition)
            throw new InvalidOperationException("Positions of different partitions have no order.");
        var byGeneration = Generation.CompareTo(other.Generation);
        if (byGeneration != 0) return byGeneration;
        var byOffset = Offset.CompareTo(other.Offset);
        return byOffset != 0 ? byOffset : Index.CompareTo(other.Index);
    }

    public static bool operator <(LogPosition left, LogPosition right) => left.CompareTo(right) < 0;
    public static bool operator >(LogPosition left, LogPosition right) => left.CompareTo(right) > 0;
    public static bool operator <=(LogPosition left, LogPosition right) => left.CompareTo(right) <= 0;
    public static bool operator >=(LogPosition left, LogPosition right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Generation}/{Partition}/{Offset}/{Index}";
}
