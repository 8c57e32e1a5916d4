using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>What became of a frame.</summary>
enum AppendOutcome : byte
{
    Durable,
    DiskFull,
    Failing,
    Closing,
    Busy,
}

/// <summary>A frame's offset, if it is durable. Otherwise whether it is in the log all the same is unknown.</summary>
readonly record struct FrameResult(AppendOutcome Outcome, long Offset);

/// <summary>What all requests with events in a frame wait for: one object a frame, not one an event.</summary>
sealed class FrameTicket(PartitionId partition)
{
    // Grows under the queue's lock while the frame is open; completed when the frame has left the queue.
    readonly List<AppendWait> _waiting = [];

    public PartitionId Partition { get; } = partition;

    /// <summary>To be read when the request's <see cref="AppendWait"/> has completed.</summary>
    public FrameResult Result { get; private set; }

    /// <summary>Once a request and frame, while the frame is open.</summary>
    public void Join(AppendWait wait)
    {
        wait.Expect();
        _waiting.Add(wait);
    }

    public void Complete(FrameResult result)
    {
        Result = result;
        foreach (var wait in _waiting) wait.Done(result.Outcome);
    }

    /// <summary>For bugs only: the requests answer 500.</summary>
    public void Fail(Exception exception)
    {
        foreach (var wait in _waiting) wait.Fail(exception);
    }
}
