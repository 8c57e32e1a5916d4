using Microsoft.Extensions.Logging;
using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// What the loops behind the log have in common: begin where the store is, make passes, wait for the log to grow; after
/// any failure wait and begin again where the store is, so that nothing is skipped and there is one way to recover; at
/// a log that does not belong to the store, stop for good.
/// </summary>
public abstract class LogLoop
{
    // Long enough for a flush under load, short enough for a service manager's patience.
    static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    const long NotBusy = long.MinValue;

    readonly string _name;
    readonly LogWaits _waits;
    readonly long[] _nexts;
    TimeSpan _pause;
    long _busySince = NotBusy;
    LoopStatus _status = new(LoopState.Starting);

    private protected LogLoop(
        string name, ILog log, IReadOnlyList<PartitionId> partitions, RatingOptions options, TimeProvider time,
        ILogger logger)
    {
        _name = name;
        _waits = new(log, partitions, time);
        _nexts = new long[partitions.Count];
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

    private protected long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>How far the loop is, per partition. Cheap; from any thread.</summary>
    public abstract IReadOnlyList<PartitionLag> Snapshot();

    /// <summary>
    /// Runs until cancelled, or until it must refuse; never throws. When cancelled it finishes the pass at hand and
    /// writes what is pending, for at most five seconds.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellation = default)
    {
        using var hard = new CancellationTokenSource(Timeout.InfiniteTimeSpan, Time);
        using var stopping = cancellation.Register(() => hard.CancelAfter(StopPatience));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await OpenAsync(hard.Token);
                Became(new(LoopState.Running));
                while (!cancellation.IsCancellationRequested) await StepAsync(cancellation, hard.Token);
                await FlushAsync(hard.Token);
            }
            catch (Exception exception) when (exception is LogIdentityException or LogRangeException)
            {
                Became(new(LoopState.Refused, exception.Message));
                Logger.Refused(_name, exception.Message);
                return;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                // A bug must not end the loop for good either: the doors go on, and the status shows it.
                await BackOffAsync(exception, cancellation);
            }
        }

        Became(new(LoopState.Stopped));
    }

    /// <summary>Reads progress, checks it against the log, and forgets what is pending.</summary>
    private protected abstract ValueTask OpenAsync(CancellationToken cancellation);

    /// <summary>Gives each partition its turn, writes if that is due.</summary>
    /// <returns>Whether anything was read.</returns>
    private protected abstract ValueTask<bool> PassAsync(CancellationToken cancellation);

    private protected abstract ValueTask FlushAsync(CancellationToken cancellation);

    /// <summary>How long it may sleep if the log does not grow.</summary>
    private protected abstract TimeSpan SleepMax();

    /// <summary>The offsets that are read next, by partition.</summary>
    private protected abstract void CopyNexts(Span<long> nexts);

    async Task StepAsync(CancellationToken cancellation, CancellationToken hard)
    {
        Volatile.Write(ref _busySince, Time.GetTimestamp());
        try
        {
            if (await PassAsync(hard)) return;
        }
        finally
        {
            Volatile.Write(ref _busySince, NotBusy);
        }

        CopyNexts(_nexts);
        try
        {
            await _waits.AnyAsync(_nexts, SleepMax(), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asleep is the right moment to be stopped: the caller goes on to the last flush.
        }
    }

    /// <summary>Something was written: the next failure is a new one.</summary>
    private protected void Wrote()
    {
        _pause = Options.BackOffFirst;
        // A pass may write several times: stuck is what writes nothing.
        if (_busySince != NotBusy) Volatile.Write(ref _busySince, Time.GetTimestamp());
    }

    async Task BackOffAsync(Exception exception, CancellationToken cancellation)
    {
        var pause = _pause;
        _pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, Options.BackOffMax.Ticks));
        Became(new(LoopState.Waiting, exception.Message));
        if (exception is StoreUnavailableException or LogUnavailableException or IOException)
            Logger.Unavailable(_name, pause, exception.Message);
        else
            Logger.FailedUnexpectedly(_name, pause, exception);
        await Task.Delay(pause, Time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    void Became(LoopStatus status)
    {
        if (status.State == LoopState.Running)
        {
            if (_status.State == LoopState.Waiting) Logger.WorksAgain(_name);
            else Logger.Running(_name, _nexts.Length, Snapshot().Sum(lag => lag.Frames));
        }

        Volatile.Write(ref _status, status);
    }
}
