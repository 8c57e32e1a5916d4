namespace Received.Log.Segments;

/// <summary>
/// Frames on their way to the writer's thread, bounded in bytes; it also wakes the thread to try again.
/// </summary>
sealed class AppendQueue(int bytesMax, int groupBytesMax)
{
    readonly object _gate = new();
    readonly Queue<PendingAppend> _waiting = new();
    long _bytes;
    bool _closing;
    bool _probe;

    public long Bytes
    {
        get
        {
            lock (_gate) return _bytes;
        }
    }

    /// <exception cref="LogUnavailableException">Closing, or as much waits as may.</exception>
    public void Add(PendingAppend append)
    {
        lock (_gate)
        {
            if (_closing) throw new LogUnavailableException("The log is closing.", LogUnavailableReason.Closing);
            if (_bytes > 0 && _bytes + append.Frame.Length > bytesMax)
            {
                throw new LogUnavailableException(
                    $"{_bytes} bytes wait for the log already, of {bytesMax} that may.", LogUnavailableReason.Failing);
            }

            _bytes += append.Frame.Length;
            _waiting.Enqueue(append);
            if (_waiting.Count == 1) Monitor.Pulse(_gate);
        }
    }

    /// <summary>Makes the writer's thread look after itself: <see cref="Take"/> returns with nothing taken.</summary>
    public void Probe()
    {
        lock (_gate)
        {
            _probe = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Nothing more comes in; what waits is still taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits, then takes all that waits, a group's worth at most. False when closed and empty.</summary>
    public bool Take(List<PendingAppend> into)
    {
        into.Clear();
        if (WaitForSome()) GroupWait.WhileOthersWork();
        lock (_gate)
        {
            _probe = false;
            long bytes = 0;
            while (_waiting.TryPeek(out var next) && (into.Count == 0 || bytes + next.Frame.Length <= groupBytesMax))
            {
                into.Add(_waiting.Dequeue());
                bytes += next.Frame.Length;
            }

            _bytes -= bytes;
            return into.Count > 0 || !_closing;
        }
    }

    /// <returns>Whether more may come that would go into the same group.</returns>
    bool WaitForSome()
    {
        lock (_gate)
        {
            while (_waiting.Count == 0 && !_closing && !_probe) Monitor.Wait(_gate);
            return _waiting.Count > 0 && !_closing && _bytes < groupBytesMax;
        }
    }
}
