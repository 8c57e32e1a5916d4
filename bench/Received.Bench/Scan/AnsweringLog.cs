using Received.Log;
using Received.Model;

namespace Received.Bench.Scan;

/// <summary>A log that answers at once and keeps nothing: the door's own work remains.</summary>
sealed class AnsweringLog(int partitions) : ILog
{
    static readonly Task<long> Answer = Task.FromResult(0L);

    public LogIdentity Identity { get; } = new(Guid.Empty, 1, partitions, LogIdentity.DefaultDedupeWindow, 1);

    public long Bytes { get; private set; }

    public Task<long> AppendAsync(PartitionId partition, ReadOnlyMemory<byte> frame)
    {
        Bytes += frame.Length;
        return Answer;
    }

    public LogExtent Extent(PartitionId partition) => throw new NotSupportedException();

    public ValueTask ObserveHeadsAsync(
        ReadOnlyMemory<PartitionId> partitions, Memory<long> heads, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask<LogBatch> ReadAsync(
        PartitionId partition, long offset, int bytesMax, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public Task WaitAsync(PartitionId partition, long offset, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask TrimAsync(IReadOnlyList<long> before, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask DisposeAsync() => default;
}
