using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Received.Usage.DuckDb;

/// <summary>
/// Goal: every call on a thread of its own, at most one in rating's lane, one in the heartbeats', one in the archive's,
/// and a bounded number of reads; an instance that failed is closed and opened anew by the next call. Not its job:
/// retrying.
/// Calls block for as long as the disk or a query takes; on the thread pool, a few of them would stop the doors. A new
/// thread costs about 0.1 ms, at some calls a second.
/// </summary>
sealed class DuckDbPool(DuckDbOptions options, ILogger logger) : IAsyncDisposable
{
    readonly Lock _lock = new();
    DuckDbInstance? _instance;
    bool _closing;

    public DuckDbLane Rating { get; } = new(1);

    /// <summary>Not rating's: they come also while a flush takes long.</summary>
    public DuckDbLane Heartbeats { get; } = new(1);

    public DuckDbLane Archive { get; } = new(1);

    public DuckDbLane Reads { get; } = new(options.ReadersMax);

    public DuckDbOptions Options { get; } = options;

    /// <exception cref="StoreUnavailableException">DuckDB failed; the next call opens it anew if that
    /// helps.</exception>
    /// <exception cref="OverflowException">A sum is beyond 128 bits, or beyond what a file format can hold.</exception>
    /// <param name="yields">The call gets the processor time that others leave.</param>
    public async Task<T> RunAsync<T>(
        DuckDbLane lane, Func<DuckDbSession, T> work, CancellationToken cancellation, bool yields = false)
    {
        await lane.EnterAsync(cancellation);
        try
        {
            return await OnThread(() => Run(work, yields, cancellation));
        }
        finally
        {
            lane.Leave();
        }
    }

    /// <summary>A sequence whose steps run as <see cref="RunAsync"/>'s work does, on one session that is held in
    /// between.</summary>
    public async IAsyncEnumerable<T> StreamAsync<T>(
        Func<DuckDbSession, IEnumerable<T>> work, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Reads.EnterAsync(cancellation);
        var lease = default(DuckDbLease);
        var whole = false;
        try
        {
            lease = await OnThread(() => Guard(null, TakeLease, cancellation));
            using var steps = work(lease.Session).GetEnumerator();
            while (await OnThread(() => Guard(lease, steps.MoveNext, cancellation))) yield return steps.Current;
            whole = true;
        }
        finally
        {
            if (lease is not null) await OnThread(() => Return(lease, whole));
            Reads.Leave();
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _closing = true;
            // Reads may take long and lose nothing; writes under way are let finish.
        }

        await Rating.CloseAsync();
        await Heartbeats.CloseAsync();
        await Archive.CloseAsync();
        await OnThread(() =>
        {
            lock (_lock) _instance?.Break();
            return true;
        });
        await Reads.CloseAsync();
    }

    static Task<T> OnThread<T>(Func<T> work) => Task.Factory.StartNew(
        work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Default);

    T Run<T>(Func<DuckDbSession, T> work, bool yields, CancellationToken cancellation)
    {
        var lease = Guard(null, TakeLease, cancellation);
        var whole = false;
        try
        {
            // Not what opens an instance: DuckDB's own threads would be light ones too.
            T Step() => work(lease.Session);
            var answer = Guard(lease, () => yields ? LightThread.Run(Step) : Step(), cancellation);
            whole = true;
            return answer;
        }
        finally
        {
            Return(lease, whole);
        }
    }

    DuckDbLease TakeLease()
    {
        lock (_lock)
        {
            if (_closing) throw new StoreUnavailableException("The usage store is closing.");
            if (_instance is { IsClosed: true }) _instance = null;
            if (_instance is { IsBroken: true })
                throw new StoreUnavailableException("The usage store failed and waits for its last user.");
            _instance ??= new(Options);
            return new(_instance, _instance.Take());
        }
    }

    bool Return(DuckDbLease lease, bool reusable)
    {
        lock (_lock) lease.Instance.Return(lease.Session, reusable);
        return true;
    }

    T Guard<T>(DuckDbLease? lease, Func<T> step, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            using var interrupt = lease is null
                ? default
                : cancellation.UnsafeRegister(static s => ((DuckDbSession)s!).Interrupt(), lease.Session);
            return step();
        }
        catch (DuckDbError error)
        {
            if (!error.LeavesInstanceUsable)
            {
                LogMessages.StoreFailed(logger, error.Message);
                lock (_lock) (lease?.Instance ?? _instance)?.Break();
            }

            cancellation.ThrowIfCancellationRequested();
            if (error.IsOverflow) throw new OverflowException(error.Message, error);
            throw new StoreUnavailableException($"The usage store failed: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"The usage store failed: {error.Message}", error);
        }
    }
}

/// <summary>A session of an instance, to be given back.</summary>
sealed record DuckDbLease(DuckDbInstance Instance, DuckDbSession Session);

/// <summary>How many calls of a kind may be in DuckDB at the same time.</summary>
sealed class DuckDbLane(int width) : IDisposable
{
    readonly SemaphoreSlim _gate = new(width, width);

    public Task EnterAsync(CancellationToken cancellation) => _gate.WaitAsync(cancellation);

    public void Leave() => _gate.Release();

    /// <summary>Completes when nobody is in it, and nobody will be.</summary>
    public async Task CloseAsync()
    {
        for (var i = 0; i < width; i++) await _gate.WaitAsync();
        // Whoever waits still gets in, and meets the closed pool.
        _gate.Release(width);
    }

    public void Dispose() => _gate.Dispose();
}
