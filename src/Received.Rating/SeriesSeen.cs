using System.Numerics;
using System.Text;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// The series of a partition by the numbers of their references: what a total's key costs is a look into a flat table,
/// not a hash of four texts. In memory only; the ids themselves are <see cref="Identities.Series"/>, which is stored.
/// </summary>
sealed class SeriesSeen(long seed)
{
    const int SlotsMin = 1024;

    Entry[] _entries = new Entry[SlotsMin / 2];
    int[] _slots = new int[SlotsMin];

    struct Entry
    {
        public int Customer;
        public int Product;
        public int Assertion;
        public UInt128 Id;
    }

    public int Count { get; private set; }

    public UInt128 IdOf(int series) => _entries[series].Id;

    /// <summary>The number of the series of three table entries, from 0 without gaps.</summary>
    /// <param name="rows">Takes the row of a series that was not known.</param>
    public int Of(
        EventColumns events, int customer, int product, int assertion, References references, List<SeriesRow> rows)
    {
        var sought = new Entry
        {
            Customer = references.Customers[customer],
            Product = references.Products[product],
            Assertion = references.Assertions[assertion],
        };
        var mask = _slots.Length - 1;
        for (var slot = SlotOf(sought, mask); ; slot = (slot + 1) & mask)
        {
            var at = _slots[slot] - 1;
            if (at < 0) return Append(events, customer, product, assertion, sought, rows);
            ref readonly var entry = ref _entries[at];
            if (entry.Customer == sought.Customer && entry.Product == sought.Product
                && entry.Assertion == sought.Assertion) return at;
        }
    }

    public void Clear()
    {
        Count = 0;
        Array.Clear(_slots);
    }

    int Append(
        EventColumns events, int customer, int product, int assertion, Entry entry, List<SeriesRow> rows)
    {
        var account = events.Customers.Account(customer);
        var customerRef = events.Customers.Ref(customer);
        var productRef = events.Products.Ref(product);
        var currency = events.Assertions.Name(assertion);
        var entity = events.Assertions.Ref(assertion);
        entry.Id = Identities.Series(seed, account, customerRef, productRef, currency, entity);
        rows.Add(new(entry.Id, account, Text(customerRef), Text(productRef), Text(currency), Text(entity)));
        if (Count == _entries.Length) Grow();
        _entries[Count++] = entry;
        Place(Count);
        return Count - 1;
    }

    void Grow()
    {
        Array.Resize(ref _entries, Count * 2);
        _slots = new int[_slots.Length * 2];
        for (var number = 1; number <= Count; number++) Place(number);
    }

    void Place(int number)
    {
        var mask = _slots.Length - 1;
        var slot = SlotOf(_entries[number - 1], mask);
        while (_slots[slot] != 0) slot = (slot + 1) & mask;
        _slots[slot] = number;
    }

    static int SlotOf(in Entry entry, int mask)
    {
        // The numbers are ours: nobody can choose them to collide.
        var hash = unchecked((((ulong)(uint)entry.Customer << 32) | (uint)entry.Product) * 0x9E3779B97F4A7C15UL);
        hash = unchecked((BitOperations.RotateLeft(hash, 29) ^ (uint)entry.Assertion) * 0xD6E8FEB86659FD93UL);
        return (int)(hash >> 33) & mask;
    }

    static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
