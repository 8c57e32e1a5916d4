using System.Buffers.Binary;
using System.IO.Hashing;

namespace Received.Log.Segments;

/// <summary>
/// Left by a clean stop: where the log ended. It is deleted before anything is written again, so where it stands,
/// every acknowledged record is known and damage at the tail is damage, not a torn write.
/// </summary>
/// <param name="Segment">The last segment's number.</param>
/// <param name="End">Position in it behind the last group.</param>
sealed record CleanMarker(Guid LogId, long Segment, long End, long NextGroup, long[] Heads)
{
    public const string Name = "log.clean";

    const uint Magic = 0x43564352;
    const int HeadsAt = 56;

    public byte[] ToBytes()
    {
        var bytes = new byte[HeadsAt + (Heads.Length * 8) + 8];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        LogId.TryWriteBytes(bytes.AsSpan(8));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Segment);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), End);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), NextGroup);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(48), Heads.Length);
        for (var i = 0; i < Heads.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(HeadsAt + (i * 8)), Heads[i]);
        BinaryPrimitives.WriteUInt64LittleEndian(
            bytes.AsSpan(bytes.Length - 8), XxHash3.HashToUInt64(bytes.AsSpan(..^8)));
        return bytes;
    }

    /// <summary>Null where there is none, or a broken one: the end counts as unclean then.</summary>
    public static CleanMarker? FromBytes(ReadOnlySpan<byte> bytes, Guid logId, int partitionCount)
    {
        if (bytes.Length != HeadsAt + (partitionCount * 8) + 8) return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]) != XxHash3.HashToUInt64(bytes[..^8])
            || new Guid(bytes.Slice(8, 16)) != logId) return null;
        var heads = new long[partitionCount];
        for (var i = 0; i < heads.Length; i++)
            heads[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(HeadsAt + (i * 8))..]);
        return new(
            logId,
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            heads);
    }
}
