using Received.Billing.Contracts;
using Received.Billing.Ledger;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Received.Usage;

namespace Received.Billing.Invoices;

/// <summary>
/// The price of a cycle: pure, and the same for invoice, preview, closing and verification (law 5). Neighbouring slices
/// under one price and tax are a run; a run's quantity is priced as a whole and rounded once (law 8), and each month in
/// it earns what it adds to the price of all before it, so that months always add up to the line.
/// </summary>
static class CyclePricing
{
    /// <param name="usage">Of each slice, in their order; zero where the price is for time alone.</param>
    /// <param name="line">What the line says at the cycle's start. A cycle that was cut away whole has no slices left,
    /// and costs nothing.</param>
    public static PricedCycle Price(
        CycleFacts cycle, LineTerms line, IReadOnlyList<CycleSlice> slices, IReadOnlyList<SliceUsage> usage)
    {
        var lines = new List<PricedRunLine>();
        var earned = new List<EarnedSlice>();
        for (int from = 0, to; from < slices.Count; from = to)
        {
            var terms = slices[from].Span.Line;
            to = from + 1;
            while (to < slices.Count && IsSameRun(terms, slices[to].Span.Line)) to++;
            PriceRun(terms, [.. slices.Take(to).Skip(from)], usage.Take(to).Skip(from), lines, earned);
        }

        return new(
            cycle, lines, earned, Money.Sum(lines.Select(priced => priced.Line.Amount), line.Price.Currency),
            usage.Aggregate((Int128)0, (sum, slice) => sum + slice.Quantity),
            usage.Sum(slice => slice.Count),
            [.. slices.Select(slice => slice.Span.Version).Distinct()]);
    }

    /// <summary>What of a slice's totals is this line's, by what their events asserted.</summary>
    public static SliceUsage Usage(CycleSlice slice, IReadOnlyList<AssertedTotal> totals)
    {
        Int128 quantity = 0;
        var count = 0L;
        foreach (var total in totals)
        {
            var owner = AssertionRule.Owner(slice.Siblings, total.Currency, total.EntityRef);
            if (owner != slice.Span) continue;
            quantity += total.Sum;
            count += total.Count;
        }

        return new(quantity, count);
    }

    static bool IsSameRun(LineTerms left, LineTerms right) =>
        left.Price == right.Price && left.Tax == right.Tax && left.Description == right.Description;

    static void PriceRun(
        LineTerms terms, List<CycleSlice> slices, IEnumerable<SliceUsage> usage, List<PricedRunLine> lines,
        List<EarnedSlice> earned)
    {
        var before = Money.Zero(terms.Price.Currency);
        var sum = new Slice(0, new(0, slices[0].Time.Whole));
        foreach (var (slice, used) in slices.Zip(usage))
        {
            sum = new(sum.Quantity + used.Quantity, sum.Time with { Part = sum.Time.Part + slice.Time.Part });
            var total = terms.Price.Total(sum);
            earned.Add(new(slice.Period, slice.EndMs, total - before));
            before = total;
        }

        lines.AddRange(terms.Price.Charge(sum)
            .Select(line => new PricedRunLine(terms, slices[0].StartMs, slices[^1].EndMs, line)));
    }
}

/// <param name="Quantity">Scaled by 10^12.</param>
readonly record struct SliceUsage(Int128 Quantity, long Count);

/// <summary>A priced line of a run [StartMs, EndMs).</summary>
sealed record PricedRunLine(LineTerms Terms, long StartMs, long EndMs, PricedLine Line);

/// <summary>Revenue of a slice; it is earned when the slice has ended.</summary>
readonly record struct EarnedSlice(int Period, long EndMs, Money Amount);

/// <param name="Amount">What its lines add up to.</param>
/// <param name="Quantity">Of the whole cycle, scaled by 10^12.</param>
/// <param name="Versions">Of the contract, that it was priced with.</param>
sealed record PricedCycle(
    CycleFacts Cycle, IReadOnlyList<PricedRunLine> Lines, IReadOnlyList<EarnedSlice> Slices, Money Amount,
    Int128 Quantity, long EventCount, IReadOnlyList<int> Versions)
{
    /// <summary>By accounting month: what the slices that have ended by then have earned.</summary>
    public IReadOnlyList<MonthAmount> Earned(long asOfMs) =>
    [
        .. Slices.Where(slice => slice.EndMs <= asOfMs).GroupBy(slice => slice.Period).OrderBy(month => month.Key)
            .Select(month => new MonthAmount(
                month.Key, Money.Sum(month.Select(slice => slice.Amount), Amount.Currency))),
    ];
}
