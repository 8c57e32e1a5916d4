using System.Globalization;

namespace Received.Billing.Invoices;

/// <summary>An invoice's id and number as text.</summary>
public static class InvoiceId
{
    const string Prefix = "inv_";

    public static string Format(long id) => Prefix + id.ToString(CultureInfo.InvariantCulture);

    public static bool TryParse(string text, out long id)
    {
        id = 0;
        return text.StartsWith(Prefix, StringComparison.Ordinal)
            && long.TryParse(
                text.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out id);
    }

    /// <summary>"INV-000017".</summary>
    public static string Number(string series, long number) =>
        series + number.ToString("D6", CultureInfo.InvariantCulture);

    public static string Name(InvoiceState state) => state switch
    {
        InvoiceState.Draft => "draft",
        InvoiceState.Issued => "issued",
        InvoiceState.PartlyPaid => "partly_paid",
        InvoiceState.Paid => "paid",
        InvoiceState.Void => "void",
    };
}
