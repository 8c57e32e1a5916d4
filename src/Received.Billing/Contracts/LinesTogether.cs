using Received.Billing.Catalog;
using Received.Model.Contracts;

namespace Received.Billing.Contracts;

/// <summary>
/// Lines of one customer that take the same product's usage at the same time must differ in currency or entity, and
/// exactly one of them is the default: else a total would belong to two lines, or to one by chance. Pure.
/// </summary>
static class LinesTogether
{
    /// <param name="spans">Of all contracts of the customer.</param>
    /// <param name="contractId">The contract that is written.</param>
    /// <param name="terms">What it shall say.</param>
    public static Refusal? Check(IEnumerable<LineSpan> spans, long contractId, ContractTerms terms)
    {
        var products = terms.Lines.Where(line => line.Price.IsForUsage).Select(line => line.ProductRef).ToHashSet();
        foreach (var product in spans
            .Where(span => span.Line.Price.IsForUsage && products.Contains(span.Line.ProductRef))
            .GroupBy(span => span.Line.ProductRef))
        {
            if (FindClash(product) is not { } clash) continue;
            var at = Place(terms, contractId, clash.Span);
            return Refusal.Invalid(TermsCheck.Pointer(at, clash.Field), clash.Reason);
        }

        return null;
    }

    /// <summary>Goes through the moments at which a span begins or ends, with those that are open then.</summary>
    static Clash? FindClash(IEnumerable<LineSpan> spans)
    {
        var waiting = new Queue<LineSpan>(spans.OrderBy(span => span.StartMs));
        var moments = waiting.SelectMany(span => new[] { span.StartMs, span.EndMs }).Distinct().Order().ToList();
        var open = new List<LineSpan>();
        foreach (var moment in moments)
        {
            open.RemoveAll(span => span.EndMs <= moment);
            while (waiting.TryPeek(out var span) && span.StartMs == moment)
            {
                if (open.Exists(other => SameTarget(other, span)))
                    return new(
                        span, "price/currency",
                        "Another line of this customer takes this product at the same time with the same currency and "
                        + "entity: a total could belong to both.");
                open.Add(waiting.Dequeue());
            }

            var defaults = open.Count(span => span.Line.IsDefault);
            if (open.Count < 2 || defaults == 1) continue;
            return new(
                open[^1], "is_default",
                $"{open.Count} lines of this customer take this product at the same time and {defaults} of them are "
                + "the default: exactly one must be.");
        }

        return null;
    }

    static bool SameTarget(LineSpan left, LineSpan right) =>
        left.Line.Price.Currency == right.Line.Price.Currency && left.Line.EntityRef == right.Line.EntityRef;

    /// <summary>The line of the terms to blame: the one that clashes, or one of its product.</summary>
    static int Place(ContractTerms terms, long contractId, LineSpan span)
    {
        for (var at = 0; at < terms.Lines.Count; at++)
            if (span.IsOf(contractId, terms.Lines[at].LineRef)) return at;
        for (var at = 0; at < terms.Lines.Count; at++)
            if (terms.Lines[at].ProductRef == span.Line.ProductRef && terms.Lines[at].Price.IsForUsage) return at;
        return 0;
    }

    sealed record Clash(LineSpan Span, string Field, string Reason);
}
