using System.Numerics;
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
        var target = payload.Reserve(width * values.Length);
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
        for (var i = 0; i < values.Length; i++)
            stored[i] = TStored.CreateTruncating(unchecked(long.CreateTruncating(values[i]) - min));
    }

    static bool Unpack<T, TStored>(ReadOnlySpan<byte> source, long min, Span<T> values, ulong distanceMost)
        where T : unmanaged, IBinaryInteger<T>
        where TStored : unmanaged, IBinaryInteger<TStored>
    {
        var stored = MemoryMarshal.Cast<byte, TStored>(source);
        var largest = 0UL;
        for (var i = 0; i < values.Length; i++)
        {
            var distance = ulong.CreateTruncating(stored[i]);
            largest = Math.Max(largest, distance);
            values[i] = T.CreateTruncating(unchecked(min + (long)distance));
        }

        return largest <= distanceMost;
    }
}
