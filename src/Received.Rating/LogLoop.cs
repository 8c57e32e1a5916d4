using Microsoft.Extensions.Logging;
using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// What the loops behind the log have in common: begin where the store is, make passes, wait for the log to grow; take
/// over and let go partitions; after any failure wait and begin again where the store is, so that nothing is skipped
/// and there is one way to recover; a partition whose log does not belong to what is stored of it is refused, and the
/// others go on. What was refused stays so until the partition is given anew or the process starts again.
/// </summary>
public abstract class LogLoop
{
    // Long enough for a flush under load, short enough for a service manager's patience.
    static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    const long NotBusy = long.MinValue;
    const long Unknown = -1;

    readonly string _name;
    readonly Ownership _ownership;
    // What has a slot, in the order of the slots; and which of it is open: after a failure none is.
    readonly List<OwnedPartition> _held = [];
    readonly HashSet<OwnedPartition> _open = [];
    readonly Dictionary<OwnedPartition, string> _refused = [];
    long _version = Unknown;
    long _seen = Unknown;
    long[] _nexts = [];
    TimeSpan _pause;
    long _busySince = NotBusy;
    long? _readAt;
    LoopStatus _status = new(LoopState.Starting);

    private protected LogLoop(
        string name, ILog log, Ownership ownership, RatingOptions options, TimeProvider time, ILogger logger)
    {
        _name = name;
        _ownership = ownership;
        _pause = options.BackOffFirst;
        Log = log;
        Options = options;
        Time = time;
        Logger = logger;
    }

    /// <summary>A loop whose store does not answer is <see cref="LoopState.Waiting"/>, though nothing has
    /// failed.</summary>
    public LoopStatus Status
    {
        get
        {
            var status = Volatile.Read(ref _status);
            var since = Volatile.Read(ref _busySince);
            if (status.State != LoopState.Running || since == NotBusy) return status;
            var busy = Time.GetElapsedTime(since);
            return busy < Options.StuckAfter
                ? status
                : new(LoopState.Waiting, $"Nothing was written for {(long)busy.TotalSeconds} s: the store is slow or "
                    + "stuck. What is accepted waits in the log.");
        }
    }

    private protected ILog Log { get; }

    private protected RatingOptions Options { get; }

    private protected TimeProvider Time { get; }

    private protected ILogger Logger { get; }

    /// <summary>Whether what is open is what is owned.</summary>
    private protected bool FollowsOwnership => _version == _ownership.Current.Version;

    private protected long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>How far the loop is, per partition that it owns. Cheap; from any thread.</summary>
    public abstract IReadOnlyList<PartitionLag> Snapshot();

    /// <summary>How far it is behind in the partition where it is the furthest behind.</summary>
    public TimeSpan Behind => Snapshot().Aggregate(
        TimeSpan.Zero, (most, lag) => lag.Behind > most ? lag.Behind : most);

    /// <summary>
    /// Runs until cancelled, or until it must refuse; never throws. When cancelled it finishes the pass at hand and
    /// writes what is pending, for at most five seconds.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellation = default)
    {
        using var hard = new CancellationTokenSource(Timeout.InfiniteTimeSpan, Time);
        using var stopping = cancellation.Register(() => hard.CancelAfter(StopPatience));
        try
        {
            while (!cancellation.IsCancellationRequested && await TryRunAsync(cancellation, hard.Token))
            {
            }

            await EndAsync();
            if (Status.State != LoopState.Refused) Became(new(LoopState.Stopped));
        }
        finally
        {
            // Nothing is held any more: whoever waits for a partition need not.
            _ownership.End();
        }
    }

    /// <summary>Nothing is pending any more, whatever was.</summary>
    private protected abstract void Forget();

    /// <summary>
    /// Makes the partition the last one of the loop's if it is none yet; reads its progress, checks it against the log,
    /// and begins there.
    /// </summary>
    private protected abstract ValueTask OpenAsync(PartitionId partition, CancellationToken cancellation);

