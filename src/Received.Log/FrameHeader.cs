using System.Buffers.Binary;
using System.IO.Hashing;
using Received.Model;

namespace Received.Log;

/// <summary>What a frame carries. Stored: never renumber.</summary>
public enum FrameKind : byte
{
    Events = 1,
}

/// <summary>
/// The first 64 bytes of a frame, with a checksum of their own: so the event count is known even where the payload is
/// broken. Layout: docs/frame-format.md.
/// </summary>
/// <param name="ProducerId">Random per front door and start.</param>
/// <param name="ProducerNumber">Counts the producer's frames per partition, from 1: a frame that the log holds twice
/// shows by it.</param>
/// <param name="TimeMs">When the frame was sealed, milliseconds since 1970: the source of log time.</param>
/// <param name="PayloadChecksum">XxHash3 (64 bits) of the stored payload.</param>
public readonly record struct FrameHeader(
    byte Version, FrameKind Kind, bool Compressed, PartitionId Partition, int EventCount, int PayloadBytes,
    int RawBytes,
    ulong ProducerId, long ProducerNumber, long TimeMs, ulong PayloadChecksum)
{
    public const int Bytes = 64;
    public const byte CurrentVersion = 1;

    /// <summary>"RCVF" in file order.</summary>
    public const uint Magic = 0x46564352;

    const int ChecksumAt = Bytes - sizeof(ulong);

    public int FrameBytes => Bytes + PayloadBytes;

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        target[4] = Version;
        target[5] = (byte)Kind;
        target[6] = Compressed ? (byte)1 : (byte)0;
        target[7] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(target[8..], Partition.Value);
        BinaryPrimitives.WriteUInt16LittleEndian(target[10..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], EventCount);
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], PayloadBytes);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], RawBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], ProducerId);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], ProducerNumber);
        BinaryPrimitives.WriteInt64LittleEndian(target[40..], TimeMs);
        BinaryPrimitives.WriteUInt64LittleEndian(target[48..], PayloadChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(target[ChecksumAt..], XxHash3.HashToUInt64(target[..ChecksumAt]));
    }

    /// <summary>False where magic, checksum or sizes are wrong. An unknown version or kind is read all the
    /// same.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (source.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic) return false;
        if (BinaryPrimitives.ReadUInt64LittleEndian(source[ChecksumAt..])
            != XxHash3.HashToUInt64(source[..ChecksumAt])) return false;
        header = new(
            source[4], (FrameKind)source[5], (source[6] & 1) != 0,
            new(BinaryPrimitives.ReadUInt16LittleEndian(source[8..])),
            BinaryPrimitives.ReadInt32LittleEndian(source[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[20..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[48..]));
        return header is { EventCount: >= 0, PayloadBytes: >= 0, RawBytes: >= 0 };
    }

    /// <summary>
    /// Checked before a frame is written as well as after it is read: one that broke in memory is its maker's to learn.
    /// </summary>
    /// <exception cref="ArgumentException">The bytes are no whole frame of that partition.</exception>
    public static FrameHeader RequireWhole(ReadOnlySpan<byte> frame, PartitionId partition)
    {
        if (Check(frame) != RecordState.Whole)
            throw new ArgumentException("The bytes are no whole frame.", nameof(frame));
        TryRead(frame, out var header);
        return header.Partition == partition
            ? header
            : throw new ArgumentException(
                $"The frame is of partition {header.Partition}, not {partition}.", nameof(frame));
    }

    /// <summary>How a frame's bytes are: what readers of a log mark records with.</summary>
    public static RecordState Check(ReadOnlySpan<byte> frame)
    {
        if (!TryRead(frame, out var header)) return RecordState.HeaderBroken;
        return frame.Length == header.FrameBytes && XxHash3.HashToUInt64(frame[Bytes..]) == header.PayloadChecksum
            ? RecordState.Whole
            : RecordState.PayloadBroken;
    }
}
