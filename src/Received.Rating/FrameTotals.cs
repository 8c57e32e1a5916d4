using System.Numerics;
using Received.Model;

namespace Received.Rating;

/// <summary>The events of a frame that share customer, product, assertion (as table entries) and window.</summary>
struct FrameGroup
{
    public int Customer;
    public int Product;
    public int Assertion;
    public int Window;
    public Int128 Sum;
    public Int128 Min;
    public Int128 Max;
    public Int128 Last;
    public long Count;
    public long LastAtMs;

    /// <summary>The event of the frame that <see cref="Last"/> is of.</summary>
    public int LastIndex;

    /// <summary>The last of its events in the frame.</summary>
    public int Index;
}

/// <summary>
/// Adds a frame's events up by table entries and window, so that what costs more (hashing references, finding the
/// stored total) is done once per distinct total of the frame and not once per event.
/// Invariant: sums of a frame cannot overflow: 65,536 quantities below 2^90.
/// </summary>
sealed class FrameTotals
{
    // Table entries of a frame are at most 2^16 + 1.
    const int EntryBits = 17;

    // Cleared for every frame: 4 bytes each.
    const int CellsMin = 4096;
    const int CellsPerEvent = 4;

    FrameGroup[] _groups = new FrameGroup[64];
    ulong[] _entries = new ulong[64];
    int[] _slots = new int[256];
    int[] _groupOf = [];
    int[] _cells = [];
    int[] _newestOfCustomer = [];
    int[] _newestOfProduct = [];
    int _customerCount;
    int _productCount;
    int _mask;
    int _count;
    int _eventCount;

    public ReadOnlySpan<FrameGroup> Groups => _groups.AsSpan(0, _count);

    /// <summary>For each event the index of its group, or -1 where it is not counted.</summary>
    public ReadOnlySpan<int> GroupOf => _groupOf.AsSpan(0, _eventCount);

    /// <summary>For each customer of the frame's table its last event that is neither duplicate nor conflict, or
    /// -1.</summary>
    public ReadOnlySpan<int> NewestOfCustomer => _newestOfCustomer.AsSpan(0, _customerCount);

    /// <summary>The same of each product.</summary>
    public ReadOnlySpan<int> NewestOfProduct => _newestOfProduct.AsSpan(0, _productCount);

    public void Add(EventColumns events, Decisions decisions)
    {
        Clear(events);
        var customer = events.Customer;
        var product = events.Product;
        var assertion = events.Assertion;
        var timestampMs = events.TimestampMs;
        var quantity = events.Quantity;
        var fates = decisions.AllCounted ? default : decisions.Fates;
        var groupOf = _groupOf.AsSpan(0, events.Count);
        var (products, assertions) = (events.Products.Count, events.Assertions.Count);
        // The group that these entries had last: right but for a change of window.
        var cells = Cells(events);
        var window = int.MinValue;
        var windowStartMs = 0L;
        for (var i = 0; i < groupOf.Length; i++)
        {
            groupOf[i] = -1;
            if (!fates.IsEmpty && fates[i] != Fate.Counted) continue;
            var atMs = timestampMs[i];
            // Neighbours are mostly of one window: saves the division.
            if (window == int.MinValue || unchecked((ulong)(atMs - windowStartMs)) >= UsageWindow.LengthMs)
            {
                window = UsageWindow.Of(atMs);
                windowStartMs = UsageWindow.StartMs(window);
            }

            var cell = cells.IsEmpty ? 0 : (((customer[i] * products) + product[i]) * assertions) + assertion[i];
            var at = cells.IsEmpty ? -1 : cells[cell] - 1;
            if (at < 0 || _groups[at].Window != window)
            {
                at = Find(Entries(customer[i], product[i], assertion[i]), window);
                if (!cells.IsEmpty) cells[cell] = at + 1;
            }

            groupOf[i] = at;
            _newestOfCustomer[customer[i]] = i;
            _newestOfProduct[product[i]] = i;
            Count(ref _groups[at], quantity[i], atMs, i);
        }
    }

    static ulong Entries(int customer, int product, int assertion) =>
        ((ulong)customer << (2 * EntryBits)) | ((ulong)product << EntryBits) | (uint)assertion;

    static void Count(ref FrameGroup group, Int128 quantity, long atMs, int index)
    {
        if (group.Count == 0)
        {
            group.Min = group.Max = group.Last = quantity;
            group.LastAtMs = atMs;
            group.LastIndex = index;
        }
        else
        {
            if (quantity < group.Min) group.Min = quantity;
            if (quantity > group.Max) group.Max = quantity;
            if (atMs >= group.LastAtMs)
            {
                group.LastAtMs = atMs;
                group.Last = quantity;
                group.LastIndex = index;
            }
        }

        group.Sum = unchecked(group.Sum + quantity);
        group.Count++;
        group.Index = index;
    }

    int Find(ulong entries, int window)
    {
        var mask = _mask;
        var hash = unchecked((entries ^ ((ulong)(uint)window << 51)) * 0x9E3779B97F4A7C15UL);
        hash = unchecked((hash ^ (hash >> 32) ^ (uint)window) * 0xD6E8FEB86659FD93UL);
        for (var slot = (int)(hash >> 33) & mask; ; slot = (slot + 1) & mask)
        {
            var at = _slots[slot] - 1;
            if (at < 0) return Append(entries, window, slot);
            if (_entries[at] == entries && _groups[at].Window == window) return at;
        }
    }

    int Append(ulong entries, int window, int slot)
    {
        if (_count == _groups.Length)
        {
            Array.Resize(ref _groups, _count * 2);
            Array.Resize(ref _entries, _count * 2);
        }

        const ulong Entry = (1 << EntryBits) - 1;
        _slots[slot] = _count + 1;
        _entries[_count] = entries;
        _groups[_count] = new()
        {
            Customer = (int)(entries >> (2 * EntryBits)),
            Product = (int)((entries >> EntryBits) & Entry),
            Assertion = (int)(entries & Entry),
            Window = window,
        };
        return _count++;
    }

    /// <summary>A cell for each combination of entries, unless those are far more than events.</summary>
    Span<int> Cells(EventColumns events)
    {
        var count = (long)events.Customers.Count * events.Products.Count * events.Assertions.Count;
        if (count > CellsMin + ((long)events.Count * CellsPerEvent)) return default;
        if (_cells.Length < count) _cells = new int[count];
        var cells = _cells.AsSpan(0, (int)count);
        cells.Clear();
        return cells;
    }

    /// <summary>Slots for at most as many groups as there are events, half of them free.</summary>
    void Clear(EventColumns events)
    {
        var eventCount = events.Count;
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(256, eventCount * 2));
        if (_slots.Length < slots) _slots = new int[slots];
        else Array.Clear(_slots, 0, slots);
        _mask = slots - 1;
        if (_groupOf.Length < eventCount) _groupOf = new int[eventCount];
        _eventCount = eventCount;
        _count = 0;
        _customerCount = Forget(ref _newestOfCustomer, events.Customers.Count);
        _productCount = Forget(ref _newestOfProduct, events.Products.Count);
    }

    static int Forget(ref int[] newest, int count)
    {
        if (newest.Length < count) newest = new int[count];
        newest.AsSpan(0, count).Fill(-1);
        return count;
    }
}
