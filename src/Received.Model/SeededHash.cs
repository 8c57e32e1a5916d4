using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Received.Model;

/// <summary>
/// A fast 64-bit hash for tables in memory: 16 bytes a multiplication, both halves of the product folded. Seeded at
/// random per process, so that nobody who chooses references can aim at collisions. Never stored.
/// </summary>
static class SeededHash
{
    static readonly ulong First = RandomNumber();
    static readonly ulong Second = RandomNumber();

    static ulong RandomNumber() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));

    /// <summary>Of the bytes and what was hashed before them.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes, ulong before)
    {
        var state = unchecked(before + First) ^ (ulong)bytes.Length;
        var rest = bytes;
        for (; rest.Length > 16; rest = rest[16..]) state = Fold(Word(rest) ^ state, Word(rest[8..]) ^ Second);
        // The last 16 bytes, of which some may have been taken already; shorter texts with what they have.
        if (bytes.Length >= 16) return Fold(Word(bytes[^16..]) ^ state, Word(bytes[^8..]) ^ Second);
        if (bytes.Length >= 8) return Fold(Word(bytes) ^ state, Word(bytes[^8..]) ^ Second);
        if (bytes.Length >= 4) return Fold(Half(bytes) ^ state, Half(bytes[^4..]) ^ Second);
        ulong few = 0;
        foreach (var b in bytes) few = (few << 8) | b;
        return Fold(few ^ state, Second);
    }

    static ulong Word(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    static ulong Half(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }
}
