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
    readonly EventColumns _columns = new();
    readonly FrameCodec _codec = new();
    readonly byte[] _identity = new byte[EventIdentity.BytesMax];

    public FrameTicket Ticket { get; private set; } = null!;

    public int Count => _columns.Count;

    /// <summary>An upper bound of the payload that the events so far will take.</summary>
    int RawBytes => _columns.ByteCount + (Count * Limits.EventOverheadBytes) + (Limits.TableEntryOverheadBytes
        * (_columns.Customers.Count + _columns.Products.Count + _columns.Assertions.Count));

    public bool IsFull => Count >= FrameLimits.EventsMax || RawBytes >= FrameLimits.RawBytesSeal;

    public void Begin(PartitionId partition)
    {
        _columns.Clear();
        Ticket = new(partition);
    }

    /// <returns>The event's index in the frame.</returns>
    public int Add(in AppendContext context, ParsedEvents events, in ParsedEvent e, ReadOnlySpan<byte> body)
    {
        var account = context.Account;
        var customer = _columns.Customers.Intern(
            account, events.Text(body, e.CustomerRef), events.Text(body, e.CustomerName));
        var product = _columns.Products.Intern(
            account, events.Text(body, e.ProductRef), events.Text(body, e.ProductName));
        var assertion = e.EntityRef.IsEmpty && e.Currency.IsEmpty ? 0 : _columns.Assertions.Intern(
            default, events.Text(body, e.EntityRef), events.Text(body, e.Currency));
        var data = events.Text(body, e.Data);
        if (e.Key.IsEmpty && context.HeaderKey.Length == 0)
        {
            return _columns.Add(
                customer, product, assertion, e.TimestampMs, context.ReceivedAtMs, e.Quantity, [], data);
        }

        var length = EventIdentity.Write(_identity, context, events.Text(body, e.Key), e);
        return _columns.Add(
            customer, product, assertion, e.TimestampMs, context.ReceivedAtMs, e.Quantity,
            _identity.AsSpan(0, length), data);
    }

    /// <summary>The frame's bytes, unchanged until this frame is encoded again.</summary>
    public ReadOnlyMemory<byte> Encode(FrameStamp stamp) => _codec.Encode(_columns, stamp);
}
