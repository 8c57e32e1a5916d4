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

    Slot[] _slots = new Slot[SlotsMin];
    UInt128[] _ids = new UInt128[SlotsMin / 2];

    // Those of the frame at hand, with the hash in place of the number.
    Slot[] _sought = [];

    /// <summary>The numbers of three references, and that of their series + 1; 0 where the slot is free.</summary>
    readonly record struct Slot(int Customer, int Product, int Assertion, int Number)
    {
        public bool IsSame(in Slot other) =>
            Customer == other.Customer && Product == other.Product && Assertion == other.Assertion;

        public int Hash()
        {
            // The numbers are ours: nobody can choose them to collide.
            var hash = unchecked((((ulong)(uint)Customer << 32) | (uint)Product) * 0x9E3779B97F4A7C15UL);
            hash = unchecked((BitOperations.RotateLeft(hash, 29) ^ (uint)Assertion) * 0xD6E8FEB86659FD93UL);
            return unchecked((int)(hash >> 32));
        }
    }

    public int Count { get; private set; }

    public UInt128 IdOf(int series) => _ids[series];

    /// <summary>The numbers of series, from 0 without gaps.</summary>
    /// <param name="triples">Of each triple of table entries an event that has it; then the number of its
    /// series.</param>
    /// <param name="references">Those of this frame's entries.</param>
    /// <param name="rows">Takes the rows of series that were not known.</param>
    public void Number(EventColumns events, Span<int> triples, References references, List<SeriesRow> rows)
    {
        if (_sought.Length < triples.Length) _sought = new Slot[triples.Length];
        var sought = _sought.AsSpan(0, triples.Length);
        var customer = events.Customer;
        var product = events.Product;
        var assertion = events.Assertion;
        var customers = references.Customers;
        var products = references.Products;
        var assertions = references.Assertions;
        for (var i = 0; i < triples.Length; i++)
        {
            var at = triples[i];
            var slot = new Slot(customers[customer[at]], products[product[at]], assertions[assertion[at]], 0);
            slot = slot with { Number = slot.Hash() };
            CacheLine.Fetch(ref _slots[SlotOf(slot.Number)]);
            sought[i] = slot;
        }

        for (var i = 0; i < triples.Length; i++)
        {
            var at = SlotOf(sought[i].Number);
            while (_slots[at].Number != 0 && !_slots[at].IsSame(sought[i])) at = (at + 1) & (_slots.Length - 1);
            var number = _slots[at].Number;
            triples[i] = number == 0 ? Append(events, triples[i], sought[i], at, rows) : number - 1;
        }
    }

    public void Clear()
    {
        Count = 0;
        Array.Clear(_slots);
    }

    int Append(EventColumns events, int index, in Slot series, int at, List<SeriesRow> rows)
    {
        var (customer, product, assertion) = (events.Customer[index], events.Product[index], events.Assertion[index]);
        var account = events.Customers.Account(customer);
        var customerRef = events.Customers.Ref(customer);
        var productRef = events.Products.Ref(product);
        var currency = events.Assertions.Name(assertion);
        var entity = events.Assertions.Ref(assertion);
        var id = Identities.Series(seed, account, customerRef, productRef, currency, entity);
        rows.Add(new(id, account, Text(customerRef), Text(productRef), Text(currency), Text(entity)));
        _ids[Count++] = id;
        _slots[at] = series with { Number = Count };
        if (Count == _ids.Length) Grow();
        return Count - 1;
    }

    void Grow()
    {
        Array.Resize(ref _ids, Count * 2);
        var old = _slots;
        _slots = new Slot[old.Length * 2];
        foreach (ref readonly var slot in old.AsSpan())
        {
            if (slot.Number == 0) continue;
            var at = SlotOf(slot.Hash());
            while (_slots[at].Number != 0) at = (at + 1) & (_slots.Length - 1);
            _slots[at] = slot;
        }
    }

    int SlotOf(int hash) => hash & (_slots.Length - 1);

    static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
