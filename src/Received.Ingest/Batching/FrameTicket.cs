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
    // Asynchronously: hundreds of requests may hang on one frame, and the log's thread shall not answer them.
    readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PartitionId Partition { get; } = partition;

    public Task Done => _done.Task;

    /// <summary>To be read when <see cref="Done"/> has completed.</summary>
    public FrameResult Result { get; private set; }

    public void Complete(FrameResult result)
    {
        Result = result;
        _done.SetResult();
    }

    /// <summary>For bugs only: the requests answer 500.</summary>
    public void Fail(Exception exception) => _done.SetException(exception);
}
