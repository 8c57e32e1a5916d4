using System.Runtime.InteropServices;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// The totals of a partition that rating works on: absolute where the stored row is known, otherwise what has been
/// added since the stored progress, until <see cref="LoadAsync"/> has joined the two.
/// Invariant: after a load, a row is a function of the log up to its stamp. Bounded: what is not dirty is let go, in
/// two generations, so that totals in use stay.
/// </summary>
sealed class TotalsCache(int rowsMax)
{
    Dictionary<TotalKey, State> _rows = [];
    Dictionary<TotalKey, State> _older = [];
    readonly List<TotalKey> _dirty = [];
    readonly List<TotalKey> _missing = [];
    TotalKey[] _keys = [];
    TotalRow[] _found = [];

    /// <summary>At least the highest count of any row here.</summary>
    public long CountHigh { get; private set; }

    struct State
    {
        public TotalRow Row;

        /// <summary>Index of the event that the row's Last is of, if that is of the frame of the row's stamp; else
        /// -1.</summary>
        public int LastIndex;
        public bool IsDirty;
    }

    /// <summary>Makes the row known, for <see cref="LoadAsync"/> to find it.</summary>
    public void Touch(in TotalKey key) => Find(key);

    /// <summary>
    /// Adds events of one frame. A frame comes in several parts where it has several names for one reference; their
    /// events may stand in each other's midst.
    /// </summary>
    /// <param name="lastIndex">Index of the event that the part's Last is of.</param>
    public void Add(in TotalRow part, int lastIndex)
    {
        var key = new TotalKey(part.Series, part.Window);
        ref var state = ref Find(key);
        if (!state.IsDirty)
        {
            state.IsDirty = true;
            _dirty.Add(key);
        }

        Add(ref state, part, lastIndex);
        CountHigh = Math.Max(CountHigh, state.Row.Count);
    }

    static void Add(ref State state, in TotalRow part, int lastIndex)
    {
        if (state.Row.Count == 0)
        {
            state.Row = part;
            state.LastIndex = lastIndex;
            return;
        }

        var row = state.Row;
        var sameFrame = row.Generation == part.Generation && row.Offset == part.Offset;
        var partIsLast = part.LastAtMs > row.LastAtMs
            || (part.LastAtMs == row.LastAtMs && (!sameFrame || lastIndex > state.LastIndex));
        var index = sameFrame ? Math.Max(row.Index, part.Index) : part.Index;
        state.Row = Join(row, part, partIsLast) with { Index = index };
        if (partIsLast) state.LastIndex = lastIndex;
        else if (!sameFrame) state.LastIndex = -1;
    }

    /// <summary>The row's count; it must be loaded.</summary>
    public long CountOf(in TotalKey key) => Find(key).Row.Count;

    /// <summary>Joins what was added with what is stored.</summary>
    /// <param name="progress">What was written when the adding began.</param>
    /// <returns>
    /// False where a stored row is past that progress: someone else rates this partition, and the row may have in it
    /// what was added here.
    /// </returns>
    public async ValueTask<bool> LoadAsync(IUsageStore store, RatedProgress progress, CancellationToken cancellation)
    {
        if (_missing.Count == 0) return true;
        if (_keys.Length < _missing.Count)
        {
            _keys = new TotalKey[_missing.Count * 2];
            _found = new TotalRow[_missing.Count * 2];
        }

        _missing.CopyTo(_keys);
        var count = _missing.Count;
        await store.ReadTotalsAsync(
            progress.Partition, _keys.AsMemory(0, count), _found.AsMemory(0, count), cancellation);
        for (var i = 0; i < count; i++)
            if (_found[i].Count > 0 && IsPast(_found[i], progress)) return false;
        for (var i = 0; i < count; i++) Loaded(_keys[i], _found[i]);
        _missing.Clear();
        return true;
    }

    public void CopyDirtyTo(List<TotalRow> rows)
    {
        foreach (var key in _dirty) rows.Add(CollectionsMarshal.GetValueRefOrNullRef(_rows, key).Row);
    }

    /// <summary>The dirty rows are in the store.</summary>
    public void Written()
    {
        foreach (var key in _dirty) CollectionsMarshal.GetValueRefOrNullRef(_rows, key).IsDirty = false;
        _dirty.Clear();
        if (_rows.Count <= rowsMax / 2) return;
        (_older, _rows) = (_rows, _older);
        _rows.Clear();
    }

    public void Clear()
    {
        _rows.Clear();
        _older.Clear();
        _dirty.Clear();
        _missing.Clear();
        CountHigh = 0;
    }

    void Loaded(in TotalKey key, in TotalRow stored)
    {
        ref var state = ref CollectionsMarshal.GetValueRefOrNullRef(_rows, key);
        if (stored.Count > 0)
        {
            var addedIsLast = state.Row.Count > 0 && state.Row.LastAtMs >= stored.LastAtMs;
            if (!addedIsLast) state.LastIndex = -1;
            state.Row = state.Row.Count == 0 ? stored : Join(stored, state.Row, addedIsLast);
        }

        CountHigh = Math.Max(CountHigh, state.Row.Count);
    }

    ref State Find(in TotalKey key)
    {
        ref var state = ref CollectionsMarshal.GetValueRefOrAddDefault(_rows, key, out var exists);
        if (exists) return ref state;
        if (_older.Remove(key, out var older)) state = older;
        else _missing.Add(key);
        return ref state;
    }

    static bool IsPast(in TotalRow row, in RatedProgress progress) =>
        (row.Generation, row.Offset).CompareTo((progress.Generation, progress.Next)) >= 0;

    /// <summary>Both, with the stamp of <paramref name="later"/>.</summary>
    static TotalRow Join(in TotalRow earlier, in TotalRow later, bool lastIsLater) => later with
    {
        // Cannot wrap: no row takes more than PartitionRater.CountMax events, each below 2^90. Where a load shows
        // more than that, the row is thrown away and rated again event by event.
        Sum = unchecked(earlier.Sum + later.Sum),
        Count = earlier.Count + later.Count,
        Min = Int128.Min(earlier.Min, later.Min),
        Max = Int128.Max(earlier.Max, later.Max),
        Last = lastIsLater ? later.Last : earlier.Last,
        LastAtMs = lastIsLater ? later.LastAtMs : earlier.LastAtMs,
    };
}