    /// <summary>The partition is the loop's no more: forgets it and what is pending of it.</summary>
    private protected abstract void Drop(PartitionId partition);

    /// <summary>Gives each partition its turn, writes if that is due.</summary>
    /// <returns>Whether anything was read.</returns>
    private protected abstract ValueTask<bool> PassAsync(CancellationToken cancellation);

    private protected abstract ValueTask FlushAsync(CancellationToken cancellation);

    /// <summary>Waits for what is under way, and does not mind how it ends.</summary>
    private protected virtual ValueTask EndAsync() => default;

    /// <summary>How long it may sleep if the log does not grow.</summary>
    private protected abstract TimeSpan SleepMax();

    /// <summary>The offsets that are read next, in the order in which the partitions were opened.</summary>
    private protected abstract void CopyNexts(Span<long> nexts);

    /// <returns>Whether to begin again.</returns>
    async Task<bool> TryRunAsync(CancellationToken cancellation, CancellationToken hard)
    {
        using var waits = new LogWaits(Log, Time);
        try
        {
            _version = Unknown;
            _open.Clear();
            Forget();
            await FollowAsync(waits, hard);
            Became(AsItIs());
            // A group may still give others.
            if (Status.State == LoopState.Refused && _ownership.IsFixed) return false;
            while (!cancellation.IsCancellationRequested) await StepAsync(waits, cancellation, hard);
            await FlushAsync(hard);
            return false;
        }
        catch (PartitionRefusedException exception)
        {
            Refuse(exception.Partition, exception.Message);
            return true;
        }
        catch (Exception exception) when (exception is LogIdentityException or LogRangeException)
        {
            Became(new(LoopState.Refused, exception.Message));
            Logger.Refused(_name, exception.Message);
            return false;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception exception)
        {
            // A bug must not end the loop for good either: the doors go on, and the status shows it.
            await BackOffAsync(exception, cancellation);
            return true;
        }
    }

    /// <summary>
    /// Lets go and takes over until what is open is what is owned. Lets go first: another waits for that, while taking
    /// over means reading the partition's keys.
    /// </summary>
    async ValueTask FollowAsync(LogWaits waits, CancellationToken cancellation)
    {
        while (_version != _ownership.Current.Version)
        {
            var owned = _ownership.Current;
            _seen = owned.Version;
            // What was lost is another's: not written, though that would do no harm (law 4).
            Keep([.. owned.Partitions, .. owned.Leaving]);
            if (owned.Leaving.Any(_held.Contains)) await FlushAsync(cancellation);
            Keep(owned.Partitions);
            _ownership.Acknowledge(owned);
            foreach (var one in owned.Partitions)
            {
                if (_ownership.Current.Version != owned.Version) break;
                if (_open.Contains(one) || _refused.ContainsKey(one)) continue;
                await OpenAsync(one, cancellation);
            }

            if (_ownership.Current.Version == owned.Version) Follows(owned.Version, waits);
        }
    }

    async ValueTask OpenAsync(OwnedPartition one, CancellationToken cancellation)
    {
        if (!_held.Contains(one)) _held.Add(one);
        Volatile.Write(ref _busySince, NotBusy);
        try
        {
            await OpenAsync(one.Partition, cancellation);
            _open.Add(one);
        }
        catch (PartitionRefusedException exception)
        {
            Refuse(one.Partition, exception.Message);
        }
    }

    /// <summary>It gets no heartbeat either, so that no invoice of its customers is made (law 7).</summary>
    void Refuse(PartitionId partition, string reason)
    {
        var refused = _held.Find(one => one.Partition == partition);
        Drop(partition);
        _held.Remove(refused);
        _open.Remove(refused);
        _refused[refused] = reason;
        Logger.PartitionRefused(_name, partition.Value, reason);
    }

    LoopStatus AsItIs()
    {
        if (_refused.Count == 0) return new(LoopState.Running);
        var numbers = _refused.Keys.Select(one => one.Partition.Value).Order();
        return new(
            _held.Count == 0 ? LoopState.Refused : LoopState.Running,
            $"Not worked on: partition {string.Join(", ", numbers)}, and no invoices for its customers. "
            + $"{_refused.Values.First()} Then start this process again.");
    }

