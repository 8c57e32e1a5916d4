using System.Globalization;

namespace Received.Billing.Payments;

/// <summary>Our ids as clients see them: "pay_3", "ref_2". They say nothing without the account.</summary>
public static class PaymentIds
{
    public const string PaymentPrefix = "pay_";
    public const string RefundPrefix = "ref_";

    public static string Payment(long id) => Format(PaymentPrefix, id);

    public static string Refund(long id) => Format(RefundPrefix, id);

    /// <summary>False for anything but the one way to write an id.</summary>
    public static bool TryParse(string prefix, string? text, out long id)
    {
        id = 0;
        return text is not null && text.StartsWith(prefix, StringComparison.Ordinal)
            && long.TryParse(
                text.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out id)
            && Format(prefix, id) == text;
    }

    static string Format(string prefix, long id) => prefix + id.ToString(CultureInfo.InvariantCulture);
}
