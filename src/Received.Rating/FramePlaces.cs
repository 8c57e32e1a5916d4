using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Finds for each event of a frame the place of its total, all before the first is added to: so many loads from memory
/// that do not wait for each other. What costs more (finding a series) is done once per distinct triple of the frame's
/// table entries.
/// </summary>
sealed class FramePlaces(References references, SeriesSeen series, TotalsCache totals)
{
    // Cleared for every frame: 4 bytes each.
    const int CellsMin = 4096;
    const int CellsPerEvent = 4;

    int[] _places = [];
    int[] _atMs = [];
    int[] _cells = [];
    int[] _newestOfCustomer = [];
    int[] _newestOfProduct = [];
    int _customerCount;
    int _productCount;
    int _eventCount;

    /// <summary>For each event the place of its total, or -1 where it is not counted.</summary>
    public ReadOnlySpan<int> Places => _places.AsSpan(0, _eventCount);

    /// <summary>When each counted event was, in milliseconds since its window's start.</summary>
    public ReadOnlySpan<int> AtMs => _atMs.AsSpan(0, _eventCount);

    /// <summary>For each customer of the frame's table its last event that is neither duplicate nor conflict, or
    /// -1.</summary>
    public ReadOnlySpan<int> NewestOfCustomer => _newestOfCustomer.AsSpan(0, _customerCount);

    /// <summary>The same of each product.</summary>
    public ReadOnlySpan<int> NewestOfProduct => _newestOfProduct.AsSpan(0, _productCount);

    /// <param name="rows">Takes the rows of series that were not known.</param>
    public void Find(EventColumns events, Decisions decisions, List<SeriesRow> rows)
    {
        Clear(events);
        references.Number(events);
        var customers = events.Customer;
        var products = events.Product;
        var assertions = events.Assertion;
        var timestampMs = events.TimestampMs;
        var fates = decisions.AllCounted ? default : decisions.Fates;
        var places = _places.AsSpan(0, events.Count);
        var sinceMs = _atMs.AsSpan(0, events.Count);
        var (productCount, assertionCount) = (events.Products.Count, events.Assertions.Count);
        // Of each triple of entries the number of its series + 1, from its first event on.
        var cells = Cells(events);
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = -1;
            if (!fates.IsEmpty && fates[i] != Fate.Counted) continue;
            var (customer, product, assertion) = (customers[i], products[i], assertions[i]);
            _newestOfCustomer[customer] = i;
            _newestOfProduct[product] = i;
            var cell = cells.IsEmpty ? 0 : (((customer * productCount) + product) * assertionCount) + assertion;
            var number = cells.IsEmpty ? 0 : cells[cell];
            if (number == 0)
            {
                number = series.Of(events, customer, product, assertion, references, rows) + 1;
                if (!cells.IsEmpty) cells[cell] = number;
            }

            var window = UsageWindow.Of(timestampMs[i]);
            sinceMs[i] = (int)(timestampMs[i] - UsageWindow.StartMs(window));
            places[i] = totals.PlaceOf(number - 1, window, series);
        }
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

    void Clear(EventColumns events)
    {
        _eventCount = events.Count;
        if (_places.Length < _eventCount)
        {
            _places = new int[_eventCount];
            _atMs = new int[_eventCount];
        }

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
