using System.Numerics;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Entries that the index does not hold yet, findable by identity. Almost nobody asks, since the filter answers for
/// keys that are new: so the first few look-ups go through the entries, and only then a flat table of places is made.
/// Where an identity was entered twice (the first has left the window), the later one is found: log time never falls,
/// so the first stays outside.
/// </summary>
sealed class KeysNotStored
{
    const int EntriesMin = 1024;

    // Going through 30,000 entries costs a tenth of entering them into the table.
    const int ScansMax = 4;

    KeyEntry[] _entries = new KeyEntry[EntriesMin];
    int[] _places = [];
    int _entered;
    int _scans;

    public int Count { get; private set; }

    public ReadOnlyMemory<KeyEntry> Entries => _entries.AsMemory(0, Count);

    public bool TryFind(UInt128 identity, out KeyEntry entry)
    {
        if (_entered < Count)
        {
            if (_scans < ScansMax)
            {
                _scans++;
                return TryScan(identity, out entry);
            }

            EnterAll();
        }

        entry = default;
        if (Count == 0) return false;
        var mask = _places.Length - 1;
        for (var place = Place(identity, mask); _places[place] != 0; place = (place + 1) & mask)
        {
            ref readonly var candidate = ref _entries[_places[place] - 1];
            if (candidate.Identity != identity) continue;
            entry = candidate;
            return true;
        }

        return false;
    }

    public void Add(in KeyEntry entry)
    {
        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);
        _entries[Count++] = entry;
    }

    public void Clear()
    {
        // A burst's memory is given back.
        if (_entries.Length > EntriesMin && Count * 16 < _entries.Length)
        {
            _entries = new KeyEntry[Math.Max(EntriesMin, (int)BitOperations.RoundUpToPowerOf2((uint)Count * 2))];
            _places = [];
        }
        else if (_entered > 0)
        {
            Array.Clear(_places);
        }

        Count = 0;
        _entered = 0;
        _scans = 0;
    }

    /// <summary>Forgets all but the first <paramref name="count"/> entries.</summary>
    public void CutTo(int count)
    {
        if (count == Count) return;
        Count = count;
        if (_entered <= count) return;
        Array.Clear(_places);
        _entered = 0;
    }

    bool TryScan(UInt128 identity, out KeyEntry entry)
    {
        // From behind: the later one is meant.
        for (var i = Count - 1; i >= 0; i--)
        {
            if (_entries[i].Identity != identity) continue;
            entry = _entries[i];
            return true;
        }

        entry = default;
        return false;
    }

    void EnterAll()
    {
        if (Count * 2 > _places.Length)
        {
            _places = new int[(int)BitOperations.RoundUpToPowerOf2((uint)Count * 4)];
            _entered = 0;
        }

        while (_entered < Count) Enter(++_entered);
    }

    void Enter(int number)
    {
        var identity = _entries[number - 1].Identity;
        var mask = _places.Length - 1;
        var place = Place(identity, mask);
        while (_places[place] != 0 && _entries[_places[place] - 1].Identity != identity) place = (place + 1) & mask;
        _places[place] = number;
    }

    static int Place(UInt128 identity, int mask) => unchecked((int)(ulong)identity) & mask;
}
