using Received.Model;

namespace Received.Log.Segments;

/// <summary>
/// What readers see of the log: its segments and how far each partition is durable. The writer publishes here after
/// its fdatasync and never before (law 1).
/// </summary>
sealed class LogState
{
    readonly Lock _gate = new();
    readonly long[] _heads;
    readonly TaskCompletionSource?[] _signals;
    Segment[] _segments;
    bool _closed;

    public LogState(Segment[] segments, long[] heads)
    {
        _segments = segments;
        _heads = [.. heads];
        _signals = new TaskCompletionSource?[heads.Length];
    }

    public bool Closed => Volatile.Read(ref _closed);

    public Segment[] Segments
    {
        get
        {
            lock (_gate) return _segments;
        }
    }

    public long[] Heads
    {
        get
        {
            lock (_gate) return [.. _heads];
        }
    }

    public LogExtent Extent(PartitionId partition)
    {
        lock (_gate)
        {
            var head = _heads[partition.Value];
            return new(_segments is [var first, ..] ? first.Heads[partition.Value] : head, head);
        }
    }

    /// <summary>
    /// The segment that holds the offset, and the first offset that it does not hold; null at the head.
    /// </summary>
    /// <exception cref="LogRangeException">Before the start or past the head.</exception>
    public Segment? Find(PartitionId partition, long offset, out long end)
    {
        lock (_gate)
        {
            var p = partition.Value;
            end = _heads[p];
            var start = _segments is [var first, ..] ? first.Heads[p] : end;
            if (offset < start || offset > end)
            {
                throw new LogRangeException(
                    $"Partition {p} has the offsets [{start}, {end}); {offset} was asked for.");
            }

            if (offset == end) return null;
            // The last segment that begins at or before the offset; those in which the partition has nothing follow it.
            var low = 0;
            var high = _segments.Length - 1;
            while (low < high)
            {
                var middle = (low + high + 1) / 2;
                if (_segments[middle].Heads[p] <= offset) low = middle;
                else high = middle - 1;
            }

            if (low + 1 < _segments.Length) end = _segments[low + 1].Heads[p];
            return _segments[low];
        }
    }

    /// <summary>Adds the new active segment; the one before is sealed at <paramref name="sealedEnd"/>.</summary>
    public void Roll(Segment active, long sealedEnd)
    {
        lock (_gate)
        {
            _segments = _segments is []
                ? [active]
                : [.. _segments[..^1], _segments[^1] with { End = sealedEnd }, active];
        }
    }

    /// <summary>Takes the oldest segment away from readers.</summary>
    public void DropFirst()
    {
        lock (_gate) _segments = _segments[1..];
    }

    public void Publish(ReadOnlySpan<long> heads)
    {
        lock (_gate)
        {
            for (var p = 0; p < _heads.Length; p++)
            {
                if (_heads[p] == heads[p]) continue;
                _heads[p] = heads[p];
                _signals[p]?.SetResult();
                _signals[p] = null;
            }
        }
    }

    public async Task WaitAsync(PartitionId partition, long offset, CancellationToken cancellation)
    {
        while (true)
        {
            Task signal;
            lock (_gate)
            {
                if (_heads[partition.Value] > offset) return;
                ThrowIfClosed();
                signal = (_signals[partition.Value] ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await signal.WaitAsync(cancellation);
        }
    }

    /// <summary>Ends all waiting.</summary>
    public void Close()
    {
        lock (_gate)
        {
            Volatile.Write(ref _closed, true);
            foreach (var signal in _signals) signal?.SetResult();
            Array.Clear(_signals);
        }
    }

    public void ThrowIfClosed()
    {
        if (Closed) throw new LogUnavailableException("The log is closed.", LogUnavailableReason.Closing);
    }
}
