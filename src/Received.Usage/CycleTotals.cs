using Received.Model;

namespace Received.Usage;

/// <summary>
/// A stretch of time whose usage is asked for: one customer, one product, [FromMs, ToMs) on window boundaries.
/// </summary>
/// <param name="Number">The caller's name for it, unique within the call.</param>
public sealed record TotalsRange(int Number, string CustomerRef, string ProductRef, long FromMs, long ToMs);

/// <summary>What usage of one assertion came to in a range. The sum is scaled by 10^12.</summary>
/// <param name="Currency">Asserted ISO 4217 code, or empty.</param>
/// <param name="EntityRef">Asserted entity, or empty.</param>
public sealed record AssertedTotal(string Currency, string EntityRef, Int128 Sum, long Count);

/// <summary>All frames of the generation before <paramref name="Next"/> are rated.</summary>
public readonly record struct RatedUpTo(PartitionId Partition, ushort Generation, long Next);

/// <summary>What a range came to, exact at a position.</summary>
/// <param name="Rated">
/// By partition. Of the partition that the range's customer lives in, the totals are those of exactly that position.
/// </param>
/// <param name="Totals">By currency and entity; empty where there is no usage.</param>
public sealed record RangeTotals(IReadOnlyList<RatedUpTo> Rated, IReadOnlyList<AssertedTotal> Totals);

/// <summary>Law 7: totals that each belong to one position, for whole runs of invoices.</summary>
/// <param name="Settled">By range number. All ranges of a customer are of the same position.</param>
/// <param name="Unsettled">
/// Numbers of ranges that rating was in the midst of whenever they were read, so that no figure belongs to a position:
/// left to the next run. All ranges of a customer or none.
/// </param>
public sealed record CycleTotals(
    IReadOnlyDictionary<int, RangeTotals> Settled, IReadOnlyList<int> Unsettled);

/// <summary>What every store asks of ranges, before it asks its database.</summary>
static class TotalsRanges
{
    /// <exception cref="ArgumentException">A number is there twice, or a range is empty or off the window
    /// boundaries.</exception>
    public static void Check(IReadOnlyList<TotalsRange> ranges)
    {
        var numbers = new HashSet<int>(ranges.Count);
        foreach (var range in ranges)
        {
            if (!numbers.Add(range.Number))
                throw new ArgumentException($"Range {range.Number} is there twice.", nameof(ranges));
            if (range.FromMs >= range.ToMs || !UsageWindow.IsBoundary(range.FromMs)
                || !UsageWindow.IsBoundary(range.ToMs))
            {
                throw new ArgumentException(
                    $"Range {range.Number} is [{range.FromMs}, {range.ToMs}): it must end after its start, both on "
                    + "15-minute boundaries.", nameof(ranges));
            }
        }
    }
}
