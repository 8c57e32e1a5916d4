using Received.Model;

namespace Received.Usage;

/// <summary>
/// What a total is of, within an account. <see cref="Id"/> is a seeded 128-bit hash of the rest (Rating computes it),
/// unique within a partition's totals.
/// </summary>
/// <param name="Currency">Asserted ISO 4217 code, or empty.</param>
/// <param name="EntityRef">Asserted entity, or empty.</param>
public sealed record SeriesRow(
    UInt128 Id, AccountId Account, string CustomerRef, string ProductRef, string Currency, string EntityRef);

public readonly record struct TotalKey(UInt128 Series, int Window);

/// <summary>
/// The absolute state of one series in one window, and the position of the last event in it: so the same position
/// always means the same row, and writing it again changes nothing. Quantities are scaled by 10^12.
/// </summary>
/// <param name="LastAtMs">Timestamp of the event that <paramref name="Last"/> is of; ties go to the later
/// position.</param>
/// <param name="Count">0 in an answer means: no such row.</param>
public readonly record struct TotalRow(
    UInt128 Series, int Window, Int128 Sum, long Count, Int128 Min, Int128 Max, Int128 Last, long LastAtMs,
    ushort Generation, long Offset, int Index);

/// <summary>
/// A fate other than counted. Index <see cref="LogPosition.WholeFrame"/> stands for <paramref name="EventCount"/>
/// events of the frame (0 where the header is broken); otherwise EventCount is 1.
/// </summary>
/// <param name="Original">For duplicates and conflicts: the first position of the identity. (Whole frames:
/// null.)</param>
public readonly record struct FateRow(
    ushort Generation, long Offset, int Index, AccountId Account, Fate Fate, ParkReason Reason, int EventCount,
    LogPosition? Original);

public enum NameKind : byte
{
    Customer = 0,
    Product = 1,
}

/// <summary>The newest name that an event of the partition gave to a reference, and that event's place and frame
/// time.</summary>
public readonly record struct NameRow(
    AccountId Account, NameKind Kind, string Ref, string Name, ushort Generation, long Offset, int Index, long TimeMs);

/// <summary>The numbers of a producer's frames seen so far: the highest, and a bit for each of the 64 up to
/// it.</summary>
public readonly record struct ProducerRow(ulong ProducerId, long LastNumber, ulong SeenBits, long LogTimeMs);

/// <summary>What is rated of a partition: all frames of the generation before <paramref name="Next"/>.</summary>
/// <param name="LastChecksum">Payload checksum of frame Next - 1 (0 if its header was broken, or there is none): a
/// cut log shows by it.</param>
/// <param name="LogTimeMs">Running maximum of the frame times, milliseconds since 1970.</param>
/// <param name="KeysNext">The frame after the last one that entered a key into the index, 0 where none did: an index
/// that does not reach so far has lost keys.</param>
/// <param name="KeysLogTimeMs">Log time at that last frame, 0 where there is none.</param>
public readonly record struct RatedProgress(
    PartitionId Partition, ushort Generation, long Next, ulong LastChecksum, long LogTimeMs, long KeysNext = 0,
    long KeysLogTimeMs = 0);

/// <summary>Law 7: what the head was when someone looked, and how far was rated then.</summary>
public readonly record struct Heartbeat(PartitionId Partition, long Head, long ObservedAtMs, long Rated);

/// <summary>What rating has to write for one partition: applied whole or not at all, together with the
/// progress.</summary>
public sealed class RatedBatch(PartitionId partition)
{
    public PartitionId Partition { get; } = partition;

    /// <summary>Series of the totals below; those the store has already are left alone.</summary>
    public List<SeriesRow> Series { get; } = [];

    public List<TotalRow> Totals { get; } = [];

    public List<FateRow> Fates { get; } = [];

    public List<NameRow> Names { get; } = [];

    public List<ProducerRow> Producers { get; } = [];

    public RatedProgress Progress { get; set; }

    public void Clear()
    {
        Series.Clear();
        Totals.Clear();
        Fates.Clear();
        Names.Clear();
        Producers.Clear();
    }
}
