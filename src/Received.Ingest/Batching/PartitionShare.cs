using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>An event on its way to a partition: its index in the body, its names' numbers, and what it says.</summary>
readonly record struct PlacedEvent(
    int Index, int Customer, int Product, int Assertion, long TimestampMs, Int128 Quantity);

/// <summary>One partition's events of a body; keys and data are columns, since frames take them by the run.</summary>
sealed class PartitionShare
{
    PlacedEvent[] _events = new PlacedEvent[16];

    public int Count { get; private set; }

    public ReadOnlySpan<PlacedEvent> Events => _events.AsSpan(0, Count);

    public ByteColumn Keys { get; } = new();

    public ByteColumn Data { get; } = new();

    public void Add(in PlacedEvent e, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data)
    {
        if (Count == _events.Length) Array.Resize(ref _events, Count * 2);
        _events[Count++] = e;
        Keys.Add(key);
        Data.Add(data);
    }

    public void Clear()
    {
        Count = 0;
        Keys.Clear();
        Data.Clear();
    }
}