    /// <exception cref="PartitionRefusedException">The log does not have what comes next (any more).</exception>
    private protected async ValueTask<LogBatch> ReadAsync(
        PartitionId partition, long offset, CancellationToken cancellation)
    {
        try
        {
            return await Log.ReadAsync(partition, offset, Options.ReadBytes, cancellation);
        }
        catch (LogRangeException exception)
        {
            throw LogCheck.Refused(partition, exception.Message);
        }
    }

    void Follows(long version, LogWaits waits)
    {
        _version = version;
        if (_status.State is LoopState.Running or LoopState.Refused) Volatile.Write(ref _status, AsItIs());
        _nexts = new long[_held.Count];
        IReadOnlyList<PartitionId> partitions = [.. _held.Select(one => one.Partition)];
        waits.Reset(partitions);
        if (!_ownership.IsFixed)
            Logger.Owns(_name, string.Join(", ", partitions), Snapshot().Sum(lag => lag.Frames));
    }

    void Keep(IReadOnlyList<OwnedPartition> kept)
    {
        foreach (var gone in _refused.Keys.Where(one => !kept.Contains(one)).ToList()) _refused.Remove(gone);
        foreach (var dropped in _held.Where(held => !kept.Contains(held)).ToList())
        {
            Drop(dropped.Partition);
            _held.Remove(dropped);
            _open.Remove(dropped);
        }
    }

    async Task StepAsync(LogWaits waits, CancellationToken cancellation, CancellationToken hard)
    {
        Volatile.Write(ref _busySince, Time.GetTimestamp());
        try
        {
            await FollowAsync(waits, hard);
            Volatile.Write(ref _busySince, Time.GetTimestamp());
            if (await PassAsync(hard))
            {
                _readAt = Time.GetTimestamp();
                return;
            }
        }
        finally
        {
            Volatile.Write(ref _busySince, NotBusy);
        }

        CopyNexts(_nexts);
        try
        {
            var changed = _ownership.ChangedAsync(_version);
            await waits.AnyAsync(_nexts, changed, SleepMax(), cancellation);
            if (_readAt is not { } readAt) return;
            // Never past what is due: law 7's heartbeat and the flush come before few reads.
            var gather = Min(Options.ReadDelay - Time.GetElapsedTime(readAt), SleepMax());
            if (gather > TimeSpan.Zero) await Task.WhenAny(changed, Task.Delay(gather, Time, cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asleep is the right moment to be stopped: the caller goes on to the last flush.
        }
    }

    private protected static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>Something was written: the next failure is a new one.</summary>
    private protected void Wrote()
    {
        _pause = Options.BackOffFirst;
        // A pass may write several times: stuck is what writes nothing.
        if (_busySince != NotBusy) Volatile.Write(ref _busySince, Time.GetTimestamp());
    }

    async Task BackOffAsync(Exception exception, CancellationToken cancellation)
    {
        // Not the newest version: what changed during the failed attempt is to be followed at once.
        var changed = _ownership.ChangedAsync(_seen);
        var pause = _pause;
        _pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, Options.BackOffMax.Ticks));
        Became(new(LoopState.Waiting, exception.Message));
        if (exception is StoreUnavailableException or LogUnavailableException or IOException)
            Logger.Unavailable(_name, pause, exception.Message);
        else
            Logger.FailedUnexpectedly(_name, pause, exception);
        // Nothing is pending now: whoever waits for a partition can have it at once.
        await Task.WhenAny(changed, Task.Delay(pause, Time, cancellation));
    }

    void Became(LoopStatus status)
    {
        if (status.State == LoopState.Running)
        {
            if (_status.State == LoopState.Waiting) Logger.WorksAgain(_name);
            else Logger.Running(_name, _held.Count, Snapshot().Sum(lag => lag.Frames));
        }

        Volatile.Write(ref _status, status);
    }
}
