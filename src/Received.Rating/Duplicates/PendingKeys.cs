using System.Numerics;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Entries that the index does not hold yet, findable by identity: a flat table of places, since a dictionary costs
/// three times as much per key. Where an identity was entered twice (the first has left the window), the later one is
/// found: log time never falls, so the first stays outside.
/// </summary>
sealed class PendingKeys
{
    KeyEntry[] _entries = new KeyEntry[1024];
    int[] _places = new int[4096];

    public int Count { get; private set; }

    public ReadOnlyMemory<KeyEntry> Entries => _entries.AsMemory(0, Count);

    public bool TryFind(UInt128 identity, out KeyEntry entry)
    {
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
        if (Count * 2 > _places.Length) Rebuild(_places.Length * 2);
        else Enter(Count);
    }

    public void Clear()
    {
        // A burst's table is given back, or every later flush would pay for clearing it.
        if (_places.Length > 4096 && Count * 16 < _places.Length)
        {
            _places = new int[Math.Max(4096, (int)BitOperations.RoundUpToPowerOf2((uint)Count * 4))];
            _entries = new KeyEntry[_places.Length / 2];
        }
        else
        {
            Array.Clear(_places);
        }

        Count = 0;
    }

    /// <summary>Forgets all but the first <paramref name="count"/> entries.</summary>
    public void CutTo(int count)
    {
        if (count == Count) return;
        Count = count;
        Rebuild(_places.Length);
    }

    void Rebuild(int size)
    {
        _places = new int[size];
        for (var number = 1; number <= Count; number++) Enter(number);
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
