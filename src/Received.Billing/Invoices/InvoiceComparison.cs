using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Invoices;

/// <summary>An invoice as it is stored beside the same made anew; pure.</summary>
static class InvoiceComparison
{
    const int ShownCharacters = 60;

    public static IReadOnlyList<VerifiedLine> Lines(InvoiceRecord billed, InvoiceRecord anew)
    {
        var lines = new List<VerifiedLine>();
        for (var i = 0; i < Math.Max(billed.Lines.Count, anew.Lines.Count); i++)
        {
            var left = billed.Lines.ElementAtOrDefault(i);
            var right = anew.Lines.ElementAtOrDefault(i);
            var shown = left ?? right!;
            lines.Add(new(
                shown.LineRef, shown.Product, shown.Start, shown.End, left?.Quantity, right?.Quantity, left?.Amount,
                right?.Amount, left == right));
        }

        return lines;
    }

    /// <summary>Of the canonical form, byte for byte, and of the sums that are stored beside it.</summary>
    public static IEnumerable<string> Differences(InvoiceRow row, InvoiceRecord anew)
    {
        var text = anew.ToJson();
        var at = row.Document.AsSpan().CommonPrefixLength(text);
        if (at < row.Document.Length || at < text.Length)
        {
            yield return $"The canonical form differs at character {at}: stored \"{Around(row.Document, at)}\", anew "
                + $"\"{Around(text, at)}\".";
        }

        var currency = Currency.Parse(row.Currency);
        foreach (var (name, minor, made) in new[]
        {
            ("net", row.NetMinor, anew.Net), ("tax", row.TaxMinor, anew.Tax), ("total", row.TotalMinor, anew.Total),
        })
        {
            var stored = new Money(minor, currency).ToText();
            if (stored != made) yield return $"The {name} is stored as {stored} {row.Currency} and is {made} anew.";
        }
    }

    public static IEnumerable<string> Differences(string name, ChargeRow stored, PendingCharge anew)
    {
        foreach (var (what, left, right) in new (string, string, string)[]
        {
            ("amount", new Money(stored.AmountMinor, Currency.Parse(stored.Currency)).ToString(),
                anew.Amount.ToString()),
            ("quantity", Quantity.Format(stored.Quantity), Quantity.Format(anew.Priced.Quantity)),
            ("event count", $"{stored.EventCount}", $"{anew.Priced.EventCount}"),
            ("position", $"{stored.Generation}/{stored.NextOffset}",
                $"{anew.Position?.Generation ?? 0}/{anew.Position?.Next ?? 0}"),
        })
            if (left != right) yield return $"{name}: its {what} is stored as {left} and is {right} anew.";
    }

    static string Around(string text, int at)
    {
        var start = Math.Max(0, at - (ShownCharacters / 2));
        return text.Substring(start, Math.Min(ShownCharacters, text.Length - start));
    }
}

/// <summary>What making an invoice anew came to.</summary>
/// <param name="Differences">Sentences; none where it is equal byte for byte.</param>
public sealed record VerifiedInvoice(IReadOnlyList<VerifiedLine> Lines, IReadOnlyList<string> Differences)
{
    public bool Equal => Differences.Count == 0;
}

/// <summary>A line as it was billed and as it is anew; null where one of them has none.</summary>
/// <param name="End">The day after the last one.</param>
public sealed record VerifiedLine(
    string LineRef, string Product, DateOnly Start, DateOnly End, string? Quantity, string? QuantityAnew,
    string? Amount, string? AmountAnew, bool Equal);
