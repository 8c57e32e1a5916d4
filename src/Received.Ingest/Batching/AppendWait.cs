using System.Threading.Tasks.Sources;

namespace Received.Ingest.Batching;

/// <summary>
/// One request's wait for all frames that took its events: one awaiter, used again by the next request, however many
/// frames there are. Invariant: it completes when every expected frame has, also behind one that failed: the client
/// shall not send again while some of it is still on its way.
/// </summary>
sealed class AppendWait : IValueTaskSource<AppendOutcome>
{
    ManualResetValueTaskSourceCore<AppendOutcome> _core;
    int _pending;
    volatile AppendOutcome _outcome;
    volatile Exception? _failure;

    /// <summary>False while a frame may still complete it: then it must not be used for another request.</summary>
    public bool IsIdle => Volatile.Read(ref _pending) == 0;

    /// <summary>To be called before the first <see cref="Expect"/>; <see cref="AllAsync"/> is the other end.</summary>
    /// <param name="isShort">
    /// What follows is a short answer, and may run on the thread that completes the frame: <see cref="FrameTicket"/>.
    /// </param>
    public void Begin(bool isShort)
    {
        _core.Reset();
        _core.RunContinuationsAsynchronously = !isShort;
        _outcome = AppendOutcome.Durable;
        _failure = null;
        // One for the appending itself: the first frame may be durable before the last one is filled.
        _pending = 1;
    }

    public void Expect() => Interlocked.Increment(ref _pending);

    public void Done(AppendOutcome outcome)
    {
        if (outcome != AppendOutcome.Durable) _outcome = outcome;
        One();
    }

    /// <summary>For bugs only: the request answers 500.</summary>
    public void Fail(Exception exception)
    {
        _failure = exception;
        One();
    }

    /// <summary>Durable when all frames are; otherwise what became of one that is not.</summary>
    public ValueTask<AppendOutcome> AllAsync()
    {
        var all = new ValueTask<AppendOutcome>(this, _core.Version);
        One();
        return all;
    }

    AppendOutcome IValueTaskSource<AppendOutcome>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<AppendOutcome>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<AppendOutcome>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void One()
    {
        if (Interlocked.Decrement(ref _pending) > 0) return;
        if (_failure is { } failure) _core.SetException(failure);
        else _core.SetResult(_outcome);
    }
}
