using Received.Model;

namespace Received.Log;

/// <summary>A partition that a loop owns, since when.</summary>
/// <param name="Term">The version that it was given with: one that was lost and given again in between may have been
/// another's meanwhile.</param>
public readonly record struct OwnedPartition(PartitionId Partition, long Term);

/// <summary>What a loop owns at a version. Both lists in the order of the partitions.</summary>
/// <param name="Partitions">To be worked on.</param>
/// <param name="Leaving">
/// Somebody waits for them: to be written and let go, which <see cref="Ownership.Acknowledge"/> says. What is in
/// neither list was lost: it is another's by now.
/// </param>
public sealed record OwnedPartitions(
    long Version, IReadOnlyList<OwnedPartition> Partitions, IReadOnlyList<OwnedPartition> Leaving);

/// <summary>
/// Which partitions one loop owns now: a fixed set, or what a group gives and takes. Goal: a hand-over loses no work
/// where there is time for it, and never waits for a loop that does not answer. Not its job: correctness; rows carry
/// their positions, so an owner that writes late does no harm (law 4). Safe for any threads.
/// </summary>
public sealed class Ownership
{
    static readonly Task Never = new TaskCompletionSource().Task;

    readonly Lock _gate = new();
    readonly TimeProvider _time;
    OwnedPartitions _current;
    TaskCompletionSource? _changed;
    TaskCompletionSource? _acknowledged;
    bool _hasEnded;

    /// <summary>Nothing is owned yet; a group gives and takes.</summary>
    public Ownership(TimeProvider time)
        : this(time, new(0, [], []), isFixed: false)
    {
    }

    Ownership(TimeProvider time, OwnedPartitions current, bool isFixed)
    {
        _time = time;
        _current = current;
        IsFixed = isFixed;
    }

    /// <summary>These partitions for good: for a log that one process has to itself.</summary>
    public static Ownership Of(IReadOnlyList<PartitionId> partitions) => new(
        TimeProvider.System,
        new(0, [.. Ordered(partitions).Select(partition => new OwnedPartition(partition, 0))], []), isFixed: true);

    /// <summary>All partitions of a log for good.</summary>
    public static Ownership OfAll(LogIdentity log) => Of(log.AllPartitions());

    /// <summary>Whether it never changes.</summary>
    public bool IsFixed { get; }

    /// <summary>From any thread; a field's read.</summary>
    public OwnedPartitions Current => Volatile.Read(ref _current);

    /// <summary>Whether the loop has ended: it owns nothing any more, and lets go whatever it is given.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_gate) return _hasEnded;
        }
    }

    /// <summary>For the group: these are the loop's from now on.</summary>
    public void Give(IReadOnlyCollection<PartitionId> partitions)
    {
        lock (_gate)
        {
            var term = _current.Version + 1;
            var kept = Split(_current.Partitions, partitions).Out;
            // A partition that is given back before it was let go begins anew: the loop drops it and opens it again.
            Publish(
                [.. kept, .. partitions.Select(partition => new OwnedPartition(partition, term))],
                Split(_current.Leaving, partitions).Out);
            Signal(ref _acknowledged);
        }
    }

    /// <summary>
    /// For the group: asks the loop to write what is pending and to let these go. After the patience they are lost.
    /// </summary>
    /// <returns>Whether the loop let them go in time.</returns>
    public async Task<bool> TakeAsync(
        IReadOnlyCollection<PartitionId> partitions, TimeSpan patience, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            var (leaving, kept) = Split(_current.Partitions, partitions);
            if (leaving.Count > 0) Publish(kept, [.. _current.Leaving, .. leaving]);
        }

        var started = _time.GetTimestamp();
        while (true)
        {
            Task acknowledged;
            lock (_gate)
            {
                if (_hasEnded || Split(_current.Leaving, partitions).In.Count == 0) return true;
                acknowledged = (_acknowledged ??= NewSignal()).Task;
            }

            var left = patience - _time.GetElapsedTime(started);
            try
            {
                await acknowledged.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellation);
            }
            catch (TimeoutException)
            {
                Lose(partitions);
                return false;
            }
        }
    }

    /// <summary>For the group: these are another's by now; the loop drops them without writing.</summary>
    public void Lose(IReadOnlyCollection<PartitionId> partitions)
    {
        lock (_gate)
        {
            Publish(
                Split(_current.Partitions, partitions).Out, Split(_current.Leaving, partitions).Out);
            Signal(ref _acknowledged);
        }
    }

    /// <summary>For the loop: completes when there is another version than this; the same task until then.</summary>
    public Task ChangedAsync(long version)
    {
        if (IsFixed) return Never;
        lock (_gate)
        {
            return _current.Version != version ? Task.CompletedTask : (_changed ??= NewSignal()).Task;
        }
    }

    /// <summary>For the loop: what was leaving at this version is written and let go.</summary>
    public void Acknowledge(OwnedPartitions owned)
    {
        if (owned.Leaving.Count == 0) return;
        lock (_gate)
        {
            // By term: what was given back and is leaving again since is a request of its own.
            var leaving = _current.Leaving.Where(left => !owned.Leaving.Contains(left)).ToList();
            if (leaving.Count == _current.Leaving.Count) return;
            // No other version: the loop knows that it has let them go.
            Volatile.Write(ref _current, _current with { Leaving = leaving });
            Signal(ref _acknowledged);
        }
    }

    /// <summary>For the loop: it has ended, and will let go nothing any more since it holds nothing.</summary>
    public void End()
    {
        if (IsFixed) return;
        lock (_gate)
        {
            _hasEnded = true;
            Signal(ref _acknowledged);
        }
    }

    void Publish(IReadOnlyList<OwnedPartition> partitions, IReadOnlyList<OwnedPartition> leaving)
    {
        if (IsFixed) throw new InvalidOperationException("A fixed ownership has no group that gives or takes.");
        Volatile.Write(
            ref _current,
            new(_current.Version + 1, [.. partitions.OrderBy(owned => owned.Partition.Value)],
                [.. leaving.OrderBy(owned => owned.Partition.Value)]));
        Signal(ref _changed);
    }

    static (List<OwnedPartition> In, List<OwnedPartition> Out) Split(
        IReadOnlyList<OwnedPartition> owned, IReadOnlyCollection<PartitionId> partitions) =>
        ([.. owned.Where(one => partitions.Contains(one.Partition))],
            [.. owned.Where(one => !partitions.Contains(one.Partition))]);

    static void Signal(ref TaskCompletionSource? signal)
    {
        signal?.TrySetResult();
        signal = null;
    }

    static IEnumerable<PartitionId> Ordered(IReadOnlyList<PartitionId> partitions) =>
        partitions.OrderBy(partition => partition.Value);

    // Continuations of its waiters never run under the gate.
    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
