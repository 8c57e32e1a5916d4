using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Finds for each event of a frame the place of its total, all before the first is added to, and in steps over the
/// whole frame: so many loads from memory that do not wait for each other. What costs more (finding a series) is done
/// once per distinct triple of the frame's table entries.
/// </summary>
sealed class FramePlaces(References references, SeriesSeen series, TotalsCache totals)
{
    // Cleared for every frame: 4 bytes each.
    const int CellsMin = 4096;
    const int CellsPerEvent = 4;

    // Of each event the number of its triple in this frame, later the place of its total.
    int[] _places = [];
    int[] _atMs = [];
    int[] _cells = [];

    // Of each triple its first event, later the number of its series.
    int[] _triples = [];
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
        var triples = _triples.AsSpan(0, FindTriples(events, decisions));
        series.Number(events, triples, references, rows);
        FindTotals(events.TimestampMs, triples);
    }

    /// <returns>How many triples there are.</returns>
    int FindTriples(EventColumns events, Decisions decisions)
    {
        var customers = events.Customer;
        var products = events.Product;
        var assertions = events.Assertion;
        var fates = decisions.AllCounted ? default : decisions.Fates;
        var places = _places.AsSpan(0, events.Count);
        var triples = _triples;
        var (productCount, assertionCount) = (events.Products.Count, events.Assertions.Count);
        // Of each triple of entries its number in this frame + 1, from its first event on.
        var cells = Cells(events);
        var count = 0;
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = -1;
            if (!fates.IsEmpty && fates[i] != Fate.Counted) continue;
            var (customer, product, assertion) = (customers[i], products[i], assertions[i]);
            _newestOfCustomer[customer] = i;
            _newestOfProduct[product] = i;
            // Written also where it is not the first: which event is, no processor can foretell.
            triples[count] = i;
            if (cells.IsEmpty)
            {
                places[i] = count++;
                continue;
            }

            ref var cell = ref cells[(((customer * productCount) + product) * assertionCount) + assertion];
            var number = cell;
            var isFirst = number == 0;
            count += isFirst ? 1 : 0;
            number = isFirst ? count : number;
            cell = number;
            places[i] = number - 1;
        }

        return count;
    }

    void FindTotals(ReadOnlySpan<long> timestampMs, ReadOnlySpan<int> numbers)
    {
        var places = _places.AsSpan(0, timestampMs.Length);
        var sinceMs = _atMs.AsSpan(0, timestampMs.Length);
        for (var i = 0; i < places.Length; i++)
        {
            var triple = places[i];
            if (triple < 0) continue;
            var window = UsageWindow.Of(timestampMs[i]);
            sinceMs[i] = (int)(timestampMs[i] - UsageWindow.StartMs(window));
            var place = totals.PlaceOf(numbers[triple], window, series);
            totals.Fetch(place);
            places[i] = place;
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
            _triples = new int[_eventCount];
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
