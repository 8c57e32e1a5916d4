using Received.Log;
using Received.Model;

namespace Received.Bench.Scan;

/// <summary>
/// A log that keeps nothing and answers when it is told to, on the thread that tells it: the door's own work remains.
/// </summary>
sealed class AnsweringLog(int partitions) : ILog
{
    readonly List<TaskCompletionSource<long>> _waiting = [];

    public LogIdentity Identity { get; } = new(Guid.Empty, 1, partitions, LogIdentity.DefaultDedupeWindow, 1);

    public long Bytes { get; private set; }

    public Task<long> AppendAsync(PartitionId partition, ReadOnlyMemory<byte> frame)
    {
        Bytes += frame.Length;
        var answer = new TaskCompletionSource<long>();
        _waiting.Add(answer);
        return answer.Task;
    }

    public void AnswerAll()
    {
        for (var i = 0; i < _waiting.Count; i++) _waiting[i].SetResult(0);
        _waiting.Clear();
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
