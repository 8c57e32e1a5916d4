using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>
/// Names met lately, each with a number: the same few customers and products come again and again, and what was found
/// out about one (its hash, its partition, its entry in the frame that is open) need not be found out anew. Goal: a
/// name met before costs one comparison, without hashing it. Owned by one request at a time; numbers hold until
/// <see cref="Forget"/>.
/// </summary>
/// <param name="places">How many short names are found at a glance: a power of two.</param>
sealed class NameMemory(int places)
{
    /// <summary>Up to this it is in the processor's cache of the second level.</summary>
    const int NamesMax = 4096;
    const int BytesMax = 256 * 1024;

    /// <summary>Longer ones, of which there are few, are found by their hash.</summary>
    const int RefPlaceBytes = 64;
    const int NamePlaceBytes = 32;

    readonly NamedTable _table = new();
    readonly Place[] _places = new Place[places];
    Known[] _known = new Known[256];
    int _count;

    /// <summary>Past this the memory is not worth keeping: one request had very many names.</summary>
    public bool IsLarge => _count > 4 * NamesMax || _table.ByteCount > 4 * BytesMax;

    public bool IsFull => _count >= NamesMax || _table.ByteCount >= BytesMax;

    public void Forget()
    {
        _table.Clear();
        Array.Clear(_places);
        _count = 0;
    }

    /// <returns>The name's number.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public int Find(AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> name, out bool isNew)
    {
        ref var place = ref PlaceOf(reference);
        isNew = false;
        return place.IsTaken && place.Account == account.Value
            && place.RefLength == reference.Length && place.NameLength == name.Length
            && Same(place.Text[..RefPlaceBytes], reference) && Same(place.Text[RefPlaceBytes..], name)
            ? place.Number
            : FindByHash(account, reference, name, ref place, out isNew);
    }

    public int PartitionOf(int number) => _known[number].Partition;

    public void SetPartition(int number, PartitionId partition) => _known[number].Partition = partition.Value;

    /// <summary>The name's entry in a frame's table, added where it is new there.</summary>
    /// <param name="filling">Never the same for two fillings of frames.</param>
    public int EntryIn(NamedTable table, long filling, int number)
    {
        ref var known = ref _known[number];
        if (known.Filling == filling) return known.Entry;
        known.Filling = filling;
        return known.Entry = table.InternFrom(_table, number);
    }

    ref Place PlaceOf(ReadOnlySpan<byte> reference) =>
        ref _places[(int)(SeededHash.Glance(reference) & (uint)(_places.Length - 1))];

    [MethodImpl(MethodImplOptions.NoInlining)]
    int FindByHash(
        AccountId account, ReadOnlySpan<byte> reference, ReadOnlySpan<byte> name, ref Place place, out bool isNew)
    {
        var number = _table.Intern(account, reference, name);
        isNew = number == _count;
        if (isNew)
        {
            if (_count == _known.Length) Array.Resize(ref _known, _count * 2);
            _known[_count++] = default;
        }

        if (reference.Length > RefPlaceBytes || name.Length > NamePlaceBytes) return number;
        place = new()
        {
            IsTaken = true,
            Account = account.Value,
            Number = number,
            RefLength = (byte)reference.Length,
            NameLength = (byte)name.Length,
        };
        reference.CopyTo(place.Text);
        name.CopyTo(place.Text[RefPlaceBytes..]);
        return number;
    }

    /// <summary>Most by two overlapping words each, as fits their length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Same(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> text)
    {
        ref var left = ref MemoryMarshal.GetReference(stored);
        ref var right = ref MemoryMarshal.GetReference(text);
        if (text.Length >= Vector256<byte>.Count)
        {
            var last = (nuint)(text.Length - Vector256<byte>.Count);
            return ((Vector256.LoadUnsafe(ref left) ^ Vector256.LoadUnsafe(ref right))
                | (Vector256.LoadUnsafe(ref left, last) ^ Vector256.LoadUnsafe(ref right, last)))
                == Vector256<byte>.Zero;
        }

        if (text.Length is >= sizeof(ulong) and <= 2 * sizeof(ulong))
        {
            var last = text.Length - sizeof(ulong);
            return ((Word(ref left, 0) ^ Word(ref right, 0)) | (Word(ref left, last) ^ Word(ref right, last))) == 0;
        }

        return stored[..text.Length].SequenceEqual(text);
    }

    static ulong Word(ref byte first, int at) => Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, at));

    struct Known
    {
        public long Filling;
        public int Entry;
        public ushort Partition;
    }

    /// <summary>A name, all of it in one place.</summary>
    struct Place
    {
        public uint Account;
        public int Number;
        public byte RefLength;
        public byte NameLength;
        public bool IsTaken;
        PlaceText _text;

        [System.Diagnostics.CodeAnalysis.UnscopedRef]
        public Span<byte> Text => _text;
    }

    [InlineArray(RefPlaceBytes + NamePlaceBytes)]
    struct PlaceText
    {
        byte _first;
    }
}
