using Received.Log;
using Received.Model;

namespace Received.Rating;

/// <summary>Waits for any of several partitions to grow, without a new wait for each of them each time.</summary>
sealed class LogWaits(ILog log, IReadOnlyList<PartitionId> partitions, TimeProvider time)
{
    readonly Task?[] _waits = new Task?[partitions.Count];

    /// <summary>Returns when a partition's head is past its offset, or the time is up.</summary>
    /// <param name="offsets">As long as the partitions, none smaller than at the call before.</param>
    public async Task AnyAsync(ReadOnlyMemory<long> offsets, TimeSpan timeout, CancellationToken cancellation)
    {
        if (timeout <= TimeSpan.Zero) return;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var any = new Task[_waits.Length + 1];
        for (var i = 0; i < _waits.Length; i++)
        {
            if (_waits[i] is not { IsCompleted: false })
                _waits[i] = log.WaitAsync(partitions[i], offsets.Span[i], cancellation);
            any[i] = _waits[i]!;
        }

        any[^1] = Task.Delay(timeout, time, ended.Token);
        var first = await Task.WhenAny(any);
        await ended.CancelAsync();
        if (first != any[^1]) await first;
    }
}
