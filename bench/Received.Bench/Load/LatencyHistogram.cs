using System.Diagnostics;
using System.Numerics;

namespace Received.Bench.Load;

/// <summary>
/// Durations in bounded memory, however many: each power of two of ticks is cut into 128, so a value that is read back
/// is at most 0.8 % too high.
/// </summary>
sealed class LatencyHistogram
{
    const int Bits = 7;
    const int Cuts = 1 << Bits;

    readonly long[] _counts = new long[(64 - Bits + 1) * Cuts];

    public long Count { get; private set; }

    /// <summary>Exact, in ticks of the stopwatch.</summary>
    public long Max { get; private set; }

    public void Add(long ticks)
    {
        ticks = Math.Max(0, ticks);
        _counts[IndexOf(ticks)]++;
        Count++;
        Max = Math.Max(Max, ticks);
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>Milliseconds that this share of the values does not exceed; 0 where there is none.</summary>
    public double Ms(double share)
    {
        if (Count == 0) return 0;
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        var seen = 0L;
        var index = 0;
        while ((seen += _counts[index]) < rank) index++;
        return Math.Min(Max, HighestOf(index)) * 1000.0 / Stopwatch.Frequency;
    }

    static int IndexOf(long ticks)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)ticks | 1) - Bits);
        return (shift * Cuts) + (int)(ticks >> shift);
    }

    static long HighestOf(int index)
    {
        if (index < 2 * Cuts) return index;
        var shift = (index / Cuts) - 1;
        return ((long)(index - (shift * Cuts) + 1) << shift) - 1;
    }
}
