using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Received.Log;

/// <summary>
/// Integers as a width in bytes (0, 1, 2, 4 or 8), their minimum, and each one's distance from it in that width,
/// little-endian. Width 0: all are the minimum. An empty column is width 0 and minimum 0.
/// </summary>
static class IntegerColumn
{
    public static void Write<T>(PayloadWriter payload, ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryInteger<T>
    {
        var (min, max) = Range(values);
        var width = WidthOf(unchecked((ulong)(max - min)));
        payload.WriteByte((byte)width);
        payload.WriteInt64(min);
        var target = payload.ReserveIntegers(width, values.Length);
        switch (width)
        {
            case 1: Pack<T, byte>(values, min, target); break;
            case 2: Pack<T, ushort>(values, min, target); break;
            case 4: Pack<T, uint>(values, min, target); break;
            case 8: Pack<T, ulong>(values, min, target); break;
        }
    }

    /// <summary>False where the column is cut short, its width unknown, or a value outside [least, most].</summary>
    public static bool TryRead<T>(ref PayloadReader reader, Span<T> values, long least, long most)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (!reader.TryReadByte(out var width) || width is not (0 or 1 or 2 or 4 or 8)) return false;
        if (!reader.TryReadInt64(out var min)) return false;
        if (!reader.TryReadBytes(width * values.Length, out var source)) return false;
        if (values.IsEmpty) return true;
        if (min < least || min > most) return false;
        var distanceMost = unchecked((ulong)(most - min));
        switch (width)
        {
            case 1: return Unpack<T, byte>(source, min, values, distanceMost);
            case 2: return Unpack<T, ushort>(source, min, values, distanceMost);
            case 4: return Unpack<T, uint>(source, min, values, distanceMost);
            case 8: return Unpack<T, ulong>(source, min, values, distanceMost);
            default:
                values.Fill(T.CreateTruncating(min));
                return true;
        }
    }

    internal static int WidthOf(ulong range) => range switch
    {
        0 => 0,
        <= byte.MaxValue => 1,
        <= ushort.MaxValue => 2,
        <= uint.MaxValue => 4,
        <= ulong.MaxValue => 8,
    };

    static (long Min, long Max) Range<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (values.IsEmpty) return (0, 0);
        var (min, max) = (values[0], values[0]);
        if (values.Length >= Vector<T>.Count)
        {
            // The last vector may overlap the one before it.
            var (mins, maxs) = (new Vector<T>(values), new Vector<T>(values));
            for (var i = Vector<T>.Count; i < values.Length; i += Vector<T>.Count)
            {
                var next = new Vector<T>(values[Math.Min(i, values.Length - Vector<T>.Count)..]);
                mins = Vector.Min(mins, next);
                maxs = Vector.Max(maxs, next);
            }

            for (var lane = 0; lane < Vector<T>.Count; lane++)
                (min, max) = (T.Min(min, mins[lane]), T.Max(max, maxs[lane]));
        }
        else
        {
            foreach (var value in values) (min, max) = (T.Min(min, value), T.Max(max, value));
        }

