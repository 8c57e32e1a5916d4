using System.Runtime.InteropServices;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Which frames of which producers a partition holds already: a frame that the log holds twice gets the fate duplicate
/// whole. A producer without a frame for the dedupe window, in log time, is as good as never seen: its rows end there,
/// and so does memory.
/// </summary>
sealed class ProducersSeen(TimeSpan window)
{
    const int BitCount = 64;

    readonly long _windowMs = (long)window.TotalMilliseconds;
    readonly Dictionary<ulong, ProducerRow> _rows = [];
    readonly HashSet<ulong> _dirty = [];

    public void Load(IReadOnlyList<ProducerRow> rows)
    {
        _rows.Clear();
        _dirty.Clear();
        foreach (var row in rows) _rows[row.ProducerId] = row;
    }

    /// <summary>False where the number was seen, or is older than what the bits can tell: it is a copy then.</summary>
    public bool TryEnter(ulong producerId, long number, long logTimeMs)
    {
        ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(_rows, producerId, out var exists);
        if (!exists || row.LogTimeMs < logTimeMs - _windowMs)
        {
            row = new(producerId, number, 1, logTimeMs);
        }
        else if (number > row.LastNumber)
        {
            var step = unchecked((ulong)number - (ulong)row.LastNumber);
            var bits = step < BitCount ? row.SeenBits << (int)step : 0;
            row = new(producerId, number, bits | 1, logTimeMs);
        }
        else
        {
            var back = unchecked((ulong)row.LastNumber - (ulong)number);
            if (back >= BitCount) return false;
            var bit = 1UL << (int)back;
            if ((row.SeenBits & bit) != 0) return false;
            row = row with { SeenBits = row.SeenBits | bit, LogTimeMs = logTimeMs };
        }

        _dirty.Add(producerId);
        return true;
    }

    public void CopyDirtyTo(List<ProducerRow> rows)
    {
        foreach (var id in _dirty) rows.Add(_rows[id]);
    }

    /// <summary>The dirty rows are on their way to the store.</summary>
    public void Sealed(long logTimeMs)
    {
        _dirty.Clear();
        foreach (var (id, row) in _rows)
            if (row.LogTimeMs < logTimeMs - _windowMs) _rows.Remove(id);
    }
}
