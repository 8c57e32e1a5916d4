using Received.Model;

namespace Received.Rating;

public enum LoopState
{
    /// <summary>Not run yet, or reading its progress.</summary>
    Starting,

    /// <summary>Over all that it owns; or, where there is a message, over all but what that says.</summary>
    Running,

    /// <summary>
    /// Store, index or log failed and it tries again by itself, or a write does not return. Nothing is skipped.
    /// </summary>
    Waiting,

    /// <summary>
    /// The log is not the one that was rated before, or was cut, in all that it owns: stopped until a person decides.
    /// </summary>
    Refused,
    Stopped,
}

/// <summary>What a loop is doing, and why it is not running, or not over all, where it is not.</summary>
public sealed record LoopStatus(LoopState State, string? Message = null);

/// <summary>How far a loop is in a partition, as it was at some moment since the last second.</summary>
/// <param name="Next">Everything before it is written.</param>
/// <param name="Behind">Zero where nothing waits; else how long ago the loop had last seen the head written.</param>
public readonly record struct PartitionLag(
    PartitionId Partition, long Head, long Next, TimeSpan Behind)
{
    public long Frames => Math.Max(0, Head - Next);
}