        return (long.CreateChecked(min), long.CreateChecked(max));
    }

    // Distances wrap on purpose: they are taken and added back in 64 bits.
    static void Pack<T, TStored>(ReadOnlySpan<T> values, long min, Span<byte> target)
        where T : unmanaged, IBinaryInteger<T>
        where TStored : unmanaged, IBinaryInteger<TStored>
    {
        var stored = MemoryMarshal.Cast<byte, TStored>(target);
        for (var i = PackVectors(values, min, stored); i < values.Length; i++)
            stored[i] = TStored.CreateTruncating(unchecked(long.CreateTruncating(values[i]) - min));
    }

    /// <summary>The columns of most frames, many at a time: 32 bits to 8 or 16, and 64 to 32.</summary>
    /// <returns>How many are done.</returns>
    static int PackVectors<T, TStored>(ReadOnlySpan<T> values, long min, Span<TStored> stored)
        where T : unmanaged, IBinaryInteger<T>
        where TStored : unmanaged, IBinaryInteger<TStored>
    {
        var i = 0;
        if (typeof(T) == typeof(int) && typeof(TStored) == typeof(byte))
        {
            var from = MemoryMarshal.Cast<T, int>(values);
            var to = MemoryMarshal.Cast<TStored, byte>(stored);
            var least = new Vector<int>((int)min);
            for (var step = Vector<int>.Count; i <= from.Length - (4 * step); i += 4 * step)
            {
                var low = Halved(from[i..], from[(i + step)..], least);
                var high = Halved(from[(i + (2 * step))..], from[(i + (3 * step))..], least);
                Vector.Narrow(low, high).CopyTo(to[i..]);
            }
        }
        else if (typeof(T) == typeof(int) && typeof(TStored) == typeof(ushort))
        {
            var from = MemoryMarshal.Cast<T, int>(values);
            var to = MemoryMarshal.Cast<TStored, ushort>(stored);
            var least = new Vector<int>((int)min);
            for (var step = Vector<int>.Count; i <= from.Length - (2 * step); i += 2 * step)
                Halved(from[i..], from[(i + step)..], least).CopyTo(to[i..]);
        }
        else if (typeof(T) == typeof(long) && typeof(TStored) == typeof(uint))
        {
            var from = MemoryMarshal.Cast<T, ulong>(values);
            var to = MemoryMarshal.Cast<TStored, uint>(stored);
            var least = new Vector<ulong>(unchecked((ulong)min));
            for (var step = Vector<ulong>.Count; i <= from.Length - (2 * step); i += 2 * step)
            {
                var (low, high) = (new Vector<ulong>(from[i..]), new Vector<ulong>(from[(i + step)..]));
                Vector.Narrow(low - least, high - least).CopyTo(to[i..]);
            }
        }

        return i;
    }

    static Vector<ushort> Halved(ReadOnlySpan<int> low, ReadOnlySpan<int> high, Vector<int> least) => Vector.Narrow(
        Vector.AsVectorUInt32(new Vector<int>(low) - least), Vector.AsVectorUInt32(new Vector<int>(high) - least));

    static bool Unpack<T, TStored>(ReadOnlySpan<byte> source, long min, Span<T> values, ulong distanceMost)
        where T : unmanaged, IBinaryInteger<T>
        where TStored : unmanaged, IBinaryInteger<TStored>
    {
        var stored = MemoryMarshal.Cast<byte, TStored>(source)[..values.Length];
        for (var i = UnpackVectors(stored, min, values, out var largest); ; i++)
        {
            if (i == values.Length) return largest <= distanceMost;
            var distance = ulong.CreateTruncating(stored[i]);
            largest = Math.Max(largest, distance);
            values[i] = T.CreateTruncating(unchecked(min + (long)distance));
        }
    }

    /// <summary>The columns of most frames, many at a time: 8 and 16 bits to 32, 16 and 32 to 64. What is past its
    /// bounds wraps, and is told by the largest.</summary>
    /// <param name="largest">Of the distances that are done.</param>
    /// <returns>How many are done.</returns>
    static int UnpackVectors<T, TStored>(ReadOnlySpan<TStored> stored, long min, Span<T> values, out ulong largest)
        where T : unmanaged, IBinaryInteger<T>
        where TStored : unmanaged, IBinaryInteger<TStored>
    {
        largest = 0;
        var i = 0;
        var most = Vector<TStored>.Zero;
        if (typeof(T) == typeof(int) && (typeof(TStored) == typeof(byte) || typeof(TStored) == typeof(ushort)))
        {
            var to = MemoryMarshal.Cast<T, int>(values);
            var least = new Vector<int>((int)min);
            for (var step = Vector<TStored>.Count; i <= stored.Length - step; i += step)
            {
                var next = new Vector<TStored>(stored[i..]);
                most = Vector.Max(most, next);
                if (typeof(TStored) == typeof(ushort))
                {
                    Widened(next.As<TStored, ushort>(), least, to[i..]);
                    continue;
                }

                Vector.Widen(next.As<TStored, byte>(), out var low, out var high);
                Widened(low, least, to[i..]);
                Widened(high, least, to[(i + (step / 2))..]);
            }
        }
        else if (typeof(T) == typeof(long) && (typeof(TStored) == typeof(ushort) || typeof(TStored) == typeof(uint)))
        {
            var to = MemoryMarshal.Cast<T, long>(values);
            var least = new Vector<long>(min);
            for (var step = Vector<TStored>.Count; i <= stored.Length - step; i += step)
            {
                var next = new Vector<TStored>(stored[i..]);
                most = Vector.Max(most, next);
                if (typeof(TStored) == typeof(uint))
                {
                    Widened(next.As<TStored, uint>(), least, to[i..]);
                    continue;
                }

                Vector.Widen(next.As<TStored, ushort>(), out var low, out var high);
                Widened(low, least, to[i..]);
                Widened(high, least, to[(i + (step / 2))..]);
            }
        }

        for (var lane = 0; i > 0 && lane < Vector<TStored>.Count; lane++)
            largest = Math.Max(largest, ulong.CreateTruncating(most[lane]));
        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Widened(Vector<ushort> stored, Vector<int> least, Span<int> values)
    {
        Vector.Widen(stored, out var low, out var high);
        (Vector.AsVectorInt32(low) + least).CopyTo(values);
        (Vector.AsVectorInt32(high) + least).CopyTo(values[Vector<int>.Count..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Widened(Vector<uint> stored, Vector<long> least, Span<long> values)
    {
        Vector.Widen(stored, out var low, out var high);
        (Vector.AsVectorInt64(low) + least).CopyTo(values);
        (Vector.AsVectorInt64(high) + least).CopyTo(values[Vector<long>.Count..]);
    }
}
