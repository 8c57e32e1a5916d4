using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Received.Log;

/// <summary>
/// Packs a payload as one LZ4 block, which any LZ4 decoder reads, by what is known of it: integers repeat or they do
/// not, and texts are like the text before them at their beginning and end. A general packer looks at every byte for
/// that. Only the middle of long entries is searched in its way. The same payload always gives the same block.
/// Law: no byte outside the payload and <see cref="Slack"/> behind it is read, and none behind the target.
/// </summary>
ref struct BlockPacker
{
    /// <summary>What may be read behind the payload: whole vectors are loaded, whatever of them counts.</summary>
    public const int Slack = 64;

    // Of the LZ4 block format: lengths below are no match, distances above cannot be written, the last bytes are
    // literals, and the last match begins so far before the end.
    const int MatchMin = 4;
    const int DistanceMax = ushort.MaxValue;
    const int LastLiterals = 5;
    const int LastMatchBefore = 12;
    const int InToken = 15;

    const int HashBits = 12;
    const int SearchMin = 24;
    const int MissesAStep = 32;

    readonly ref byte _source;
    readonly ref byte _target;
    readonly Span<int> _places;
    readonly int _length;
    int _anchor;
    int _written;
    int _misses;
    bool _searched;

    // The newest match waits, since the next is often its continuation.
    int _matchAt;
    int _matchLength;
    int _matchDistance;

    /// <param name="source">The payload and <see cref="Slack"/> bytes behind it.</param>
    /// <param name="target">At least <see cref="TargetBytes"/>.</param>
    /// <param name="places">Scratch of <see cref="PlacesCount"/> numbers.</param>
    public BlockPacker(ReadOnlySpan<byte> source, Span<byte> target, Span<int> places)
    {
        _length = source.Length - Slack;
        if (target.Length < TargetBytes(_length) || places.Length < PlacesCount)
            throw new ArgumentException("Too little room to pack.");
        _source = ref MemoryMarshal.GetReference(source);
        _target = ref MemoryMarshal.GetReference(target);
        _places = places;
    }

    public static int PlacesCount => 1 << HashBits;

    /// <summary>The most that a block can take, and what is written over while it grows.</summary>
    public static int TargetBytes(int length) => length + (length / 255) + 16 + Slack;

    /// <summary>Integers: what is the same again and again.</summary>
    public void Integers(int at, int end, int width)
    {
        if (width == 0) return;
        for (at += width; at <= end - Vector256<byte>.Count; at += Vector256<byte>.Count)
        {
            if (Load(at) != Load(at - width)) continue;
            var length = Same(at - width, at, end - at);
            Match(at, length, width);
            at += length - (length % Vector256<byte>.Count);
        }
    }

    /// <summary>Entries one behind the other, each ending where <paramref name="ends"/> says.</summary>
    /// <param name="searched">Whether what repeats may also stand in the middle of them.</param>
    public void Entries(int at, ReadOnlySpan<int> ends, bool searched)
    {
        var (start, before) = (0, 0);
        // Bytes at the end of the entry before that are like those of its own predecessor.
        var tail = 0;
        foreach (var end in ends)
        {
            // The next is like the last that is not empty.
            if (end == start) continue;
            var (length, distance) = (end - start, start - before);
            var head = distance == 0 ? 0 : Same(at + before, at + start, Math.Min(length, distance));
            Match(at + start - tail, tail + head, distance);
            tail = distance == 0 ? 0 : SameBefore(at + start, at + end, Math.Min(length, distance) - head);
            if (searched && length - head - tail >= SearchMin) Search(at + start + head, at + end - tail);
            (before, start) = (start, end);
        }

        Match(at + start - tail, tail, start - before);
    }

    /// <returns>The block's bytes.</returns>
    public int Finish()
    {
        Emit();
        var count = _length - _anchor;
        WriteLiterals(count, 0);
        return _written;
    }

    /// <summary>The general way: sequences met before, found by a hash of them.</summary>
    void Search(int at, int end)
    {
        if (!_searched) _places.Clear();
        _searched = true;
        while (at <= end - sizeof(uint))
        {
            ref var place = ref _places[Hash(at)];
            // From 1, so that 0 is none.
            var earlier = place - 1;
            place = at + 1;
            if (earlier < 0 || at - earlier > DistanceMax || Four(earlier) != Four(at))
            {
                at += 1 + (_misses++ / MissesAStep);
                continue;
            }

            _misses = 0;
            var length = Same(earlier, at, end - at);
            Match(at, length, at - earlier);
            at += length;
        }
    }

    /// <summary>Shorter ones, farther ones and those at the block's end are left out, as if not found.</summary>
    void Match(int at, int length, int distance)
    {
        if (_matchLength > 0 && at == _matchAt + _matchLength && distance == _matchDistance)
        {
            _matchLength += Math.Min(length, _length - LastLiterals - at);
            return;
        }

        length = Math.Min(length, _length - LastLiterals - at);
        if (length < MatchMin || distance > DistanceMax || at > _length - LastMatchBefore) return;
        Emit();
        (_matchAt, _matchLength, _matchDistance) = (at, length, distance);
    }

    void Emit()
    {
        if (_matchLength == 0) return;
        WriteLiterals(_matchAt - _anchor, Math.Min(_matchLength - MatchMin, InToken));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref _target, _written), (ushort)_matchDistance);
        _written += sizeof(ushort);
        WriteLength(_matchLength - MatchMin);
        _anchor = _matchAt + _matchLength;
        _matchLength = 0;
    }

    void WriteLiterals(int count, int matchToken)
    {
        Unsafe.Add(ref _target, _written++) = (byte)((Math.Min(count, InToken) << 4) | matchToken);
        WriteLength(count);
        ref var from = ref Unsafe.Add(ref _source, _anchor);
        ref var to = ref Unsafe.Add(ref _target, _written);
        if (count <= Vector256<byte>.Count) Vector256.LoadUnsafe(ref from).StoreUnsafe(ref to);
        else Unsafe.CopyBlockUnaligned(ref to, ref from, (uint)count);
        _written += count;
    }

    /// <summary>What of a length does not fit its half of the token.</summary>
    void WriteLength(int length)
    {
        if (length < InToken) return;
        for (length -= InToken; length >= byte.MaxValue; length -= byte.MaxValue)
            Unsafe.Add(ref _target, _written++) = byte.MaxValue;
        Unsafe.Add(ref _target, _written++) = (byte)length;
    }

    /// <summary>How many bytes are equal at both places, up to <paramref name="most"/>.</summary>
    readonly int Same(int earlier, int at, int most)
    {
        for (var count = 0; count < most; count += Vector256<byte>.Count)
        {
            var differ = ~Vector256.Equals(Load(earlier + count), Load(at + count)).ExtractMostSignificantBits();
            if (differ != 0) return Math.Min(count + BitOperations.TrailingZeroCount(differ), most);
        }

        return most;
    }

    /// <summary>The same of the bytes before both places.</summary>
    readonly int SameBefore(int earlier, int at, int most)
    {
        for (var count = 0; count < most; count += Vector256<byte>.Count)
        {
            var (left, right) = (earlier - count - Vector256<byte>.Count, at - count - Vector256<byte>.Count);
            if (left < 0) return count;
            var differ = ~Vector256.Equals(Load(left), Load(right)).ExtractMostSignificantBits();
            if (differ != 0) return Math.Min(count + BitOperations.LeadingZeroCount(differ), most);
        }

        return most;
    }

    readonly int Hash(int at) => unchecked((int)((Four(at) * 2_654_435_761u) >> (32 - HashBits)));

    readonly uint Four(int at) => Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref _source, at));

    readonly Vector256<byte> Load(int at) => Vector256.LoadUnsafe(ref _source, (nuint)at);
}
