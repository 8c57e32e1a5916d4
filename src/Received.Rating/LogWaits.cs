using Received.Log;
using Received.Model;

namespace Received.Rating;

/// <summary>Waits for any of several partitions to grow, without a new wait for each of them each time.</summary>
sealed class LogWaits(ILog log, TimeProvider time) : IDisposable
{
    IReadOnlyList<PartitionId> _partitions = [];
    Task?[] _waits = [];
    CancellationTokenSource _abandoned = new();

    /// <summary>Other partitions from now on; what was waited for is given up.</summary>
    public void Reset(IReadOnlyList<PartitionId> partitions)
    {
        _abandoned.Cancel();
        _abandoned.Dispose();
        _abandoned = new();
        _partitions = partitions;
        _waits = new Task?[partitions.Count];
    }

    /// <summary>Returns when a partition's head is past its offset, something else happened, or the time is
    /// up.</summary>
    /// <param name="offsets">As long as the partitions, none smaller than at the call before.</param>
    /// <param name="other">What else ends the sleep.</param>
    public async Task AnyAsync(
        ReadOnlyMemory<long> offsets, Task other, TimeSpan timeout, CancellationToken cancellation)
    {
        if (timeout <= TimeSpan.Zero) return;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var any = new Task[_waits.Length + 2];
        for (var i = 0; i < _waits.Length; i++)
        {
            if (_waits[i] is not { IsCompleted: false })
                _waits[i] = log.WaitAsync(_partitions[i], offsets.Span[i], _abandoned.Token);
            any[i] = _waits[i]!;
        }

        any[^2] = other;
        any[^1] = Task.Delay(timeout, time, ended.Token);
        var first = await Task.WhenAny(any);
        await ended.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
        if (first != any[^1]) await first;
    }

    public void Dispose()
    {
        _abandoned.Cancel();
        _abandoned.Dispose();
    }
}
