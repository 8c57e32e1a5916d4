using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>A query's buckets as windows: where they start and end, and the text that finds a window's.</summary>
sealed class Buckets
{
    readonly Dictionary<long, long> _ends = [];
    readonly IReadOnlyList<long>? _boundaries;

    public Buckets(TotalsQuery query)
    {
        _boundaries = query.BoundariesMs;
        var (from, to) = (query.FromMs, query.ToMs);
        if (_boundaries is not null)
        {
            Check(_boundaries);
            from = Math.Max(from, _boundaries[0]);
            to = Math.Min(to, _boundaries[^1]);
            for (var i = 0; i + 1 < _boundaries.Count; i++) _ends.Add(_boundaries[i], _boundaries[i + 1]);
        }

        (From, To) = (FirstAt(from), FirstAt(to));
    }

    /// <summary>The first window.</summary>
    public int From { get; }

    /// <summary>The window behind the last.</summary>
    public int To { get; }

    /// <summary>The first window of a row's bucket.</summary>
    public string Sql => _boundaries is null
        ? "t.window"
        : $"roundDown(t.window, CAST([{string.Join(',', _boundaries.Select(UsageWindow.Of))}], 'Array(Int32)'))";

    /// <summary>A bucket's end from its start_ms.</summary>
    public string EndSql => _boundaries is null
        ? $"start_ms + {UsageWindow.LengthMs}"
        : $"transform(start_ms, [{string.Join(',', _boundaries.SkipLast(1))}], "
            + $"[{string.Join(',', _boundaries.Skip(1))}])";

    public long EndOf(long startMs) => _boundaries is null ? startMs + UsageWindow.LengthMs : _ends[startMs];

    static void Check(IReadOnlyList<long> boundaries)
    {
        if (boundaries.Count < 2) throw new ArgumentException("A bucket needs two boundaries.", nameof(boundaries));
        for (var i = 0; i < boundaries.Count; i++)
        {
            if (!UsageWindow.IsBoundary(boundaries[i]) || (i > 0 && boundaries[i - 1] >= boundaries[i]))
                throw new ArgumentException("Boundaries ascend, on window boundaries.", nameof(boundaries));
        }
    }

    /// <summary>The first window that starts at the instant or after it.</summary>
    static int FirstAt(long unixMs)
    {
        var first = Math.Clamp(unixMs, UsageWindow.StartMs(int.MinValue), UsageWindow.StartMs(int.MaxValue));
        return UsageWindow.IsBoundary(first) ? UsageWindow.Of(first) : UsageWindow.Of(first) + 1;
    }
}
