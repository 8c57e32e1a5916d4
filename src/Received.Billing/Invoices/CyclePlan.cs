using NodaTime;
using Received.Billing.Contracts;
using Received.Model.Pricing;

namespace Received.Billing.Invoices;

/// <summary>
/// A part of a cycle in which neither the line's terms, nor its siblings, nor the accounting month change: the grain
/// at which usage is read and revenue is earned.
/// </summary>
/// <param name="Period">Accounting month of the line's entity.</param>
/// <param name="Span">What the line says in it.</param>
/// <param name="Siblings">All of the customer's lines that take the product's usage in it.</param>
sealed record CycleSlice(
    long StartMs, long EndMs, int Period, LineSpan Span, IReadOnlyList<LineSpan> Siblings, TimeShare Time);

/// <summary>Cuts a cycle into slices; pure.</summary>
static class CyclePlan
{
    /// <param name="customerSpans">Of all contracts of the customer.</param>
    /// <param name="untilMs">Only what is before it; the cycle's end or later for all of it.</param>
    public static IReadOnlyList<CycleSlice> Of(
        CycleFacts cycle, IReadOnlyList<LineSpan> customerSpans, DateTimeZone contractZone, DateTimeZone entityZone,
        long untilMs = long.MaxValue)
    {
        var own = customerSpans.Where(span => span.IsOf(cycle.ContractId, cycle.LineRef)).ToList();
        if (own.Count == 0)
            throw new BillingDataException($"No version of the contract has the line '{cycle.LineRef}'.");
        // A fee for the same product takes no usage: only lines of usage share it.
        var siblings = customerSpans.Where(span => span.Line.ProductRef == own[0].Line.ProductRef
            && span.Line.Price.IsForUsage && span.StartMs < cycle.EndMs && span.EndMs > cycle.StartMs).ToList();
        var slices = new List<CycleSlice>();
        if (untilMs <= cycle.StartMs) return slices;
        foreach (var (from, to) in Cuts(cycle, [.. own, .. siblings], Math.Min(untilMs, cycle.EndMs)))
        {
            // A version without the line: it had ended, and what is used then is somebody else's or nobody's.
            if (own.Find(span => span.Covers(from)) is not { } span) continue;
            List<LineSpan> present = [.. siblings.Where(sibling => sibling.Covers(from))];
            foreach (var month in AccountingMonths.Split(from, to, entityZone))
            {
                var time = CivilTime.Share(
                    contractZone, month.StartMs, month.EndMs, cycle.FullStartMs, cycle.FullEndMs);
                slices.Add(new(month.StartMs, month.EndMs, month.Month, span, present, time));
            }
        }

        return slices;
    }

    static IEnumerable<(long From, long To)> Cuts(CycleFacts cycle, List<LineSpan> siblings, long endMs)
    {
        var cuts = new SortedSet<long> { cycle.StartMs, endMs };
        foreach (var at in siblings.SelectMany(span => new[] { span.StartMs, span.EndMs }))
            if (at > cycle.StartMs && at < endMs) cuts.Add(at);
        return cuts.Zip(cuts.Skip(1));
    }
}

/// <summary>A cycle as pricing sees it; instants are milliseconds since 1970.</summary>
sealed record CycleFacts(
    long Id, long ContractId, string LineRef, long StartMs, long EndMs, long FullStartMs, long FullEndMs);

/// <summary>What is stored cannot be billed; the message says what and why. Concerns one contract.</summary>
public sealed class BillingDataException(string message) : Exception(message);
