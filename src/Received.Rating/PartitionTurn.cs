using Received.Log;
using Received.Model;

namespace Received.Rating;

/// <summary>How far a loop is in a partition: written by the loop, read from any thread.</summary>
sealed class PartitionTurn(PartitionId partition)
{
    long _next;
    long _levelAtMs;
    long _markHead;
    long _markAtMs;
    bool _isMarked;

    /// <summary>Everything before <paramref name="next"/> is written.</summary>
    public void Wrote(long next)
    {
        Volatile.Write(ref _next, next);
        if (!_isMarked || next < _markHead) return;
        Volatile.Write(ref _levelAtMs, _markAtMs);
        _isMarked = false;
    }

    /// <summary>
    /// Where the log's head was at that moment. Under load no moment has all of the log written; so one head is kept
    /// until it is reached, and the lag is as old as that.
    /// </summary>
    public void Saw(long head, long nowMs)
    {
        if (_levelAtMs == 0 || head <= _next)
        {
            Volatile.Write(ref _levelAtMs, nowMs);
            _isMarked = false;
        }

        if (head <= _next || _isMarked) return;
        (_markHead, _markAtMs, _isMarked) = (head, nowMs, true);
    }

    public PartitionLag Lag(ILog log, long nowMs)
    {
        var next = Volatile.Read(ref _next);
        var head = log.Extent(partition).Head;
        var levelAtMs = Volatile.Read(ref _levelAtMs);
        var behindMs = head <= next || levelAtMs == 0 ? 0 : Math.Max(0, nowMs - levelAtMs);
        return new(partition, head, next, TimeSpan.FromMilliseconds(behindMs));
    }
}
