using System.Buffers.Binary;
using System.IO.Hashing;

namespace Received.Log.Segments;

/// <summary>
/// The first page of a segment: which it is and where the log stood when it began. Written twice, so that one bad
/// sector does not hide the segment. Layout: docs/segment-format.md.
/// </summary>
/// <param name="PreviousEnd">
/// Where the previous segment ends: bytes behind it were never acknowledged and are nobody's, even where they look
/// sound.
/// </param>
/// <param name="Heads">The next offset of every partition when the segment began.</param>
sealed record SegmentHeader(
    Guid LogId, long Number, long FirstGroup, long PreviousEnd, long CreatedMs, long[] Heads)
{
    /// <summary>The page's size; the first group follows.</summary>
    public const int Bytes = 4096;

    const int CopyBytes = Bytes / 2;
    const uint Magic = 0x53564352;
    const byte Version = 1;
    const int HeadsAt = 64;

    public byte[] ToBytes()
    {
        var page = new byte[Bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(page, Magic);
        page[4] = Version;
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(8), Number);
        LogId.TryWriteBytes(page.AsSpan(16));
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(32), FirstGroup);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(40), PreviousEnd);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(48), CreatedMs);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(56), Heads.Length);
        for (var i = 0; i < Heads.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(HeadsAt + (i * 8)), Heads[i]);
        var checksumAt = HeadsAt + (Heads.Length * 8);
        BinaryPrimitives.WriteUInt64LittleEndian(
            page.AsSpan(checksumAt), XxHash3.HashToUInt64(page.AsSpan(0, checksumAt)));
        page.AsSpan(0, CopyBytes).CopyTo(page.AsSpan(CopyBytes));
        return page;
    }

    /// <summary>Null where both copies are broken, or of another log or segment.</summary>
    public static SegmentHeader? FromBytes(ReadOnlySpan<byte> page, Guid logId, long number)
    {
        if (page.Length < Bytes) return null;
        var header = FromCopy(page[..CopyBytes]) ?? FromCopy(page[CopyBytes..Bytes]);
        return header?.LogId == logId && header.Number == number ? header : null;
    }

    static SegmentHeader? FromCopy(ReadOnlySpan<byte> copy)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(copy) != Magic || copy[4] != Version) return null;
        var count = BinaryPrimitives.ReadInt32LittleEndian(copy[56..]);
        if (count is < 1 or > SegmentLogOptions.PartitionCountMax) return null;
        var checksumAt = HeadsAt + (count * 8);
        if (BinaryPrimitives.ReadUInt64LittleEndian(copy[checksumAt..])
            != XxHash3.HashToUInt64(copy[..checksumAt])) return null;
        var heads = new long[count];
        for (var i = 0; i < count; i++)
            heads[i] = BinaryPrimitives.ReadInt64LittleEndian(copy[(HeadsAt + (i * 8))..]);
        return new(
            new Guid(copy.Slice(16, 16)),
            BinaryPrimitives.ReadInt64LittleEndian(copy[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(copy[48..]),
            heads);
    }
}
