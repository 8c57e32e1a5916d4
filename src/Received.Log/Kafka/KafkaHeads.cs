using Received.Model;

namespace Received.Log.Kafka;

/// <summary>
/// What is known of each partition's start and head, and who waits for it to grow. Heads are learned from
/// acknowledgements, from records read and from asking; what is known only grows.
/// </summary>
sealed class KafkaHeads(long[] starts, long[] heads)
{
    readonly Lock _gate = new();
    readonly TaskCompletionSource?[] _signals = new TaskCompletionSource?[heads.Length];
    Exception? _ended;

    public LogExtent Extent(PartitionId partition)
    {
        lock (_gate) return new(Math.Min(starts[partition.Value], heads[partition.Value]), heads[partition.Value]);
    }

    /// <summary>Whether somebody waits for the partition to grow.</summary>
    public bool IsAwaited(int partition)
    {
        lock (_gate) return _signals[partition] is not null;
    }

    public void LearnHead(int partition, long head)
    {
        lock (_gate)
        {
            if (heads[partition] >= head) return;
            heads[partition] = head;
            _signals[partition]?.SetResult();
            _signals[partition] = null;
        }
    }

    public void LearnStart(int partition, long start)
    {
        lock (_gate) starts[partition] = Math.Max(starts[partition], start);
    }

    public async Task WaitAsync(PartitionId partition, long offset, CancellationToken cancellation)
    {
        while (true)
        {
            Task signal;
            lock (_gate)
            {
                if (heads[partition.Value] > offset) return;
                ThrowIfEnded();
                signal = (_signals[partition.Value] ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await signal.WaitAsync(cancellation);
        }
    }

    /// <summary>Ends all waiting, now and later, with this error; the first such call counts.</summary>
    public void End(Exception error)
    {
        lock (_gate)
        {
            _ended ??= error;
            foreach (var signal in _signals) signal?.SetResult();
            Array.Clear(_signals);
        }
    }

    public void ThrowIfEnded()
    {
        // Made anew for each caller: one exception object thrown by several would mix their traces.
        switch (Volatile.Read(ref _ended))
        {
            case LogUnavailableException error: throw new LogUnavailableException(error.Message, error.Reason);
            case LogRangeException error: throw new LogRangeException(error.Message);
        }
    }
}
