using System.Text;

namespace Received.Billing.Payments.Wire;

/// <summary>
/// What payers write. Banks wrap it, cut it and put spaces where they like, and the words after a reference may stick
/// to it: so all but letters and digits is dropped, and of what follows an "RF" only what has right check digits
/// counts.
/// </summary>
static class ReferenceText
{
    const int LengthMin = 12;
    const int LengthMax = 25;

    /// <summary>The invoices named by references of ours, each once, in order. Whether they exist is another
    /// question.</summary>
    public static IReadOnlyList<long> InvoicesIn(string text)
    {
        var compact = Compact(text);
        List<long> found = [];
        var at = compact.IndexOf("RF", StringComparison.Ordinal);
        while (at >= 0)
        {
            if (ReferenceAt(compact, at) is { } reference && RfReference.InvoiceOf(reference) is { } invoice
                && !found.Contains(invoice)) found.Add(invoice);
            at = compact.IndexOf("RF", at + 2, StringComparison.Ordinal);
        }

        return found;
    }

    /// <summary>The shortest that is right: ours are as short as can be, and what is glued to them comes
    /// after.</summary>
    static string? ReferenceAt(string compact, int at)
    {
        for (var length = LengthMin; length <= LengthMax && at + length <= compact.Length; length++)
        {
            var candidate = compact.Substring(at, length);
            if (RfReference.IsValid(candidate) && RfReference.InvoiceOf(candidate) is not null) return candidate;
        }

        return null;
    }

    static string Compact(string text)
    {
        var compact = new StringBuilder(text.Length);
        foreach (var c in text)
            if (char.IsAsciiLetterOrDigit(c)) compact.Append(char.ToUpperInvariant(c));
        return compact.ToString();
    }
}
