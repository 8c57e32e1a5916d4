using System.Buffers;
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
    Rows _rows = new();
    Rows _older = new();
    readonly List<int> _dirty = [];
    readonly List<int> _missing = [];

    /// <summary>At least the highest count of any row here.</summary>
    public long CountHigh { get; private set; }

    public int DirtyCount => _dirty.Count;

    struct State
    {
        public TotalRow Row;

        /// <summary>Index of the event that the row's Last is of, if that is of the frame of the row's stamp; else
        /// -1.</summary>
        public int LastIndex;
        public bool IsDirty;
    }

    /// <summary>Rows by key, in order of first appearance.</summary>
    sealed class Rows
    {
        public readonly Dictionary<TotalKey, int> Places = [];
        public State[] States = new State[256];
        public int Count;

        public ref State Add(in TotalKey key, out int place)
        {
            if (Count == States.Length) Array.Resize(ref States, Count * 2);
            place = Count++;
            Places.Add(key, place);
            return ref States[place];
        }

        public void Clear()
        {
            Places.Clear();
            Count = 0;
        }
    }

    /// <summary>Makes the row known, for <see cref="LoadAsync"/> to find it.</summary>
    public void Touch(in TotalKey key)
    {
        var place = -1;
        Find(key, ref place);
    }

    /// <summary>
    /// Adds events of one frame. A frame comes in several parts where it has several names for one reference; their
    /// events may stand in each other's midst.
    /// </summary>
    /// <param name="lastIndex">Index of the event that the part's Last is of.</param>
    /// <param name="place">A guess where the row is, and then where it is.</param>
    public void Add(in TotalRow part, int lastIndex, ref int place)
    {
        ref var state = ref Find(new(part.Series, part.Window), ref place);
        if (!state.IsDirty)
        {
            state.IsDirty = true;
            _dirty.Add(place);
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

        ref readonly var row = ref state.Row;
        var sameFrame = row.Generation == part.Generation && row.Offset == part.Offset;
        var partIsLast = part.LastAtMs > row.LastAtMs
            || (part.LastAtMs == row.LastAtMs && (!sameFrame || lastIndex > state.LastIndex));
        var index = sameFrame ? Math.Max(row.Index, part.Index) : part.Index;
        state.Row = Join(row, part, partIsLast, index);
        if (partIsLast) state.LastIndex = lastIndex;
        else if (!sameFrame) state.LastIndex = -1;
    }

    /// <summary>The row's count; it must be loaded.</summary>
    public long CountOf(in TotalKey key)
    {
        var place = -1;
        return Find(key, ref place).Row.Count;
    }

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
            CopyMissing(keys);
            await store.ReadTotalsAsync(
                progress.Partition, keys.AsMemory(0, count), found.AsMemory(0, count), cancellation);
            for (var i = 0; i < count; i++)
                if (found[i].Count > 0 && IsPast(found[i], progress)) return false;
            for (var i = 0; i < count; i++) Loaded(_missing[i], found[i]);
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
        foreach (var place in _dirty) rows.Add(_rows.States[place].Row);
    }

    /// <summary>The dirty rows are on their way to the store; the next load is after they have come there.</summary>
    public void Sealed()
    {
        foreach (var place in _dirty) _rows.States[place].IsDirty = false;
        _dirty.Clear();
        if (_rows.Count <= rowsMax / 2) return;
        (_older, _rows) = (_rows, _older);
        _rows.Clear();
    }

    public void Clear()
    {
        _rows = new();
        _older = new();
        _dirty.Clear();
        _missing.Clear();
        CountHigh = 0;
    }

    void CopyMissing(TotalKey[] keys)
    {
        for (var i = 0; i < _missing.Count; i++)
        {
            ref readonly var row = ref _rows.States[_missing[i]].Row;
            keys[i] = new(row.Series, row.Window);
        }
    }

    void Loaded(int place, in TotalRow stored)
    {
        ref var state = ref _rows.States[place];
        if (stored.Count > 0)
        {
            var addedIsLast = state.Row.Count > 0 && state.Row.LastAtMs >= stored.LastAtMs;
            if (!addedIsLast) state.LastIndex = -1;
            state.Row = state.Row.Count == 0 ? stored : Join(stored, state.Row, addedIsLast, state.Row.Index);
        }

        CountHigh = Math.Max(CountHigh, state.Row.Count);
    }

    ref State Find(in TotalKey key, ref int place)
    {
        if (place >= 0 && place < _rows.Count)
        {
            ref var guessed = ref _rows.States[place];
            if (guessed.Row.Series == key.Series && guessed.Row.Window == key.Window) return ref guessed;
        }

        if (_rows.Places.TryGetValue(key, out place)) return ref _rows.States[place];
        ref var state = ref _rows.Add(key, out place);
        if (_older.Places.Remove(key, out var older))
        {
            state = _older.States[older];
        }
        else
        {
            state = new() { Row = new() { Series = key.Series, Window = key.Window } };
            _missing.Add(place);
        }

        return ref state;
    }

    static bool IsPast(in TotalRow row, in RatedProgress progress) =>
        (row.Generation, row.Offset).CompareTo((progress.Generation, progress.Next)) >= 0;

    /// <summary>Both, with the stamp of <paramref name="later"/> but for its index.</summary>
    static TotalRow Join(in TotalRow earlier, in TotalRow later, bool lastIsLater, int index) => new(
        // The sum cannot wrap: no row takes more than PartitionRater.CountMax events, each below 2^90. Where a load
        // shows more than that, the row is thrown away and rated again event by event.
        later.Series, later.Window, unchecked(earlier.Sum + later.Sum), earlier.Count + later.Count,
        earlier.Min < later.Min ? earlier.Min : later.Min, earlier.Max > later.Max ? earlier.Max : later.Max,
        lastIsLater ? later.Last : earlier.Last, lastIsLater ? later.LastAtMs : earlier.LastAtMs,
        later.Generation, later.Offset, index);
}
