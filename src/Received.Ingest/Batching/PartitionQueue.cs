using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Log;
using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>
/// One partition's way into the log. Goal: group commit that comes by itself: an idle queue sends one event at once,
/// and while as many frames as allowed are on their way, events gather in the next. Invariant: frames are appended in
/// the order in which they were filled, numbered from 1, so events of one body keep their order.
/// </summary>
sealed class PartitionQueue(
    ILog log, PartitionId partition, ulong producerId, int appendsMax, TimeProvider time, IngestMetrics metrics)
{
    readonly Lock _gate = new();
    readonly Queue<OpenFrame> _full = [];
    readonly Stack<OpenFrame> _idle = [];
    OpenFrame? _open;
    bool _sending;
    int _appends;
    long _number;
    TaskCompletionSource? _drained;

    int _answering;

    bool IsIdle => _open is null && _full.Count == 0 && _appends == 0 && _answering == 0;

    /// <summary>
    /// Adds the partition's share of a body, then sends what may be sent. The tickets come with the events' frames.
    /// </summary>
    public void Append(long receivedAtMs, ParsedEvents events, Distribution distribution)
    {
        var share = distribution.Of(partition.Value);
        lock (_gate)
        {
            for (var at = 0; at < share.Count;)
            {
                var frame = OpenForOneMore();
                events.Frames.Add(frame.Ticket);
                frame.Ticket.Join(events.Wait);
                try
                {
                    at += frame.Add(receivedAtMs, events, distribution, share, at);
                }
                catch (Exception exception)
                {
                    GiveUp(frame, exception);
                    throw;
                }
            }
        }

        Pump();
    }

    /// <summary>Completes when nothing waits or is on its way; the caller has seen to it that nothing comes.</summary>
    public Task DrainAsync()
    {
        lock (_gate)
        {
            if (IsIdle) return Task.CompletedTask;
            _drained ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>A frame with half an event (out of memory) must not get into the log; its requests get a 500.</summary>
    void GiveUp(OpenFrame frame, Exception exception)
    {
        _open = null;
        ThreadPool.UnsafeQueueUserWorkItem(
            static failed => failed.Ticket.Fail(failed.Exception), (frame.Ticket, Exception: exception),
            preferLocal: false);
    }

    OpenFrame OpenForOneMore()
    {
        if (_open is { IsFull: true })
        {
            _full.Enqueue(_open);
            _open = null;
        }

        if (_open is not null) return _open;
        _open = _idle.TryPop(out var idle) ? idle : new();
        _open.Begin(partition);
        return _open;
    }

    /// <summary>
    /// Sends frames as long as it may. One thread at a time; others leave, since the one that sends looks again before
    /// it goes.
    /// </summary>
    void Pump()
    {
        while (true)
        {
            OpenFrame? frame;
            lock (_gate)
            {
                if (_sending || _appends == appendsMax) return;
                if (!_full.TryDequeue(out frame))
                {
                    frame = _open;
                    _open = null;
                }

                if (frame is null) return;
                _sending = true;
                _appends++;
            }

            // Starts the append; what follows its completion runs by itself.
            _ = SendAsync(frame);
            lock (_gate) _sending = false;
        }
    }

    async Task SendAsync(OpenFrame frame)
    {
        var ticket = frame.Ticket;
        FrameResult result = default;
        Exception? failure = null;
        var isPumping = true;
        try
        {
            var stamp = new FrameStamp(partition, producerId, ++_number, time.GetUtcNow().ToUnixTimeMilliseconds());
            var bytes = frame.Encode(stamp);
            metrics.FrameSent(frame.Count, bytes.Length);
            var append = log.AppendAsync(partition, bytes);
            isPumping = append.IsCompleted;
            result = new(AppendOutcome.Durable, await append);
        }
        catch (LogUnavailableException exception)
        {
            result = new(OutcomeOf(exception.Reason), 0);
        }
#pragma warning disable CA1031 // Whatever it is, the requests must get an answer (500), and the next frame tries again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        // What gathered meanwhile goes on its way before the answers are written.
        lock (_gate)
        {
            if (_idle.Count < appendsMax + Limits.IdleFramesMax) _idle.Push(frame);
            _appends--;
            _answering++;
        }

        Pump();
        // What was refused at once is still within Pump, which nobody else may enter: answers would hold it up.
        if (isPumping) await Task.Yield();
        if (failure is null) ticket.Complete(result);
        else ticket.Fail(failure);
        lock (_gate)
        {
            _answering--;
            if (IsIdle) _drained?.TrySetResult();
        }
    }

    static AppendOutcome OutcomeOf(LogUnavailableReason reason) => reason switch
    {
        LogUnavailableReason.DiskFull => AppendOutcome.DiskFull,
        LogUnavailableReason.Failing => AppendOutcome.Failing,
        LogUnavailableReason.Closing => AppendOutcome.Closing,
        LogUnavailableReason.Busy => AppendOutcome.Busy,
    };
}
