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
        var decimals = DecimalsOf(scaled);
        var divisor = PowersOfTen[Quantity.DecimalsMax - decimals];
        payload.WriteByte((byte)decimals);
        if (FitsInt64(scaled, divisor))
        {
            var narrow = ArrayPool<long>.Shared.Rent(scaled.Length);
            for (var i = 0; i < scaled.Length; i++) narrow[i] = (long)(scaled[i] / divisor);
            IntegerColumn.Write<long>(payload, narrow.AsSpan(0, scaled.Length));
            ArrayPool<long>.Shared.Return(narrow);
            return;
        }

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

    /// <summary>The fewest decimals that hold every quantity exactly.</summary>
    static int DecimalsOf(ReadOnlySpan<Int128> scaled)
    {
        var decimals = 0;
        foreach (var value in scaled)
        {
            while (value % PowersOfTen[Quantity.DecimalsMax - decimals] != 0) decimals++;
            if (decimals == Quantity.DecimalsMax) break;
        }

        return decimals;
    }

    static bool FitsInt64(ReadOnlySpan<Int128> scaled, Int128 divisor)
    {
        // The distance between any two must fit 64 bits as well: half the range on either side.
        var limit = (Int128)(long.MaxValue / 2) * divisor;
        foreach (var value in scaled)
            if (value < -limit || value > limit) return false;
        return true;
    }

    static Int128[] MakePowers()
    {
        var powers = new Int128[Quantity.DecimalsMax + 1];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++) powers[i] = powers[i - 1] * 10;
        return powers;
    }
}
