using System.Buffers.Binary;
using System.IO.Hashing;

namespace Received.Log.Segments;

/// <summary>
/// Checksums of group and record headers are seeded with the log's secret seed, the segment and the place: neither
/// bytes that a client chose nor a copy of a real header elsewhere can pass for one when a scan looks for the next.
/// </summary>
readonly record struct HeaderSeed(long LogSeed, long Segment)
{
    public ulong Checksum(ReadOnlySpan<byte> bytes, long position) => XxHash3.HashToUInt64(
        bytes, unchecked(LogSeed + (Segment * (long)0x9E3779B97F4A7C15) + position));
}

/// <summary>Before each frame: what can be known of it without the frame.</summary>
/// <param name="Index">Place within its group, from 0.</param>
/// <param name="GroupAt">Position of the group in the segment, so that a torn group can be cut whole.</param>
readonly record struct RecordHeader(
    ushort Partition, int FrameBytes, int Index, long Offset, long Group, uint GroupAt)
{
    public const int Bytes = 48;
    public const uint Magic = 0x52564352;
    const byte Version = 1;
    const int ChecksumAt = Bytes - 8;

    /// <summary>Every header stands at a multiple of this: a scan looks there only.</summary>
    public const int Alignment = 8;

    /// <summary>Bytes in the segment: header, frame, zeros up to the alignment.</summary>
    public int StoredBytes => Stored(FrameBytes);

    public static int Stored(int frameBytes) => Bytes + frameBytes + Padding(frameBytes);

    public static int Padding(int frameBytes) => -frameBytes & (Alignment - 1);

    public void Write(Span<byte> target, HeaderSeed seed, long position)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        target[4] = Version;
        target[5] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(target[6..], Partition);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], FrameBytes);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], Index);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], Offset);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], Group);
        BinaryPrimitives.WriteUInt32LittleEndian(target[32..], GroupAt);
        BinaryPrimitives.WriteUInt32LittleEndian(target[36..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(target[ChecksumAt..], seed.Checksum(target[..ChecksumAt], position));
    }

    public static bool TryRead(ReadOnlySpan<byte> source, HeaderSeed seed, long position, out RecordHeader header)
    {
        header = default;
        if (source.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic) return false;
        if (source[4] != Version
            || BinaryPrimitives.ReadUInt64LittleEndian(source[ChecksumAt..])
            != seed.Checksum(source[..ChecksumAt], position)) return false;
        header = new(
            BinaryPrimitives.ReadUInt16LittleEndian(source[6..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[32..]));
        return header.FrameBytes >= 0;
    }
}

/// <summary>
/// Before each group, which is what one write and one fdatasync made durable. It repeats where every partition stood
/// before it, so offsets whose records were damaged are known from any group that follows.
/// </summary>
/// <param name="GroupBytes">Of the whole group with this header.</param>
readonly record struct GroupHeader(long Group, int GroupBytes, int RecordCount)
{
    public const uint Magic = 0x47564352;
    const byte Version = 1;
    const int HeadsAt = 24;

    public static int Bytes(int partitionCount) => HeadsAt + (partitionCount * 8) + 8;

    public void Write(Span<byte> target, ReadOnlySpan<long> heads, HeaderSeed seed, long position)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], Version);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Group);
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], GroupBytes);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], RecordCount);
        for (var i = 0; i < heads.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(target[(HeadsAt + (i * 8))..], heads[i]);
        var checksumAt = HeadsAt + (heads.Length * 8);
        BinaryPrimitives.WriteUInt64LittleEndian(target[checksumAt..], seed.Checksum(target[..checksumAt], position));
    }

    /// <summary>Reads the header and, into <paramref name="heads"/>, the heads before the group.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> source, Span<long> heads, HeaderSeed seed, long position, out GroupHeader header)
    {
        header = default;
        var checksumAt = HeadsAt + (heads.Length * 8);
        if (source.Length < checksumAt + 8 || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic) return false;
        if (source[4] != Version
            || BinaryPrimitives.ReadUInt64LittleEndian(source[checksumAt..])
            != seed.Checksum(source[..checksumAt], position)) return false;
        header = new(
            BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[20..]));
        for (var i = 0; i < heads.Length; i++)
            heads[i] = BinaryPrimitives.ReadInt64LittleEndian(source[(HeadsAt + (i * 8))..]);
        return true;
    }
}
