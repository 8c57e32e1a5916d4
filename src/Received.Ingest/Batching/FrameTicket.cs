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
    const int Handful = 8;

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

    /// <summary>
    /// Answers the requests that wait for nothing else: a few short ones on this thread, since handing each to another
    /// costs more than its answer; hundreds by handfuls, so that the last one need not wait for all.
    /// </summary>
    public void Complete(FrameResult result)
    {
        Result = result;
        for (var at = Handful; at < _waiting.Count; at += Handful)
            ThreadPool.UnsafeQueueUserWorkItem(
                static part => part.Ticket.CompleteHandful(part.At), (Ticket: this, At: at), preferLocal: false);
        CompleteHandful(0);
    }

    void CompleteHandful(int from)
    {
        var until = Math.Min(from + Handful, _waiting.Count);
        for (var i = from; i < until; i++) _waiting[i].Done(Result.Outcome);
    }

    /// <summary>For bugs only: the requests answer 500.</summary>
    public void Fail(Exception exception)
    {
        foreach (var wait in _waiting) wait.Fail(exception);
    }
}
