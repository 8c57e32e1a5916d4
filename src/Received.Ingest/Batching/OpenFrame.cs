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

    /// <summary>Adds a share's events until the frame is full; it must not be when this is called.</summary>
    /// <param name="from">Index in the share of the first one.</param>
    /// <returns>How many were added.</returns>
    public int Add(long receivedAtMs, ParsedEvents events, Distribution distribution, PartitionShare share, int from)
    {
        var at = from;
        for (var room = Room; room > 0 && at < share.Count; room = Room)
        {
            // Whether it is full need not be asked for each.
            var count = Math.Min(room, share.Count - at);
            AddSome(receivedAtMs, events, distribution, share, at, count);
            at += count;
        }

        return at - from;
    }

    void AddSome(
        long receivedAtMs, ParsedEvents events, Distribution distribution, PartitionShare share, int from, int count)
    {
        var placed = share.Events.Slice(from, count);
        var frame = events.Frames.Count - 1;
        var first = _columns.Count;
        var columns = _columns.Extend(count);
        columns.ReceivedAtMs.Fill(receivedAtMs);
        for (var i = 0; i < placed.Length; i++)
        {
            ref readonly var e = ref placed[i];
            columns.Customer[i] = distribution.CustomerIn(_columns, _filling, e);
            columns.Product[i] = distribution.ProductIn(_columns, _filling, e);
            columns.Assertion[i] = distribution.AssertionIn(_columns, _filling, e);
            columns.TimestampMs[i] = e.TimestampMs;
            columns.Quantity[i] = e.Quantity;
            events.Place(e.Index) = new(frame, first + i);
        }

        var bytes = _columns.Keys.ByteCount + _columns.Data.ByteCount;
        _columns.Keys.AddRange(share.Keys, from, count);
        _columns.Data.AddRange(share.Data, from, count);
        _eventBytes += (Limits.EventOverheadBytes * count) + _columns.Keys.ByteCount + _columns.Data.ByteCount - bytes;
    }

    /// <summary>The frame's bytes, unchanged until this frame is encoded again.</summary>
    public ReadOnlyMemory<byte> Encode(FrameStamp stamp) => _codec.Encode(_columns, stamp);
}
