using Received.Log;
using Received.Model;

namespace Received.Tests.Rating.Fakes;

/// <summary>A log in memory that can be broken, cut and trimmed at will.</summary>
sealed class ScriptedLog(int partitions, TimeSpan? dedupeWindow = null) : ILog
{
    readonly Lock _gate = new();
    readonly List<(byte[] Frame, RecordState State)>[] _frames =
        [.. Enumerable.Range(0, partitions).Select(_ => new List<(byte[], RecordState)>())];
    readonly long[] _starts = new long[partitions];
    readonly List<(int Partition, long Offset, TaskCompletionSource Done)> _waits = [];

    public LogIdentity Identity { get; init; } = new(
        Guid.Parse("00000000-0000-0000-0000-000000000001"), 3, partitions,
        dedupeWindow ?? LogIdentity.DefaultDedupeWindow, 42);

    /// <summary>Thrown by the next reads, while it is set.</summary>
    public Exception? ReadFails { get; set; }

    /// <summary>The offset after the last record that was read, of whatever partition.</summary>
    public long ReadUpTo { get; private set; }

    public long Append(PartitionId partition, ReadOnlySpan<byte> frame, RecordState state = RecordState.Whole)
    {
        byte[] kept = state switch
        {
            RecordState.Whole => frame.ToArray(),
            RecordState.PayloadBroken => frame[..FrameHeader.Bytes].ToArray(),
            RecordState.HeaderBroken => [],
        };
        lock (_gate)
        {
            _frames[partition.Value].Add((kept, state));
            foreach (var wait in _waits.Where(w => w.Partition == partition.Value).ToList()) wait.Done.TrySetResult();
            return _frames[partition.Value].Count - 1;
        }
    }

    public Task<long> AppendAsync(PartitionId partition, ReadOnlyMemory<byte> frame) =>
        Task.FromResult(Append(partition, frame.Span));

    /// <summary>The end is gone, as from a disk that was put back from an old copy.</summary>
    public void CutTo(PartitionId partition, int count)
    {
        lock (_gate) _frames[partition.Value].RemoveRange(count, _frames[partition.Value].Count - count);
    }

    public LogExtent Extent(PartitionId partition)
    {
        lock (_gate) return new(_starts[partition.Value], _frames[partition.Value].Count);
    }

    public ValueTask ObserveHeadsAsync(
        ReadOnlyMemory<PartitionId> partitions, Memory<long> heads, CancellationToken cancellation = default)
    {
        for (var i = 0; i < partitions.Length; i++) heads.Span[i] = Extent(partitions.Span[i]).Head;
        return default;
    }

    public ValueTask<LogBatch> ReadAsync(
        PartitionId partition, long offset, int bytesMax, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            if (ReadFails is { } error) throw error;
            var frames = _frames[partition.Value];
            if (offset < _starts[partition.Value] || offset > frames.Count)
                throw new LogRangeException("no such offset");
            var records = new List<LogRecord>();
            for (var at = (int)offset; at < frames.Count && (records.Count == 0 || bytesMax > 0); at++)
            {
                records.Add(new(at, frames[at].State, frames[at].Frame));
                bytesMax -= frames[at].Frame.Length;
            }

            ReadUpTo = offset + records.Count;
            return new(new LogBatch(records, null));
        }
    }

    public Task WaitAsync(PartitionId partition, long offset, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            if (_frames[partition.Value].Count > offset) return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Add((partition.Value, offset, done));
            return done.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>How many have read all of the partition and wait for more.</summary>
    public int Waiting(PartitionId partition)
    {
        lock (_gate)
        {
            return _waits.Count(wait => wait.Partition == partition.Value && !wait.Done.Task.IsCompleted
                && wait.Offset == _frames[partition.Value].Count);
        }
    }

    public ValueTask TrimAsync(IReadOnlyList<long> before, CancellationToken cancellation = default)
    {
        lock (_gate)
            for (var i = 0; i < before.Count; i++) _starts[i] = Math.Max(_starts[i], before[i]);
        return default;
    }

    public ValueTask DisposeAsync() => default;
}
