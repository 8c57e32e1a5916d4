using System.Buffers.Binary;
using System.Numerics;
using Received.Model;

namespace Received.Ingest.Formats;

/// <summary>
/// Numbers of up to seven digits, and as many decimals: eight bytes at a time, without a branch per digit. Whatever
/// else a number may be is left to <see cref="Quantity"/>.
/// </summary>
static class PlainNumber
{
    const ulong Zeros = 0x3030_3030_3030_3030;
    const ulong HighBits = 0x8080_8080_8080_8080;

    static ReadOnlySpan<long> Powers =>
    [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
        100_000_000_000, 1_000_000_000_000,
    ];

    /// <param name="end">Behind the number: a byte that can be no part of it, or the caller must notice.</param>
    public static bool TryRead(ReadOnlySpan<byte> text, int at, out int end, out Int128 scaled)
    {
        scaled = 0;
        if (!TryDigits(text, at, out var digits, out var whole) || (digits > 1 && text[at] == '0'))
        {
            end = at;
            return false;
        }

        end = at + digits;
        // Seven digits times 10^12 fit 64 bits without a sign.
        var amount = unchecked((ulong)whole * (ulong)Powers[Quantity.DecimalsMax]);
        if (text[end] == '.')
        {
            if (!TryDigits(text, end + 1, out digits, out var fraction)) return false;
            end += 1 + digits;
            amount += unchecked((ulong)fraction * (ulong)Powers[Quantity.DecimalsMax - digits]);
        }

        scaled = amount;
        return (text[end] | 0x20) != 'e';
    }

    /// <summary>One to seven digits with another byte behind them, all eight within the text.</summary>
    static bool TryDigits(ReadOnlySpan<byte> text, int at, out int count, out uint value)
    {
        count = 0;
        value = 0;
        if (at > text.Length - sizeof(ulong)) return false;
        unchecked
        {
            var digits = BinaryPrimitives.ReadUInt64LittleEndian(text[at..]) ^ Zeros;
            // Above nine: the high bit by the addition, or there already. A carry comes only from such a byte, and
            // touches only bytes behind it.
            var others = ((digits + 0x7676_7676_7676_7676) | digits) & HighBits;
            count = BitOperations.TrailingZeroCount(others) / 8;
            if (count is 0 or 8) return false;
            // The digits move to the end of the eight, zeros before them; then pairs, fours and all eight are joined.
            digits <<= 64 - (8 * count);
            digits = (digits * 10) + (digits >> 8);
            value = (uint)((((digits & 0x0000_00FF_0000_00FF) * 0x000F_4240_0000_0064)
                + (((digits >> 16) & 0x0000_00FF_0000_00FF) * 0x0000_2710_0000_0001)) >> 32);
            return true;
        }
    }
}
