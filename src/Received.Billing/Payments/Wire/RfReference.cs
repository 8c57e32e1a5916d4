using System.Globalization;

namespace Received.Billing.Payments.Wire;

/// <summary>
/// Creditor references (ISO 11649): "RF", two check digits (ISO 7064, mod 97-10) and a body of 1 to 21 letters or
/// digits. Ours have the invoice's number of the database as body, so that a transfer finds its invoice without a
/// search and a slip of one figure, or two changed about, finds none.
/// </summary>
public static class RfReference
{
    const string Prefix = "RF";
    const int HeadLength = 4;
    const int BodyLengthMax = 21;
    const int GroupLength = 4;

    /// <summary>So that a reference is three groups of four, and a short chance find is none of ours.</summary>
    const int OwnDigits = 8;

    /// <summary>What a transfer for this invoice shall state, without spaces.</summary>
    public static string OfInvoice(long invoiceId) =>
        Make(invoiceId.ToString("D" + OwnDigits, CultureInfo.InvariantCulture));

    /// <param name="body">1 to 21 of A-Z and 0-9.</param>
    /// <exception cref="ArgumentException">It is not.</exception>
    public static string Make(string body)
    {
        if (body.Length is 0 or > BodyLengthMax || !body.All(IsSign))
            throw new ArgumentException("A body is 1 to 21 of A-Z and 0-9.", nameof(body));
        var check = 98 - Remainder(body + Prefix + "00");
        return $"{Prefix}{check:D2}{body}";
    }

    /// <summary>Whether it is one, written without spaces and in capitals.</summary>
    public static bool IsValid(string reference) =>
        reference.Length is > HeadLength and <= HeadLength + BodyLengthMax
        && reference.StartsWith(Prefix, StringComparison.Ordinal) && reference.All(IsSign)
        && char.IsAsciiDigit(reference[2]) && char.IsAsciiDigit(reference[3])
        && Remainder(reference[HeadLength..] + reference[..HeadLength]) == 1;

    /// <summary>As it is printed: "RF74 0000 0001".</summary>
    public static string Grouped(string reference) =>
        string.Join(' ', reference.Chunk(GroupLength).Select(group => new string(group)));

    /// <summary>The invoice that a valid reference of ours names; null for any other.</summary>
    internal static long? InvoiceOf(string reference)
    {
        var body = reference[HeadLength..];
        return body.Length >= OwnDigits && body.All(char.IsAsciiDigit)
            && long.TryParse(body, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0
            ? id
            : null;
    }

    static bool IsSign(char c) => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c);

    static int Remainder(string text)
    {
        var remainder = 0;
        foreach (var c in text)
            remainder = char.IsAsciiDigit(c)
                ? ((remainder * 10) + c - '0') % 97
                : ((remainder * 100) + c - 'A' + 10) % 97;
        return remainder;
    }
}
