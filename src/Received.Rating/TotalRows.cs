using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// What rating adds to for every event: one cache line. Quantities that do not fit 64 bits (9.2 million units and more)
/// stand in <see cref="WideTotal"/>.
/// </summary>
struct TotalState
{
    /// <summary>Of <see cref="LastAtMs"/>: nothing is counted yet, or it is wide.</summary>
    public const int NotNarrow = -1;

    public Int128 Sum;

    /// <summary>Where the state is wide: the number of its <see cref="WideTotal"/>.</summary>
    public long Min;
    public long Max;
    public long Last;
    public long Count;

    /// <summary>Of the frame whose event was added last; -1 where all is as it was stored.</summary>
    public long Offset;

    /// <summary>Since the window's start.</summary>
    public int LastAtMs;

    /// <summary>Of the event that was added last.</summary>
    public int Index;

    /// <summary>An event that fits 64 bits, to a state that is narrow.</summary>
    /// <param name="narrow">The quantity.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Int128 quantity, long narrow, int atMs)
    {
        // The sum cannot wrap: no total takes more than PartitionRater.CountMax events, each below 2^90. Where a load
        // shows more than that, all is thrown away and rated again event by event.
        Sum = unchecked(Sum + quantity);
        Count++;
        if (narrow < Min) Min = narrow;
        if (narrow > Max) Max = narrow;
        // Events come in the order of the log: of equal times the later one is last.
        if (atMs < LastAtMs) return;
        LastAtMs = atMs;
        Last = narrow;
    }
}

/// <summary>What of a total does not fit <see cref="TotalState"/>.</summary>
struct WideTotal
{
    public Int128 Min;
    public Int128 Max;
    public Int128 Last;
    public int LastAtMs;
}

/// <summary>Totals by key, in order of first appearance.</summary>
sealed class TotalRows
{
    const int CountMin = 256;

    public readonly Dictionary<TotalKey, int> Places = [];
    TotalState[] _states;
    int _skew;
    TotalKey[] _keys = new TotalKey[CountMin];
    WideTotal[] _wide = [];
    int _wideCount;

    public TotalRows() => _states = Allocate(CountMin, out _skew);

    public int Count { get; private set; }

    /// <summary>By place; each in a cache line of its own. Valid until the next <see cref="Add"/>.</summary>
    public Span<TotalState> States => Skewed(_states, _skew)[..Count];

    public TotalKey KeyOf(int place) => _keys[place];

    /// <summary>The place of a new total, of no events.</summary>
    public int Add(in TotalKey key)
    {
        if (Count == _keys.Length) Grow();
        var place = Count++;
        _keys[place] = key;
        States[place] = new() { Offset = -1, LastAtMs = TotalState.NotNarrow };
        Places.Add(key, place);
        return place;
    }

    /// <summary>Of any quantity, to a state of any kind.</summary>
    public void AddEvent(int place, Int128 quantity, int atMs)
    {
        ref var state = ref States[place];
        var narrow = unchecked((long)quantity);
        if (state.Count == 0)
        {
            Put(place, quantity, 1, quantity, quantity, quantity, atMs);
        }
        else if (state.LastAtMs >= 0 && narrow == quantity)
        {
            state.Add(quantity, narrow, atMs);
        }
        else
        {
            ref var wide = ref Widen(ref state);
            state.Sum = unchecked(state.Sum + quantity);
            state.Count++;
            wide.Min = Int128.Min(wide.Min, quantity);
            wide.Max = Int128.Max(wide.Max, quantity);
            if (atMs < wide.LastAtMs) return;
            (wide.Last, wide.LastAtMs) = (quantity, atMs);
        }
    }

    /// <summary>All but the stamp.</summary>
    public void Put(int place, Int128 sum, long count, Int128 min, Int128 max, Int128 last, int lastAtMs)
    {
        ref var state = ref States[place];
        state.Sum = sum;
        state.Count = count;
        (state.Min, state.Max, state.Last) = unchecked(((long)min, (long)max, (long)last));
        state.LastAtMs = lastAtMs;
        if (state.Min == min && state.Max == max && state.Last == last) return;
        state.Min = state.Max = state.Last = 0;
        Widen(ref state) = new() { Min = min, Max = max, Last = last, LastAtMs = lastAtMs };
    }

    /// <summary>What <see cref="Put"/> takes.</summary>
    public WideTotal Read(int place)
    {
        ref readonly var state = ref States[place];
        return state.LastAtMs >= 0 || state.Count == 0
            ? new() { Min = state.Min, Max = state.Max, Last = state.Last, LastAtMs = state.LastAtMs }
            : _wide[state.Min];
    }

    public void Clear()
    {
        Places.Clear();
        Count = 0;
        _wideCount = 0;
    }

    void Grow()
    {
        var states = Allocate(Count * 2, out var skew);
        States.CopyTo(Skewed(states, skew));
        (_states, _skew) = (states, skew);
        Array.Resize(ref _keys, Count * 2);
    }

    /// <summary>Pinned, so that what is aligned stays so, with one more to cut the first bytes from.</summary>
    /// <param name="skew">Those bytes.</param>
    static TotalState[] Allocate(int count, out int skew)
    {
        var states = GC.AllocateArray<TotalState>(count + 1, pinned: true);
        var beyond = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(states, 0) % CacheLine.Bytes);
        skew = (CacheLine.Bytes - beyond) % CacheLine.Bytes;
        return states;
    }

    static Span<TotalState> Skewed(TotalState[] states, int skew) => MemoryMarshal.CreateSpan(
        ref Unsafe.AddByteOffset(ref MemoryMarshal.GetArrayDataReference(states), skew), states.Length - 1);

    ref WideTotal Widen(ref TotalState state)
    {
        if (state.LastAtMs < 0) return ref _wide[state.Min];
        if (_wideCount == _wide.Length) Array.Resize(ref _wide, Math.Max(16, _wideCount * 2));
        ref var wide = ref _wide[_wideCount];
        wide = new() { Min = state.Min, Max = state.Max, Last = state.Last, LastAtMs = state.LastAtMs };
        state.LastAtMs = TotalState.NotNarrow;
        state.Min = _wideCount++;
        return ref wide;
    }
}
