using System.Buffers.Binary;
using System.IO.Hashing;
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
sealed class NamesSeen(long seed, int namesMax)
{
    const int StackBytes = 512;

    readonly Dictionary<UInt128, State> _names = [];
    readonly List<UInt128> _dirty = [];
    int[] _newest = [];

    struct State
    {
        public NameRow Row;
        public byte[] Name;
        public bool IsDirty;
    }

    public void See(EventColumns events, ReadOnlySpan<FrameGroup> groups, LogPosition frame, long timeMs)
    {
        var newest = Newest(events.Customers.Count);
        foreach (ref readonly var group in groups)
            newest[group.Customer] = Math.Max(newest[group.Customer], group.Index);
        See(NameKind.Customer, events.Customers, newest, frame, timeMs);
        newest = Newest(events.Products.Count);
        foreach (ref readonly var group in groups)
            newest[group.Product] = Math.Max(newest[group.Product], group.Index);
        See(NameKind.Product, events.Products, newest, frame, timeMs);
    }

    public void CopyDirtyTo(List<NameRow> rows)
    {
        foreach (var id in _dirty) rows.Add(CollectionsMarshal.GetValueRefOrNullRef(_names, id).Row);
    }

    /// <summary>The dirty rows are in the store.</summary>
    public void Written()
    {
        foreach (var id in _dirty) CollectionsMarshal.GetValueRefOrNullRef(_names, id).IsDirty = false;
        _dirty.Clear();
        if (_names.Count > namesMax) _names.Clear();
    }

    public void Clear()
    {
        _names.Clear();
        _dirty.Clear();
    }

    void See(NameKind kind, NamedTable table, ReadOnlySpan<int> newest, LogPosition frame, long timeMs)
    {
        for (var entry = 0; entry < newest.Length; entry++)
        {
            if (newest[entry] < 0 || table.Names.LengthOf(entry) == 0) continue;
            See(kind, table, entry, frame with { Index = newest[entry] }, timeMs);
        }
    }

    void See(NameKind kind, NamedTable table, int entry, LogPosition position, long timeMs)
    {
        var account = table.Account(entry);
        var id = Id(kind, account, table.Ref(entry));
        ref var state = ref CollectionsMarshal.GetValueRefOrAddDefault(_names, id, out var exists);
        // Entries of one frame come in the table's order, not the events'.
        if (exists && state.Row.Offset == position.Offset && state.Row.Generation == position.Generation
            && state.Row.Index > position.Index) return;
        var name = table.Name(entry);
        var same = exists && name.SequenceEqual(state.Name);
        if (!same) state.Name = name.ToArray();
        state.Row = new(
            account, kind, exists ? state.Row.Ref : Encoding.UTF8.GetString(table.Ref(entry)),
            same ? state.Row.Name : Encoding.UTF8.GetString(name),
            position.Generation, position.Offset, position.Index, timeMs);
        if (state.IsDirty) return;
        state.IsDirty = true;
        _dirty.Add(id);
    }

    Span<int> Newest(int count)
    {
        if (_newest.Length < count) _newest = new int[count];
        var newest = _newest.AsSpan(0, count);
        newest.Fill(-1);
        return newest;
    }

    /// <summary>In memory only, seeded so that nobody who chooses references can aim at a collision.</summary>
    UInt128 Id(NameKind kind, AccountId account, ReadOnlySpan<byte> reference)
    {
        var length = 1 + sizeof(uint) + reference.Length;
        var bytes = length <= StackBytes ? stackalloc byte[StackBytes] : new byte[length];
        bytes[0] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[1..], account.Value);
        reference.CopyTo(bytes[5..]);
        return XxHash128.HashToUInt128(bytes[..length], seed);
    }
}
