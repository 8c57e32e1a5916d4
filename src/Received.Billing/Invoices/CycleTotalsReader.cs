using Received.Model;
using Received.Usage;

namespace Received.Billing.Invoices;

/// <summary>
/// Law 7: which usage is in, and the totals of many cycles in few queries, each at a position that it states.
/// </summary>
/// <param name="partitionOf">In which partition a customer lives; only the log knows.</param>
public sealed class CycleTotalsReader(IUsageStore store, Func<AccountId, string, PartitionId> partitionOf)
{
    readonly Lock _watching = new();
    readonly Dictionary<PartitionId, Watch> _watches = [];

    /// <summary>
    /// Looks at the heartbeats. Under load the head that one of them saw is rated only when a later one looks: so what
    /// was seen is remembered, and asking again soon tells more.
    /// </summary>
    public async Task<UsageGate> GateAsync(CancellationToken cancellation = default)
    {
        var heartbeats = await store.ReadHeartbeatsAsync(cancellation);
        lock (_watching)
        {
            foreach (var beat in heartbeats)
                _watches[beat.Partition] = Follow(_watches.GetValueOrDefault(beat.Partition), beat);
            return new(
                _watches.ToDictionary(watch => watch.Key, watch => watch.Value.InUpToMs), partitionOf);
        }
    }

    public PartitionId PartitionOf(AccountId account, string customerRef) => partitionOf(account, customerRef);

    public ValueTask<CycleTotals> ReadAsync(
        AccountId account, IReadOnlyList<TotalsRange> ranges, CancellationToken cancellation = default) =>
        store.ReadCycleTotalsAsync(account, ranges, cancellation);

    static Watch Follow(Watch watch, Heartbeat beat)
    {
        if (beat.Rated >= beat.Head) return new(Math.Max(watch.InUpToMs, beat.ObservedAtMs), 0, null);
        if (watch.Head is { } head && beat.Rated < head) return watch;
        var inUpTo = watch.Head is null ? watch.InUpToMs : Math.Max(watch.InUpToMs, watch.SeenAtMs);
        return new(inUpTo, beat.ObservedAtMs, beat.Head);
    }

    /// <param name="InUpToMs">All that was accepted before it is rated.</param>
    /// <param name="Head">Seen at <paramref name="SeenAtMs"/> and not rated yet; null for none.</param>
    readonly record struct Watch(long InUpToMs, long SeenAtMs, long? Head);
}

/// <summary>Up to when the usage of each partition is in, at one moment.</summary>
public sealed class UsageGate(
    IReadOnlyDictionary<PartitionId, long> inUpToMs, Func<AccountId, string, PartitionId> partitionOf)
{
    /// <summary>True where all that was accepted for the customer before the instant is rated.</summary>
    public bool IsIn(AccountId account, string customerRef, long cutOffMs) =>
        inUpToMs.GetValueOrDefault(partitionOf(account, customerRef), long.MinValue) > cutOffMs;
}
