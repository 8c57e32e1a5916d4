using Received.Log;
using Received.Model;

namespace Received.Rating;

/// <summary>How far a loop is in a partition: written by the loop, read from any thread.</summary>
sealed class PartitionTurn(PartitionId partition)
{
    long _next;
    long _levelAtMs;

    /// <summary>Everything before <paramref name="next"/> is written.</summary>
    public void Wrote(long next) => Volatile.Write(ref _next, next);

    /// <summary>All that was in the log at that moment is written.</summary>
    public void Level(long nowMs) => Volatile.Write(ref _levelAtMs, nowMs);

    public PartitionLag Lag(ILog log, long nowMs)
    {
        var next = Volatile.Read(ref _next);
        var head = log.Extent(partition).Head;
        var levelAtMs = Volatile.Read(ref _levelAtMs);
        var behindMs = head <= next ? 0 : Math.Max(0, nowMs - levelAtMs);
        return new(partition, head, next, TimeSpan.FromMilliseconds(behindMs));
    }
}
