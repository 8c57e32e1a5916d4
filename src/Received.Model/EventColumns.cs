using System.Runtime.InteropServices;

namespace Received.Model;

/// <summary>
/// A batch of events of one partition as columns: what a frame holds, what rating reads, what the archive keeps.
/// No event is an object. References and names stand once each in a table; an event names them by index.
/// Goal: one shape from the front door to the archive. Invariant: every column has <see cref="Count"/> entries, but
/// for <see cref="Data"/>, which rating leaves out where it does not compare events.
/// Reused by <see cref="Clear"/>; not safe for two threads at once.
/// </summary>
public sealed class EventColumns
{
    Int128[] _quantity = [];
    long[] _timestampMs = [];
    long[] _receivedAtMs = [];
    int[] _customer = [];
    int[] _product = [];
    int[] _assertion = [];

    public int Count { get; private set; }

    /// <summary>(account, customer_ref, customer_name) as the events gave them.</summary>
    public NamedTable Customers { get; } = new();

    /// <summary>(account, usage_product_ref, usage_product_name) as the events gave them.</summary>
    public NamedTable Products { get; } = new();

    /// <summary>
    /// Assertions: reference = entity_ref, name = currency (either may be empty for not asserted); account always 0.
    /// Entry 0 is the empty assertion and always there.
    /// </summary>
    public NamedTable Assertions { get; } = new();

    /// <summary>Identity of keyed events: a <see cref="KeyKind"/> byte and the key's unescaped bytes. Empty =
    /// unkeyed.</summary>
    public ByteColumn Keys { get; } = new();

    /// <summary>additional_report_data: the client's bytes as sent, whitespace included. Empty = absent. Without
    /// entries where a frame was decoded for one who does not read it.</summary>
    public ByteColumn Data { get; } = new();

    public ReadOnlySpan<int> Customer => _customer.AsSpan(0, Count);
    public ReadOnlySpan<int> Product => _product.AsSpan(0, Count);
    public ReadOnlySpan<int> Assertion => _assertion.AsSpan(0, Count);

    /// <summary>Event time, milliseconds since 1970.</summary>
    public ReadOnlySpan<long> TimestampMs => _timestampMs.AsSpan(0, Count);

    /// <summary>When the front door had read the event, milliseconds since 1970.</summary>
    public ReadOnlySpan<long> ReceivedAtMs => _receivedAtMs.AsSpan(0, Count);

    /// <summary>Quantities scaled by 10^12.</summary>
    public ReadOnlySpan<Int128> Quantity => _quantity.AsSpan(0, Count);

    public EventColumns() => Clear();

    public void Clear()
    {
        Count = 0;
        Customers.Clear();
        Products.Clear();
        Assertions.Clear();
        Assertions.Add(default, [], []);
        Keys.Clear();
        Data.Clear();
    }

    /// <summary>Appends an event; the three indices must be of this batch's tables (<see
    /// cref="NamedTable.Intern"/>).</summary>
    /// <returns>The event's index.</returns>
    public int Add(
        int customer, int product, int assertion, long timestampMs, long receivedAtMs, Int128 quantity,
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> data)
    {
        if (Count == _quantity.Length) Grow(Count + 1);
        var at = Count++;
        _customer[at] = customer;
        _product[at] = product;
        _assertion[at] = assertion;
        _timestampMs[at] = timestampMs;
        _receivedAtMs[at] = receivedAtMs;
        _quantity[at] = quantity;
        Keys.Add(key);
        Data.Add(data);
        return at;
    }

    /// <summary>For decoders: sets the count and hands out the columns to fill. Keys and Data are filled
    /// apart.</summary>
    public WritableColumns Resize(int count)
    {
        if (count > _quantity.Length) Grow(count);
        Count = count;
        return From(0);
    }

    /// <summary>
    /// Room for events behind those that are here: the columns to fill, for the new ones alone. Keys and Data are added
    /// apart.
    /// </summary>
    public WritableColumns Extend(int count)
    {
        var from = Count;
        if (from + count > _quantity.Length) Grow(from + count);
        Count = from + count;
        return From(from);
    }

    WritableColumns From(int from)
    {
        var count = Count - from;
        return new(
            _customer.AsSpan(from, count), _product.AsSpan(from, count), _assertion.AsSpan(from, count),
            _timestampMs.AsSpan(from, count), _receivedAtMs.AsSpan(from, count), _quantity.AsSpan(from, count));
    }

    /// <summary>Bytes that the tables, keys and data hold; with <see cref="Count"/>, the size of the batch.</summary>
    public int ByteCount => TableByteCount + Keys.ByteCount + Data.ByteCount;

    public int TableByteCount => Customers.ByteCount + Products.ByteCount + Assertions.ByteCount;

    void Grow(int count)
    {
        var size = Math.Max(Math.Max(count, 16), _quantity.Length * 2);
        Array.Resize(ref _customer, size);
        Array.Resize(ref _product, size);
        Array.Resize(ref _assertion, size);
        Array.Resize(ref _timestampMs, size);
        Array.Resize(ref _receivedAtMs, size);
        Array.Resize(ref _quantity, size);
    }
}

/// <summary>Columns that a decoder fills; all of one length.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly ref struct WritableColumns(
    Span<int> customer, Span<int> product, Span<int> assertion,
    Span<long> timestampMs, Span<long> receivedAtMs, Span<Int128> quantity)
{
    public Span<int> Customer { get; } = customer;
    public Span<int> Product { get; } = product;
    public Span<int> Assertion { get; } = assertion;
    public Span<long> TimestampMs { get; } = timestampMs;
    public Span<long> ReceivedAtMs { get; } = receivedAtMs;
    public Span<Int128> Quantity { get; } = quantity;
}
