using System.Buffers.Binary;

namespace Received.Usage.Runs;

/// <summary>
/// An entry as stored, little-endian: identity 16, event hash 8, offset 8, log time 8, index 4, generation 2, 2 of
/// zero. The partition is that of the section.
/// </summary>
static class RunRecord
{
    public const int Bytes = 48;

    public static void Write(Span<byte> target, in KeyEntry entry)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(target, entry.Identity);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], entry.EventHash);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], entry.Offset);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], entry.LogTimeMs);
        BinaryPrimitives.WriteInt32LittleEndian(target[40..], entry.Index);
        BinaryPrimitives.WriteUInt16LittleEndian(target[44..], entry.Generation);
        BinaryPrimitives.WriteUInt16LittleEndian(target[46..], 0);
    }

    public static KeyEntry Read(ReadOnlySpan<byte> source) => new(
        Identity(source),
        BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
        BinaryPrimitives.ReadUInt16LittleEndian(source[44..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[40..]),
        LogTimeMs(source));

    public static UInt128 Identity(ReadOnlySpan<byte> source) => BinaryPrimitives.ReadUInt128LittleEndian(source);

    public static long LogTimeMs(ReadOnlySpan<byte> source) => BinaryPrimitives.ReadInt64LittleEndian(source[32..]);

    /// <summary>The order of a run: identity, then position.</summary>
    public static int Compare(in KeyEntry left, in KeyEntry right)
    {
        var byIdentity = left.Identity.CompareTo(right.Identity);
        return byIdentity != 0 ? byIdentity : ComparePositions(left, right);
    }

    public static int ComparePositions(in KeyEntry left, in KeyEntry right)
    {
        var byGeneration = left.Generation.CompareTo(right.Generation);
        if (byGeneration != 0) return byGeneration;
        var byOffset = left.Offset.CompareTo(right.Offset);
        return byOffset != 0 ? byOffset : left.Index.CompareTo(right.Index);
    }
}
