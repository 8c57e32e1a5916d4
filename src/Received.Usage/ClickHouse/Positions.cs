using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// A position within a partition as one number that orders as positions do: generation, offset, index. A progress has
/// the lowest index, so a row is within it exactly if the row's number is below the progress's.
/// </summary>
static class Positions
{
    const int OffsetShift = 32;
    const int GenerationShift = 96;

    public static UInt128 Of(ushort generation, long offset, int index) =>
        ((UInt128)generation << GenerationShift) | ((UInt128)(ulong)offset << OffsetShift)
        | unchecked((uint)index ^ 0x8000_0000);

    public static UInt128 Of(LogPosition position) => Of(position.Generation, position.Offset, position.Index);

    /// <summary>Of a progress: all frames of the generation before <paramref name="next"/>.</summary>
    public static UInt128 Of(ushort generation, long next) => Of(generation, next, int.MinValue);

    public static ushort Generation(UInt128 position) => (ushort)(position >> GenerationShift);

    public static long Offset(UInt128 position) => unchecked((long)(ulong)(position >> OffsetShift));

    public static int Index(UInt128 position) => unchecked((int)((uint)position ^ 0x8000_0000));

    public static LogPosition In(PartitionId partition, UInt128 position) =>
        new(Generation(position), partition, Offset(position), Index(position));

    /// <summary>As a constant of a statement: the server takes longer numbers than 64 bits only as text.</summary>
    public static string Sql(UInt128 position) => $"toUInt128('{position}')";

    /// <summary>An array by partition; 0 for those that have no progress.</summary>
    public static string Sql(IEnumerable<UInt128> byPartition) =>
        $"CAST(['{string.Join("', '", byPartition)}'], 'Array(UInt128)')";
}
