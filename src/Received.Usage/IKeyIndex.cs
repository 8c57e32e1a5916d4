using Received.Model;

namespace Received.Usage;

/// <summary>
/// An identity's first position: what decides duplicates (law 2). Derived from the log alone.
/// </summary>
/// <param name="Identity">Seeded 128-bit hash of (account, customer_ref, key).</param>
/// <param name="EventHash">Hash of the event's typed fields and data: equal means duplicate, different means
/// conflict.</param>
/// <param name="LogTimeMs">Log time (running maximum of the partition's frame times) at that position.</param>
public readonly record struct KeyEntry(
    UInt128 Identity, ulong EventHash, ushort Generation, long Offset, int Index, long LogTimeMs);

/// <summary>
/// Where identities rest. Goal: exact look-ups in bulk and a partition's keys as a stream. Not its job: deciding
/// (that is Rating's Duplicates) or time (the caller says what is too old). Invariant: an added entry is found from
/// then on, through a crash too, until it is expired. Adding an entry again changes nothing.
/// </summary>
public interface IKeyIndex : IAsyncDisposable
{
    /// <summary>
    /// For each identity the entries with LogTimeMs at or after <paramref name="notBeforeMs"/>: the one with the
    /// earliest position, or a default entry (Identity 0 and LogTimeMs 0) where there is none.
    /// </summary>
    /// <param name="identities">Any order; duplicates allowed.</param>
    /// <param name="found">As long as <paramref name="identities"/>.</param>
    ValueTask FindAsync(
        PartitionId partition, ReadOnlyMemory<UInt128> identities, long notBeforeMs, Memory<KeyEntry> found,
        CancellationToken cancellation = default);

    /// <summary>Adds entries of several partitions durably: on return they survive kill and power cut.</summary>
    ValueTask AddAsync(IReadOnlyList<KeyBatch> batches, CancellationToken cancellation = default);

    /// <summary>All entries of a partition at or after that log time, in no order, a chunk at a time.
    /// An entry that was added more than once may come more than once; a chunk is valid until the next is asked
    /// for.</summary>
    IAsyncEnumerable<ReadOnlyMemory<KeyEntry>> StreamAsync(
        PartitionId partition, long notBeforeMs, CancellationToken cancellation = default);

    /// <summary>Allows the index to forget entries of the partition before that log time, at its leisure.</summary>
    ValueTask ExpireAsync(PartitionId partition, long beforeMs, CancellationToken cancellation = default);
}

/// <summary>New entries of one partition, in any order.</summary>
public readonly record struct KeyBatch(PartitionId Partition, ReadOnlyMemory<KeyEntry> Entries);
