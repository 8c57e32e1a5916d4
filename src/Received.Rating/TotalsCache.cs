using System.Buffers;
using System.Runtime.CompilerServices;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// The totals of a partition that rating works on: absolute where the stored row is known, otherwise what has been
/// added since the stored progress, until <see cref="LoadAsync"/> has joined the two.
/// Invariant: after a load, a total is a function of the log up to its stamp. Bounded: what is not dirty is let go, in
/// two generations, so that totals in use stay.
/// A total stands at a place, found by series and window in one look; places hold until <see cref="Sealed"/>.
/// </summary>
sealed class TotalsCache(int rowsMax, ushort generation)
{
    // Two hours of usage as it comes. Other windows take the way through the dictionary.
    const int WindowsMax = 8;
    const int SeriesMin = 256;

    TotalRows _rows = new();
    TotalRows _older = new();
    readonly List<int> _dirty = [];
    readonly List<int> _missing = [];

    /// <summary>By the last bits of the window and the series: the window, and the place + 1 behind it. What a frame
    /// looks for is of a window or two, and so close together.</summary>
    ulong[] _places = [];
    int _seriesRoom;

    /// <summary>What has an event of this frame or of a later one is dirty.</summary>
    long _dirtyFrom;
    long _offset = -1;

    /// <summary>At least the highest count of any total here.</summary>
    public long CountHigh { get; private set; }

    public int DirtyCount => _dirty.Count;

    /// <summary>The total's place; it is there from now on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int PlaceOf(int series, int window, SeriesSeen seen)
    {
        var places = _places;
        var at = ((window & (WindowsMax - 1)) * _seriesRoom) + series;
        if (series < _seriesRoom && (uint)at < (uint)places.Length)
        {
            var known = places[at];
            var (of, place) = unchecked(((int)(known >> 32), (int)known - 1));
            if (of == window && place >= 0) return place;
        }

        return Find(series, window, seen);
    }

    /// <summary>The total is added to soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fetch(int place) => CacheLine.Fetch(ref _rows.States[place]);

    /// <summary>Adds the events of a frame, those without a place (-1) left out.</summary>
    /// <param name="atMs">Of each event, since its window's start.</param>
    public void Add(EventColumns events, ReadOnlySpan<int> places, ReadOnlySpan<int> atMs, long offset)
    {
        _offset = offset;
        var states = _rows.States;
        var quantities = events.Quantity[..places.Length];
        atMs = atMs[..places.Length];
        var dirtyFrom = _dirtyFrom;
        var high = CountHigh;
        for (var i = 0; i < places.Length; i++)
        {
            var place = places[i];
            if (place < 0) continue;
            ref var state = ref states[place];
            if (state.Offset < dirtyFrom) _dirty.Add(place);
            state.Offset = offset;
            state.Index = i;
            var narrow = unchecked((long)quantities[i]);
            if (state.LastAtMs >= 0 && narrow == quantities[i]) state.Add(quantities[i], narrow, atMs[i]);
            else _rows.AddEvent(place, quantities[i], atMs[i]);
            high = Math.Max(high, state.Count);
        }

        CountHigh = high;
    }

    /// <summary>Adds one event of a frame.</summary>
    public void Add(int place, Int128 quantity, int atMs, long offset, int index)
    {
        _offset = offset;
        ref var state = ref _rows.States[place];
        if (state.Offset < _dirtyFrom) _dirty.Add(place);
        state.Offset = offset;
        state.Index = index;
        _rows.AddEvent(place, quantity, atMs);
        CountHigh = Math.Max(CountHigh, state.Count);
    }

    /// <summary>The total's count; it must be loaded.</summary>
    public long CountOf(int place) => _rows.States[place].Count;

