using Received.Model;

namespace Received.Log;

/// <summary>Who made a frame and when: what the header needs besides the events.</summary>
public readonly record struct FrameStamp(PartitionId Partition, ulong ProducerId, long ProducerNumber, long TimeMs);

/// <summary>
/// Events to frame bytes and back. Stateless but for scratch memory: one instance per thread. The same events and
/// stamp always give the same bytes. Layout: docs/frame-format.md.
/// </summary>
public sealed class FrameCodec
{
    /// <summary>The frame's bytes, valid until the next call on this instance.</summary>
    /// <exception cref="ArgumentException">More events or bytes than <see cref="FrameLimits"/> allows, or none.</exception>
    public ReadOnlySpan<byte> Encode(EventColumns events, FrameStamp stamp) =>
        throw new NotImplementedException(GetType().Name);

    /// <summary>
    /// Decodes a whole frame into <paramref name="events"/>. False where the version or kind is unknown or the payload is
    /// not what the format allows: every length and index is checked, so hostile bytes can do no more than be refused.
    /// </summary>
    public bool TryDecode(ReadOnlySpan<byte> frame, EventColumns events) =>
        throw new NotImplementedException(GetType().Name);
}
