using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Records of the log as frames with decoded events, or with the reason why they have none (law 11). Stateless but for
/// scratch memory: one instance per thread.
/// </summary>
/// <param name="forRating">As <see cref="FrameCodec.TryDecode"/> takes it.</param>
public sealed class FrameReader(bool forRating = false)
{
    readonly FrameCodec _codec = new();

    /// <param name="events">Filled, and part of the result, where the frame is whole.</param>
    public ArchivedFrame Read(PartitionId partition, in LogRecord record, EventColumns events)
    {
        var head = ReadHead(record, out var header);
        if (head.Broken != ParkReason.None) return head;
        var broken = Decode(partition, record, header, events);
        return head with { Broken = broken, Events = broken == ParkReason.None ? events : null };
    }

    /// <summary>What the frame's header says: without events, and broken only where the header is.</summary>
    public static ArchivedFrame ReadHead(in LogRecord record) => ReadHead(record, out _);

    static ArchivedFrame ReadHead(in LogRecord record, out FrameHeader header)
    {
        header = default;
        if (record.State == RecordState.HeaderBroken || !FrameHeader.TryRead(record.Frame.Span, out header))
            return new(record.Offset, 0, 0, 0, 0, 0, ParkReason.HeaderCorrupt, null);
        return new(
            record.Offset, header.EventCount, header.TimeMs, header.ProducerId, header.ProducerNumber,
            header.PayloadChecksum, ParkReason.None, null);
    }

    ParkReason Decode(PartitionId partition, in LogRecord record, in FrameHeader header, EventColumns events)
    {
        // A frame of another partition would be rated against the wrong keys: it is as good as broken.
        if (record.State != RecordState.Whole || header.Partition != partition) return ParkReason.FrameCorrupt;
        if (!FrameCodec.IsKnown(header)) return ParkReason.FrameUnknown;
        return _codec.TryDecode(record.Frame.Span, events, forRating)
            ? ParkReason.None
            : ParkReason.FrameCorrupt;
    }
}