    /// <summary>
    /// Joins what was added with what is stored. Nothing that was sealed may be on its way to the store.
    /// </summary>
    /// <param name="progress">What was written when the adding began.</param>
    /// <returns>
    /// False where a stored row is past that progress: someone else rates this partition, and the row may have in it
    /// what was added here.
    /// </returns>
    public async ValueTask<bool> LoadAsync(IUsageStore store, RatedProgress progress, CancellationToken cancellation)
    {
        if (_missing.Count == 0) return true;
        // Rented: a flush in a new window needs them for all series, and most need none.
        var count = _missing.Count;
        var keys = ArrayPool<TotalKey>.Shared.Rent(count);
        var found = ArrayPool<TotalRow>.Shared.Rent(count);
        try
        {
            for (var i = 0; i < count; i++) keys[i] = _rows.KeyOf(_missing[i]);
            await store.ReadTotalsAsync(
                progress.Partition, keys.AsMemory(0, count), found.AsMemory(0, count), cancellation);
            for (var i = 0; i < count; i++)
                if (found[i].Count > 0 && IsPast(found[i], progress)) return false;
            for (var i = 0; i < count; i++)
                if (found[i].Count > 0) Loaded(_missing[i], found[i]);
        }
        finally
        {
            ArrayPool<TotalKey>.Shared.Return(keys);
            ArrayPool<TotalRow>.Shared.Return(found);
        }

        _missing.Clear();
        return true;
    }

    public void CopyDirtyTo(List<TotalRow> rows)
    {
        rows.EnsureCapacity(rows.Count + _dirty.Count);
        foreach (var place in _dirty)
        {
            ref readonly var state = ref _rows.States[place];
            var (key, total) = (_rows.KeyOf(place), _rows.Read(place));
            rows.Add(new(
                key.Series, key.Window, state.Sum, state.Count, total.Min, total.Max, total.Last,
                UsageWindow.StartMs(key.Window) + total.LastAtMs, generation, state.Offset, state.Index));
        }
    }

    /// <summary>The dirty rows are on their way to the store; the next load is after they have come there.</summary>
    public void Sealed()
    {
        _dirty.Clear();
        _dirtyFrom = _offset + 1;
        if (_rows.Count <= rowsMax / 2) return;
        (_older, _rows) = (_rows, _older);
        _rows.Clear();
        ForgetSeries();
    }

    /// <summary>Numbers of series will mean others.</summary>
    public void ForgetSeries() => Array.Clear(_places);

    public void Clear()
    {
        _rows = new();
        _older = new();
        _dirty.Clear();
        _missing.Clear();
        _places = [];
        _seriesRoom = 0;
        _dirtyFrom = 0;
        _offset = -1;
        CountHigh = 0;
    }

    void Loaded(int place, in TotalRow stored)
    {
        ref readonly var state = ref _rows.States[place];
        var storedAtMs = (int)(stored.LastAtMs - UsageWindow.StartMs(stored.Window));
        var (sum, count, added) = (state.Sum, state.Count, _rows.Read(place));
        var addedIsLast = count > 0 && added.LastAtMs >= storedAtMs;
        _rows.Put(
            place, unchecked(stored.Sum + sum), stored.Count + count,
            count > 0 ? Int128.Min(stored.Min, added.Min) : stored.Min,
            count > 0 ? Int128.Max(stored.Max, added.Max) : stored.Max,
            addedIsLast ? added.Last : stored.Last, addedIsLast ? added.LastAtMs : storedAtMs);
        CountHigh = Math.Max(CountHigh, stored.Count + count);
    }

    int Find(int series, int window, SeriesSeen seen)
    {
        var key = new TotalKey(seen.IdOf(series), window);
        if (!_rows.Places.TryGetValue(key, out var place))
        {
            place = _rows.Add(key);
            if (_older.Places.Remove(key, out var older)) TakeBack(place, older);
            else _missing.Add(place);
        }

        if (series >= _seriesRoom)
        {
            // What was known is found in the dictionary once more.
            _seriesRoom = Math.Max(SeriesMin, (series + 1) * 2);
            _places = new ulong[_seriesRoom * WindowsMax];
        }

        var at = ((window & (WindowsMax - 1)) * _seriesRoom) + series;
        _places[at] = unchecked(((ulong)(uint)window << 32) | (uint)(place + 1));
        return place;
    }

    void TakeBack(int place, int older)
    {
        ref readonly var state = ref _older.States[older];
        var total = _older.Read(older);
        _rows.Put(place, state.Sum, state.Count, total.Min, total.Max, total.Last, total.LastAtMs);
    }

    static bool IsPast(in TotalRow row, in RatedProgress progress) =>
        (row.Generation, row.Offset).CompareTo((progress.Generation, progress.Next)) >= 0;
}
