using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Records of the log as frames with decoded events, or with the reason why they have none (law 11). Stateless but for
/// scratch memory: one instance per thread.
/// </summary>
public sealed class FrameReader
{
    readonly FrameCodec _codec = new();

    /// <param name="events">Filled, and part of the result, where the frame is whole.</param>
    public ArchivedFrame Read(PartitionId partition, in LogRecord record, EventColumns events)
    {
        if (record.State == RecordState.HeaderBroken || !FrameHeader.TryRead(record.Frame.Span, out var header))
            return new(record.Offset, 0, 0, 0, 0, 0, ParkReason.HeaderCorrupt, null);
        var broken = Decode(partition, record, header, events);
        return new(
            record.Offset, header.EventCount, header.TimeMs, header.ProducerId, header.ProducerNumber,
            header.PayloadChecksum, broken, broken == ParkReason.None ? events : null);
    }

    ParkReason Decode(PartitionId partition, in LogRecord record, in FrameHeader header, EventColumns events)
    {
        // A frame of another partition would be rated against the wrong keys: it is as good as broken.
        if (record.State != RecordState.Whole || header.Partition != partition) return ParkReason.FrameCorrupt;
        if (!FrameCodec.IsKnown(header)) return ParkReason.FrameUnknown;
        return _codec.TryDecode(record.Frame.Span, events) ? ParkReason.None : ParkReason.FrameCorrupt;
    }
}
