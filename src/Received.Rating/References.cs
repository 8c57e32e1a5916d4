using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Received.Model;

namespace Received.Rating;

/// <summary>
/// Small numbers for the references of a partition, from 0 without gaps: a frame's table entries are hashed once each,
/// and all that is kept by customer, product or assertion is an array. What a look-up reads stands in two places, a
/// slot and all bytes of the reference, and is fetched for a whole table side by side. In memory only.
/// </summary>
sealed class References
{
    const int SlotsMin = 1024;
    const int BytesMin = 32 * 1024;

    byte[] _bytes = new byte[BytesMin];
    Slot[] _slots = new Slot[SlotsMin];
    ulong[] _hashes = [];
    int[] _customers = [];
    int[] _products = [];
    int[] _assertions = [];

    enum Kind
    {
        Customer,
        Product,
        Assertion,
    }

    /// <summary>What stands before a reference's texts.</summary>
    readonly record struct Head(uint Account, Kind Kind, int FirstLength, int SecondLength);

    /// <param name="Number">The reference's + 1; 0 where the slot is free.</param>
    /// <param name="Start">Of its head.</param>
    readonly record struct Slot(ulong Hash, int Number, int Start);

    public int Count { get; private set; }

    public int ByteCount { get; private set; }

    /// <summary>By table entry of the frame at hand.</summary>
    public ReadOnlySpan<int> Customers => _customers;

    public ReadOnlySpan<int> Products => _products;

    public ReadOnlySpan<int> Assertions => _assertions;

    /// <summary>Numbers the entries of the frame's tables.</summary>
    public void Number(EventColumns events)
    {
        Number(Kind.Customer, events.Customers, ref _customers);
        Number(Kind.Product, events.Products, ref _products);
        Number(Kind.Assertion, events.Assertions, ref _assertions);
    }

    public void Clear()
    {
        Count = 0;
        ByteCount = 0;
        Array.Clear(_slots);
    }

    void Number(Kind kind, NamedTable table, ref int[] numbers)
    {
        if (numbers.Length < table.Count) numbers = new int[table.Count];
        if (_hashes.Length < table.Count) _hashes = new ulong[table.Count];
        var hashes = _hashes.AsSpan(0, table.Count);
        for (var at = 0; at < hashes.Length; at++)
        {
            var second = SecondOf(kind, table, at);
            var hash = SeededHash.Of(table.Ref(at), ((ulong)kind << 32) | table.Account(at).Value);
            hashes[at] = second.IsEmpty ? hash : SeededHash.Of(second, hash);
            CacheLine.Fetch(ref _slots[SlotOf(hashes[at])]);
        }

        // Nearly all are known, and in the slot where they are looked for.
        foreach (var hash in hashes)
        {
            var start = _slots[SlotOf(hash)].Start;
            CacheLine.Fetch(ref _bytes[start]);
            CacheLine.Fetch(ref _bytes[Math.Min(start + CacheLine.Bytes, _bytes.Length) - 1]);
        }

        for (var at = 0; at < hashes.Length; at++)
        {
            var first = table.Ref(at);
            var second = SecondOf(kind, table, at);
            numbers[at] = NumberOf(
                hashes[at], new(table.Account(at).Value, kind, first.Length, second.Length), first, second);
        }
    }

    /// <summary>Of an assertion the currency counts too; the name of the others is no part of what they are.</summary>
    static ReadOnlySpan<byte> SecondOf(Kind kind, NamedTable table, int at) =>
        kind == Kind.Assertion ? table.Name(at) : default;

    int NumberOf(ulong hash, in Head head, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        for (var at = SlotOf(hash); ; at = (at + 1) & (_slots.Length - 1))
        {
            ref readonly var slot = ref _slots[at];
            if (slot.Number == 0) return Append(at, hash, head, first, second);
            if (slot.Hash == hash && Is(slot.Start, head, first, second)) return slot.Number - 1;
        }
    }

    bool Is(int start, in Head head, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var bytes = _bytes.AsSpan(start);
        if (MemoryMarshal.Read<Head>(bytes) != head) return false;
        bytes = bytes[Unsafe.SizeOf<Head>()..];
        return bytes[..first.Length].SequenceEqual(first)
            && bytes.Slice(first.Length, second.Length).SequenceEqual(second);
    }

    int Append(int at, ulong hash, in Head head, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var start = ByteCount;
        ByteCount += Unsafe.SizeOf<Head>() + first.Length + second.Length;
        if (ByteCount > _bytes.Length) Array.Resize(ref _bytes, Math.Max(ByteCount, _bytes.Length * 2));
        var bytes = _bytes.AsSpan(start);
        MemoryMarshal.Write(bytes, head);
        bytes = bytes[Unsafe.SizeOf<Head>()..];
        first.CopyTo(bytes);
        second.CopyTo(bytes[first.Length..]);
        _slots[at] = new(hash, ++Count, start);
        if (Count * 2 == _slots.Length) Grow();
        return Count - 1;
    }

    void Grow()
    {
        var old = _slots;
        _slots = new Slot[old.Length * 2];
        foreach (ref readonly var slot in old.AsSpan())
        {
            if (slot.Number == 0) continue;
            var at = SlotOf(slot.Hash);
            while (_slots[at].Number != 0) at = (at + 1) & (_slots.Length - 1);
            _slots[at] = slot;
        }
    }

    int SlotOf(ulong hash) => unchecked((int)hash) & (_slots.Length - 1);
}
