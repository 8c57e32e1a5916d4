using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Received.Model;

/// <summary>
/// A fast 64-bit hash for tables in memory: 16 bytes a multiplication, both halves of the product folded. Seeded at
/// random per process, so that nobody who chooses references can aim at collisions. Never stored.
/// </summary>
public static class SeededHash
{
    static readonly ulong First = RandomNumber();
    static readonly ulong Second = RandomNumber();

    static ulong RandomNumber() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));

    /// <summary>Of the bytes and what was hashed before them.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes, ulong before)
    {
        var state = unchecked(before + First) ^ (ulong)bytes.Length;
        ref var at = ref MemoryMarshal.GetReference(bytes);
        var last = bytes.Length - 16;
        if (last < 0) return Short(ref at, bytes.Length, state);
        for (var i = 0; i < last; i += 16) state = Fold(Word(ref at, i) ^ state, Word(ref at, i + 8) ^ Second);
        // The last 16 bytes, of which some may have been taken already.
        return Fold(Word(ref at, last) ^ state, Word(ref at, last + 8) ^ Second);
    }

    /// <summary>32 bits from a text's length and its two ends: for guesses that are checked.</summary>
    public static uint Glance(ReadOnlySpan<byte> bytes)
    {
        ref var at = ref MemoryMarshal.GetReference(bytes);
        var ends = bytes.Length >= 8 ? unchecked(Word(ref at, 0) + (3 * Word(ref at, bytes.Length - 8)))
            : bytes.Length >= 4 ? Half(ref at, 0) + (Half(ref at, bytes.Length - 4) << 32)
            : bytes.Length > 0 ? bytes[0] + ((ulong)bytes[^1] << 8)
            : 0;
        // Both halves: texts that differ at their very end differ in the word's highest bits.
        return unchecked((uint)Fold(ends ^ (ulong)bytes.Length, First | 1));
    }

    static ulong Short(ref byte at, int length, ulong state)
    {
        if (length >= 8) return Fold(Word(ref at, 0) ^ state, Word(ref at, length - 8) ^ Second);
        if (length >= 4) return Fold(Half(ref at, 0) ^ state, Half(ref at, length - 4) ^ Second);
        ulong few = 0;
        for (var i = 0; i < length; i++) few = (few << 8) | Unsafe.Add(ref at, i);
        return Fold(few ^ state, Second);
    }

    static ulong Word(ref byte first, int at) => Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, at));

    static ulong Half(ref byte first, int at) => Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, at));

    static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }
}
