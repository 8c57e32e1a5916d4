using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Received.Model;

namespace Received.Log;

/// <summary>
/// Quantities: the number of decimals that the batch needs (0 to 12), then the quantities as integers of that scale: an
/// <see cref="IntegerColumn"/>, or, where they do not fit 64 bits, width 16 and each one's 16 bytes little-endian.
/// </summary>
static class QuantityColumn
{
    const byte Wide = 16;

    static readonly Int128[] PowersOfTen = MakePowers();

    public static void Write(PayloadWriter payload, ReadOnlySpan<Int128> scaled)
    {
        var quotients = ArrayPool<long>.Shared.Rent(scaled.Length);
        var decimals = Quotients(scaled, quotients, out var fits);
        payload.WriteByte((byte)decimals);
        if (fits) IntegerColumn.Write<long>(payload, quotients.AsSpan(0, scaled.Length));
        else WriteWide(payload, scaled, PowersOfTen[Quantity.DecimalsMax - decimals]);
        ArrayPool<long>.Shared.Return(quotients);
    }

    static void WriteWide(PayloadWriter payload, ReadOnlySpan<Int128> scaled, Int128 divisor)
    {
        payload.WriteByte(Wide);
        var target = payload.Reserve(scaled.Length * Wide);
        for (var i = 0; i < scaled.Length; i++)
            BinaryPrimitives.WriteInt128LittleEndian(target[(i * Wide)..], scaled[i] / divisor);
    }

    public static bool TryRead(ref PayloadReader reader, Span<Int128> scaled)
    {
        if (!reader.TryReadByte(out var decimals) || decimals > Quantity.DecimalsMax) return false;
        var factor = PowersOfTen[Quantity.DecimalsMax - decimals];
        return reader.NextIs(Wide)
            ? TryReadWide(ref reader, scaled, factor)
            : TryReadNarrow(ref reader, scaled, factor);
    }

    static bool TryReadWide(ref PayloadReader reader, Span<Int128> scaled, Int128 factor)
    {
        if (!reader.TryReadByte(out _) || !reader.TryReadBytes(scaled.Length * Wide, out var source)) return false;
        var limit = Quantity.ScaledLimit / factor;
        for (var i = 0; i < scaled.Length; i++)
        {
            var value = BinaryPrimitives.ReadInt128LittleEndian(source[(i * Wide)..]);
            if (value <= -limit || value >= limit) return false;
            scaled[i] = value * factor;
        }

        return true;
    }

    static bool TryReadNarrow(ref PayloadReader reader, Span<Int128> scaled, Int128 factor)
    {
        // The values land in the upper half of the target's own memory, and are widened from the front: value i is
        // read from long n + i, before the write to longs 2i and 2i + 1 can reach it.
        var narrow = MemoryMarshal.Cast<Int128, long>(scaled)[scaled.Length..];
        var limit = (long)Int128.Min(long.MaxValue, (Quantity.ScaledLimit / factor) - 1);
        if (!IntegerColumn.TryRead(ref reader, narrow, -limit, limit)) return false;
        // Both fit 64 bits: one multiplication instead of the six of two 128-bit integers.
        var narrowFactor = (long)factor;
        for (var i = 0; i < scaled.Length; i++)
        {
            var high = Math.BigMul(narrow[i], narrowFactor, out var low);
            scaled[i] = new(unchecked((ulong)high), unchecked((ulong)low));
        }

        return true;
    }

    /// <summary>
    /// The fewest decimals that hold every quantity exactly, and the quantities at that scale. Begins anew whenever one
    /// needs more: at most twelve times, and seldom past the first few quantities.
    /// </summary>
    /// <param name="fits">Whether all fit 64 bits, and the distance between any two: half the range on either
    /// side.</param>
    static int Quotients(ReadOnlySpan<Int128> scaled, Span<long> quotients, out bool fits)
    {
        var power = Quantity.DecimalsMax;
        fits = true;
        for (var i = 0; i < scaled.Length; i++)
        {
            var narrow = unchecked((long)scaled[i]);
            var isNarrow = narrow == scaled[i];
            // With more decimals a quotient only grows: what did not fit before fits no more.
            if (isNarrow && ExactDivision.TryDivide(narrow, power, out quotients[i]))
                fits &= quotients[i] is >= -(long.MaxValue / 2) and <= long.MaxValue / 2;
            else if (!isNarrow && ExactDivision.TryDivide(scaled[i], power, out var wide))
                fits &= TryNarrow(wide, out quotients[i]);
            else
                (power, i) = (power - 1, -1);
        }

        return Quantity.DecimalsMax - power;
    }

    static bool TryNarrow(Int128 wide, out long narrow)
    {
        narrow = unchecked((long)wide);
        return wide >= -(long.MaxValue / 2) && wide <= long.MaxValue / 2;
    }

    static Int128[] MakePowers()
    {
        var powers = new Int128[Quantity.DecimalsMax + 1];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++) powers[i] = powers[i - 1] * 10;
        return powers;
    }
}
