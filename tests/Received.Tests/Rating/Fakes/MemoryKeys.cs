using Received.Model;
using Received.Usage;

namespace Received.Tests.Rating.Fakes;

/// <summary>A key index in memory that can fail on demand.</summary>
sealed class MemoryKeys : IKeyIndex
{
    readonly Lock _gate = new();
    readonly Dictionary<(PartitionId, UInt128), HashSet<KeyEntry>> _entries = [];

    /// <summary>Called before and after each addition; may throw.</summary>
    public Action<bool> OnAdd { get; set; } = _ => { };

    /// <summary>Called before each look-up; may throw.</summary>
    public Action OnFind { get; set; } = () => { };

    public ValueTask FindAsync(
        PartitionId partition, ReadOnlyMemory<UInt128> identities, long notBeforeMs, Memory<KeyEntry> found,
        CancellationToken cancellation = default)
    {
        OnFind();
        lock (_gate)
        {
            for (var i = 0; i < identities.Length; i++)
            {
                found.Span[i] = _entries.GetValueOrDefault((partition, identities.Span[i]), [])
                    .Where(entry => entry.LogTimeMs >= notBeforeMs)
                    .OrderBy(entry => (entry.Generation, entry.Offset, entry.Index))
                    .FirstOrDefault();
            }
        }

        return default;
    }

    public ValueTask AddAsync(IReadOnlyList<KeyBatch> batches, CancellationToken cancellation = default)
    {
        OnAdd(false);
        lock (_gate)
        {
            foreach (var batch in batches)
                foreach (var entry in batch.Entries.Span)
                {
                    if (!_entries.TryGetValue((batch.Partition, entry.Identity), out var entries))
                        _entries[(batch.Partition, entry.Identity)] = entries = [];
                    entries.Add(entry);
                }
        }

        OnAdd(true);
        return default;
    }

    public async IAsyncEnumerable<ReadOnlyMemory<KeyEntry>> StreamAsync(
        PartitionId partition, long notBeforeMs,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        KeyEntry[] all;
        lock (_gate)
        {
            all = [.. _entries.Where(pair => pair.Key.Item1 == partition).SelectMany(pair => pair.Value)
                .Where(entry => entry.LogTimeMs >= notBeforeMs)];
        }

        yield return all;
    }

    public ValueTask ExpireAsync(PartitionId partition, long beforeMs, CancellationToken cancellation = default) =>
        default;

    public ValueTask DisposeAsync() => default;
}
