using System.Collections.Concurrent;
using Received.Model;
using Received.Usage;

namespace Received.Tests.Rating.Fakes;

/// <summary>A key index in memory that can fail on demand.</summary>
sealed class MemoryKeys : IKeyIndex
{
    readonly ConcurrentDictionary<(PartitionId, UInt128), HashSet<KeyEntry>> _entries = new();

    /// <summary>Called before and after each addition; may throw.</summary>
    public Action<bool> OnAdd { get; set; } = _ => { };

    /// <summary>Called before each look-up; may throw.</summary>
    public Action OnFind { get; set; } = () => { };

    public ValueTask FindAsync(
        PartitionId partition, ReadOnlyMemory<UInt128> identities, long notBeforeMs, Memory<KeyEntry> found,
        CancellationToken cancellation = default)
    {
        OnFind();
        for (var i = 0; i < identities.Length; i++)
        {
            found.Span[i] = _entries.GetValueOrDefault((partition, identities.Span[i]), [])
                .Where(entry => entry.LogTimeMs >= notBeforeMs)
                .OrderBy(entry => (entry.Generation, entry.Offset, entry.Index))
                .FirstOrDefault();
        }

        return default;
    }

    public ValueTask AddAsync(IReadOnlyList<KeyBatch> batches, CancellationToken cancellation = default)
    {
        OnAdd(false);
        foreach (var batch in batches)
            foreach (var entry in batch.Entries.Span)
                _entries.GetOrAdd((batch.Partition, entry.Identity), _ => []).Add(entry);
        OnAdd(true);
        return default;
    }

    public async IAsyncEnumerable<ReadOnlyMemory<KeyEntry>> StreamAsync(
        PartitionId partition, long notBeforeMs,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        foreach (var (key, entries) in _entries)
            if (key.Item1 == partition) yield return entries.Where(entry => entry.LogTimeMs >= notBeforeMs).ToArray();
    }

    public ValueTask ExpireAsync(PartitionId partition, long beforeMs, CancellationToken cancellation = default) =>
        default;

    public ValueTask DisposeAsync() => default;
}
