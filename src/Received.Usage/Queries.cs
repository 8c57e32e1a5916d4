using Received.Model;

namespace Received.Usage;

/// <summary>How totals are grouped in time. The caller makes the boundaries, so no store needs to know time
/// zones.</summary>
/// <param name="BoundariesMs">
/// Ascending instants on window boundaries, at least two: bucket i is [b[i], b[i+1]). Null: every window by itself
/// within the range.
/// </param>
public sealed record TotalsQuery(
    AccountId Account, string? CustomerRef, string? ProductRef, long FromMs, long ToMs,
    IReadOnlyList<long>? BoundariesMs, TotalsCursor? After = null, int? Limit = null);

/// <summary>Where a page ended; rows are ordered by these, references by their UTF-8 bytes.</summary>
public sealed record TotalsCursor(
    long StartMs, string CustomerRef, string ProductRef, string Currency, string EntityRef);

/// <summary>One line of totals over a bucket [StartMs, EndMs). Quantities are scaled by 10^12.</summary>
/// <param name="CustomerName">The newest name that usage gave, or null.</param>
public sealed record TotalsLine(
    long StartMs, long EndMs, string CustomerRef, string? CustomerName, string ProductRef, string? ProductName,
    string Currency, string EntityRef, Int128 Sum, long Count, Int128 Min, Int128 Max, Int128 Last);

/// <summary>Raw events, newest position last, by partition. Null filters do not filter.</summary>
/// <param name="Fate">Only events of that fate.</param>
public sealed record EventsQuery(
    AccountId Account, string? CustomerRef, string? ProductRef, long? FromMs, long? ToMs, Fate? Fate,
    LogPosition? After, int Limit);

/// <summary>An archived event. <see cref="Fate"/> is null while rating has not reached it.</summary>
/// <param name="Key">The client's idempotency key as bytes, or empty.</param>
/// <param name="Data">additional_report_data as sent, or empty.</param>
public sealed record EventLine(
    LogPosition Position, AccountId Account, string CustomerRef, string CustomerName, string ProductRef,
    string ProductName,
    string Currency, string EntityRef, long TimestampMs, long ReceivedAtMs, Int128 Quantity, byte[] Key, byte[] Data,
    Fate? Fate, ParkReason Reason, LogPosition? Original);

/// <summary>Law 3 for one partition at one position, all of it read in one snapshot of the store.</summary>
/// <param name="Counted">Summed from the stored totals.</param>
/// <param name="Parked">Summed from the stored fates, by reason; so are duplicates, conflicts and voided.</param>
/// <param name="Accepted">
/// From the archive at exactly <see cref="Rated"/>.Next, or null where the archive has not reached it.
/// </param>
/// <param name="Archived">The archive's own progress, from which a caller with the log can add the missing
/// headers.</param>
public sealed record AuditLine(
    RatedProgress Rated, long Counted, long Duplicate, long Conflict, long Voided,
    IReadOnlyDictionary<ParkReason, long> Parked, long UnknownFrames, long? Accepted, ArchiveProgress Archived)
{
    public long ParkedTotal => Parked.Values.Sum();
}
