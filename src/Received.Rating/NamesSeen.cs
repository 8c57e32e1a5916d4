using System.Runtime.InteropServices;
using System.Text;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// The newest names that a partition's events gave. The rule, a function of the log alone: the row of a reference
/// carries the newest event that is neither duplicate nor conflict and gave it a name that is not empty. So a row is
/// written with every flush that saw the reference, changed or not: "when the name last changed" could not be known
/// after a restart without reading names back. What is kept between flushes only saves making the strings again.
/// </summary>
sealed class NamesSeen
{
    // By the reference's number; those of assertions stay empty.
    State[] _names = [];
    readonly List<int> _dirty = [];

    struct State
    {
        public AccountId Account;
        public NameKind Kind;
        public string? Ref;
        public string Text;
        public byte[] Name;
        public ushort Generation;
        public long Offset;
        public int Index;
        public long TimeMs;
        public bool IsDirty;
    }

    /// <param name="references">Numbers of this frame's entries.</param>
    public void See(EventColumns events, FramePlaces frame, References references, LogPosition at, long timeMs)
    {
        if (_names.Length < references.Count) Array.Resize(ref _names, Math.Max(256, references.Count * 2));
        See(NameKind.Customer, events.Customers, frame.NewestOfCustomer, references.Customers, at, timeMs);
        See(NameKind.Product, events.Products, frame.NewestOfProduct, references.Products, at, timeMs);
    }

    public void CopyDirtyTo(List<NameRow> rows)
    {
        foreach (var number in _dirty)
        {
            ref readonly var state = ref _names[number];
            rows.Add(new(
                state.Account, state.Kind, state.Ref!, state.Text, state.Generation, state.Offset, state.Index,
                state.TimeMs));
        }
    }

    /// <summary>The dirty rows are on their way to the store.</summary>
    public void Sealed()
    {
        foreach (var number in _dirty) _names[number].IsDirty = false;
        _dirty.Clear();
    }

    /// <summary>Numbers will mean other references.</summary>
    public void Clear()
    {
        _names = [];
        _dirty.Clear();
    }

    void See(
        NameKind kind, NamedTable table, ReadOnlySpan<int> newest, ReadOnlySpan<int> numbers, LogPosition at,
        long timeMs)
    {
        numbers = numbers[..newest.Length];
        foreach (var number in numbers) CacheLine.Fetch(ref _names[number]);
        foreach (var number in numbers)
            if (_names[number].Name is { } name) CacheLine.Fetch(ref MemoryMarshal.GetArrayDataReference(name));
        for (var entry = 0; entry < newest.Length; entry++)
        {
            if (newest[entry] < 0 || table.Names.LengthOf(entry) == 0) continue;
            See(kind, table, entry, ref _names[numbers[entry]], at with { Index = newest[entry] }, timeMs);
            ref var state = ref _names[numbers[entry]];
            if (state.IsDirty) continue;
            state.IsDirty = true;
            _dirty.Add(numbers[entry]);
        }
    }

    static void See(
        NameKind kind, NamedTable table, int entry, ref State state, in LogPosition position, long timeMs)
    {
        var exists = state.Ref is not null;
        // Entries of one frame come in the table's order, not the events'.
        if (exists && state.Offset == position.Offset && state.Generation == position.Generation
            && state.Index > position.Index) return;
        var name = table.Name(entry);
        if (!exists)
        {
            state.Account = table.Account(entry);
            state.Kind = kind;
            state.Ref = Encoding.UTF8.GetString(table.Ref(entry));
        }

        if (!exists || !name.SequenceEqual(state.Name))
        {
            state.Name = name.ToArray();
            state.Text = Encoding.UTF8.GetString(name);
        }

        state.Generation = position.Generation;
        state.Offset = position.Offset;
        state.Index = position.Index;
        state.TimeMs = timeMs;
    }
}
