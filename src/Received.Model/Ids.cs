namespace Received.Model;

/// <summary>The tenant. Everything carries it and every query filters by it. Numbers are given out once, from
/// 1.</summary>
public readonly record struct AccountId(uint Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>One of the log's partitions; a customer of an account lives in exactly one.</summary>
public readonly record struct PartitionId(ushort Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>
/// What a log is, fixed when it is made and kept with it. A store remembers the identity of the log that it was
/// rated from and refuses any other.
/// </summary>
/// <param name="Id">Made once with the log; a copy that was cut and grew again keeps it, so checksums are kept
/// too.</param>
/// <param name="Generation">Raised whenever a log is replaced or restored on record.</param>
/// <param name="PartitionCount">Part of the contract: a customer's partition depends on it.</param>
/// <param name="DedupeWindow">How far back, in log time, an identity is looked for.</param>
/// <param name="HashSeed">
/// Random; seeds the 128-bit hashes of identities and series, so that nobody who chooses references can aim at a
/// collision with another account's.
/// </param>
public sealed record LogIdentity(
    Guid Id, ushort Generation, int PartitionCount, TimeSpan DedupeWindow, long HashSeed)
{
    public static readonly TimeSpan DefaultDedupeWindow = TimeSpan.FromDays(40);

    public PartitionId[] AllPartitions() =>
        [.. Enumerable.Range(0, PartitionCount).Select(number => new PartitionId((ushort)number))];
}
