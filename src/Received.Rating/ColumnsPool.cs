using Received.Model;

namespace Received.Rating;

/// <summary>
/// Columns that wait for the archive's next write. Grown columns are kept for the next ones as long as all together
/// are no larger than a batch: many small frames after many large ones would hold memory for nothing.
/// Owner of each: who rented it, until <see cref="Return"/>.
/// </summary>
sealed class ColumnsPool(long bytesMax)
{
    // The fixed columns of an event: quantity, two times, three indices, two ends.
    const long EventBytes = 52;

    readonly Stack<(EventColumns Columns, long Grown)> _free = new();
    readonly List<(EventColumns Columns, long Grown)> _rented = [];
    long _grown;

    public EventColumns Rent()
    {
        var item = _free.Count > 0 ? _free.Pop() : (new(), 0);
        _grown -= item.Grown;
        _rented.Add(item);
        return item.Columns;
    }

    /// <summary>Takes back all that is rented.</summary>
    public void Return()
    {
        foreach (var (columns, before) in _rented)
        {
            var grown = Math.Max(before, (columns.Count * EventBytes) + columns.ByteCount);
            if (_grown + grown > bytesMax) continue;
            _grown += grown;
            _free.Push((columns, grown));
        }

        _rented.Clear();
    }
}
