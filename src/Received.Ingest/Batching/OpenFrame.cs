using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Log;
using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>
/// A frame that gathers events, and the memory it is encoded into. Owned by its partition's queue: filled under that
/// queue's lock, then encoded and appended by one pump, then used again.
/// </summary>
sealed class OpenFrame
{
    static long _fillings;

    readonly EventColumns _columns = new();
    readonly FrameCodec _codec = new();
    readonly byte[] _identity = new byte[EventIdentity.BytesMax];
    long _filling;
    // Of the events so far, without what tables take: an upper bound of the payload.
    int _eventBytes;

    public FrameTicket Ticket { get; private set; } = null!;

    public int Count => _columns.Count;

    public bool IsFull => Room <= 0;

    /// <summary>Events that fit whatever they are, and one more if the last of them would.</summary>
    int Room
    {
        get
        {
            var raw = _eventBytes + _columns.TableByteCount + (Limits.TableEntryOverheadBytes
                * (_columns.Customers.Count + _columns.Products.Count + _columns.Assertions.Count));
            // Past the seal, rounded up.
            var bytes = FrameLimits.RawBytesSeal - raw + Limits.EventFrameBytesMax - 1;
            return Math.Min(FrameLimits.EventsMax - Count, bytes / Limits.EventFrameBytesMax);
        }
    }

    public void Begin(PartitionId partition)
    {
        _columns.Clear();
        _eventBytes = 0;
        _filling = Interlocked.Increment(ref _fillings);
        Ticket = new(partition);
    }

    /// <summary>Adds events until it is full; it must not be when this is called.</summary>
    /// <returns>How many were added.</returns>
    public int Add(
        in AppendContext context, ParsedEvents events, ReadOnlySpan<byte> body, Distribution distribution,
        ReadOnlySpan<PlacedEvent> placed)
    {
        var added = 0;
        for (var room = Room; room > 0 && added < placed.Length; room = Room)
        {
            // Whether it is full need not be asked for each.
            var some = placed.Slice(added, Math.Min(room, placed.Length - added));
            foreach (ref readonly var place in some) Add(context, events, body, distribution, place);
            added += some.Length;
        }

        return added;
    }

    void Add(
        in AppendContext context, ParsedEvents events, ReadOnlySpan<byte> body, Distribution distribution,
        in PlacedEvent place)
    {
        ref var e = ref events[place.Index];
        var data = events.Text(body, e.Data);
        var key = KeyOf(context, events, body, e, place.Index);
        e.Frame = events.Frames.Count - 1;
        e.IndexInFrame = _columns.Add(
            distribution.CustomerIn(_columns, _filling, place), distribution.ProductIn(_columns, _filling, place),
            distribution.AssertionIn(_columns, _filling, place), e.TimestampMs, context.ReceivedAtMs, e.Quantity,
            key, data);
        _eventBytes += Limits.EventOverheadBytes + key.Length + data.Length;
    }

    ReadOnlySpan<byte> KeyOf(
        in AppendContext context, ParsedEvents events, ReadOnlySpan<byte> body, in ParsedEvent e, int index)
    {
        if (e.Key.IsEmpty && context.HeaderKey.Length == 0) return [];
        return _identity.AsSpan(0, EventIdentity.Write(_identity, context, events.Text(body, e.Key), events, index));
    }

    /// <summary>The frame's bytes, unchanged until this frame is encoded again.</summary>
    public ReadOnlyMemory<byte> Encode(FrameStamp stamp) => _codec.Encode(_columns, stamp);
}
