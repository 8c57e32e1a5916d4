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

        /// <summary>Where the series' total was last found; a guess.</summary>
        public int Place;
    }

    public int Count { get; private set; }

    public UInt128 IdOf(int series) => _entries[series].Id;

    public ref int PlaceOf(int series) => ref _entries[series].Place;

    /// <summary>The number of the group's series, from 0 without gaps.</summary>
    /// <param name="rows">Takes the row of a series that was not known.</param>
    public int Of(EventColumns events, in FrameGroup group, References references, List<SeriesRow> rows)
    {
        var customer = references.Customers[group.Customer];
        var product = references.Products[group.Product];
        var assertion = references.Assertions[group.Assertion];
        var mask = _slots.Length - 1;
        for (var slot = SlotOf(customer, product, assertion, mask); ; slot = (slot + 1) & mask)
        {
            var at = _slots[slot] - 1;
            if (at < 0)
            {
                var made = new Entry { Customer = customer, Product = product, Assertion = assertion };
                return Append(events, group, made, rows);
            }

            ref readonly var entry = ref _entries[at];
            if (entry.Customer == customer && entry.Product == product && entry.Assertion == assertion) return at;
        }
    }

    public void Clear()
    {
        Count = 0;
        Array.Clear(_slots);
    }

    int Append(EventColumns events, in FrameGroup group, Entry entry, List<SeriesRow> rows)
    {
        var account = events.Customers.Account(group.Customer);
        var customer = events.Customers.Ref(group.Customer);
        var product = events.Products.Ref(group.Product);
        var currency = events.Assertions.Name(group.Assertion);
        var entity = events.Assertions.Ref(group.Assertion);
        entry.Id = Identities.Series(seed, account, customer, product, currency, entity);
        rows.Add(new(entry.Id, account, Text(customer), Text(product), Text(currency), Text(entity)));
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
        ref readonly var entry = ref _entries[number - 1];
        var mask = _slots.Length - 1;
        var slot = SlotOf(entry.Customer, entry.Product, entry.Assertion, mask);
        while (_slots[slot] != 0) slot = (slot + 1) & mask;
        _slots[slot] = number;
    }

    static int SlotOf(int customer, int product, int assertion, int mask)
    {
        // The numbers are ours: nobody can choose them to collide.
        var hash = unchecked((((ulong)(uint)customer << 32) | (uint)product) * 0x9E3779B97F4A7C15UL);
        hash = unchecked((BitOperations.RotateLeft(hash, 29) ^ (uint)assertion) * 0xD6E8FEB86659FD93UL);
        return (int)(hash >> 33) & mask;
    }

    static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
