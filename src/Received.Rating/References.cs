using System.Numerics;
using Received.Model;

namespace Received.Rating;

/// <summary>
/// Small numbers for the references of a partition, from 0 without gaps: a frame's table entries are hashed once each,
/// and all that is kept by customer, product or assertion is an array. In memory only.
/// </summary>
sealed class References
{
    const int SlotsMin = 1024;

    readonly ByteColumn _first = new();
    readonly ByteColumn _second = new();
    Entry[] _entries = new Entry[SlotsMin / 2];

    // The hash's upper half, and the number + 1.
    ulong[] _slots = new ulong[SlotsMin];
    int[] _customers = [];
    int[] _products = [];
    int[] _assertions = [];

    enum Kind : byte
    {
        Customer,
        Product,
        Assertion,
    }

    readonly record struct Entry(ulong Hash, uint Account, Kind Kind);

    public int Count { get; private set; }

    public int ByteCount => _first.ByteCount + _second.ByteCount;

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
        _first.Clear();
        _second.Clear();
        Array.Clear(_slots);
    }

    void Number(Kind kind, NamedTable table, ref int[] numbers)
    {
        if (numbers.Length < table.Count) numbers = new int[table.Count];
        for (var at = 0; at < table.Count; at++)
        {
            // Of an assertion the currency counts too; the name of the others is no part of what they are.
            var second = kind == Kind.Assertion ? table.Name(at) : default;
            numbers[at] = NumberOf(kind, table.Account(at).Value, table.Ref(at), second);
        }
    }

    int NumberOf(Kind kind, uint account, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var hash = SeededHash.Of(first, ((ulong)kind << 32) | account);
        if (!second.IsEmpty) hash = SeededHash.Of(second, hash);
        var entry = new Entry(hash, account, kind);
        var mask = _slots.Length - 1;
        for (var slot = unchecked((int)hash) & mask; ; slot = (slot + 1) & mask)
        {
            var known = _slots[slot];
            if (known == 0) return Append(entry, first, second);
            var number = unchecked((int)known) - 1;
            if (known >> 32 == hash >> 32 && _entries[number] == entry && _first[number].SequenceEqual(first)
                && _second[number].SequenceEqual(second)) return number;
        }
    }

    int Append(Entry entry, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
            _slots = new ulong[(int)BitOperations.RoundUpToPowerOf2((uint)_entries.Length * 2)];
            for (var number = 0; number < Count; number++) Place(number);
        }

        _entries[Count] = entry;
        _first.Add(first);
        _second.Add(second);
        Place(Count);
        return Count++;
    }

    void Place(int number)
    {
        var hash = _entries[number].Hash;
        var mask = _slots.Length - 1;
        var slot = unchecked((int)hash) & mask;
        while (_slots[slot] != 0) slot = (slot + 1) & mask;
        _slots[slot] = (hash >> 32 << 32) | (uint)(number + 1);
    }
}
