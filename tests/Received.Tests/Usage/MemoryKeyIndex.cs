using System.Runtime.CompilerServices;
using Received.Model;
using Received.Usage;

namespace Received.Tests.Usage;

/// <summary>A key index in memory, the plainest that keeps the contract: what the fast property tests run on.</summary>
sealed class MemoryKeyIndex : IKeyIndex
{
    readonly HashSet<(PartitionId Partition, KeyEntry Entry)> _entries = [];

    /// <summary>Look-ups so far, by identity.</summary>
    public int Asked { get; private set; }

    /// <summary>Thrown by the next look-up.</summary>
    public Exception? Failure { get; set; }

    public int Count => _entries.Count;

    public ValueTask FindAsync(
        PartitionId partition, ReadOnlyMemory<UInt128> identities, long notBeforeMs, Memory<KeyEntry> found,
        CancellationToken cancellation = default)
    {
        if (Failure is { } failure)
        {
            Failure = null;
            throw failure;
        }

        for (var i = 0; i < identities.Length; i++)
        {
            Asked++;
            var identity = identities.Span[i];
            found.Span[i] = _entries
                .Where(row => row.Partition == partition && row.Entry.Identity == identity
                    && row.Entry.LogTimeMs >= notBeforeMs)
                .Select(row => row.Entry)
                .OrderBy(entry => (entry.Generation, entry.Offset, entry.Index))
                .FirstOrDefault();
        }

        return default;
    }

    public ValueTask AddAsync(IReadOnlyList<KeyBatch> batches, CancellationToken cancellation = default)
    {
        foreach (var batch in batches)
            foreach (var entry in batch.Entries.Span) _entries.Add((batch.Partition, entry));
        return default;
    }

    public async IAsyncEnumerable<ReadOnlyMemory<KeyEntry>> StreamAsync(
        PartitionId partition, long notBeforeMs, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        yield return _entries
            .Where(row => row.Partition == partition && row.Entry.LogTimeMs >= notBeforeMs)
            .Select(row => row.Entry).ToArray();
    }

    public ValueTask ExpireAsync(PartitionId partition, long beforeMs, CancellationToken cancellation = default)
    {
        _entries.RemoveWhere(row => row.Partition == partition && row.Entry.LogTimeMs < beforeMs);
        return default;
    }

    public ValueTask DisposeAsync() => default;
}
