using System.Text;
using System.Text.RegularExpressions;
using NodaTime;

namespace Received.Billing.Catalog;

/// <summary>Checks fields one after the other and keeps the first refusal, so that each check stays a line.</summary>
sealed partial class FieldCheck
{
    // As on the usage wire: what names a thing there names it here.
    public const int RefBytesMax = 128;
    public const int NameLengthMax = 200;

    const int AddressLinesMax = 8;
    const int IbanRemainder = 1;

    public Refusal? First { get; private set; }

    public void Refuse(string pointer, string reason) => First ??= Refusal.Invalid(pointer, reason);

    public void Require(bool holds, string pointer, string reason)
    {
        if (!holds) Refuse(pointer, reason);
    }

    public void Ref(string pointer, string value) => Require(
        IsRef(value), pointer,
        $"It must have 1 to {RefBytesMax} bytes of UTF-8, without U+0000, and be neither '.' nor '..'.");

    /// <summary>Dots alone cannot stand in a path: clients take them away.</summary>
    public static bool IsRef(string value) => value.Length > 0 && Encoding.UTF8.GetByteCount(value) <= RefBytesMax
        && !value.Contains('\0', StringComparison.Ordinal) && value is not ("." or "..");

    /// <summary>Text that documents show; on one line.</summary>
    public void Text(string pointer, string? value, int lengthMax = NameLengthMax, bool mayBeEmpty = false)
    {
        if (value is null) return;
        Require(
            (mayBeEmpty || !string.IsNullOrWhiteSpace(value)) && value.Length <= lengthMax
                && !value.Any(char.IsControl),
            pointer,
            $"It must be one line of {(mayBeEmpty ? "at most" : "1 to")} {lengthMax} characters.");
    }

    public void Address(string pointer, IReadOnlyList<string> lines)
    {
        Require(
            lines.Count is >= 1 and <= AddressLinesMax, pointer, $"It must have 1 to {AddressLinesMax} lines.");
        for (var at = 0; at < lines.Count; at++) Text($"{pointer}/{at}", lines[at]);
    }

    public void Country(string pointer, string value) => Require(
        CountryPattern().IsMatch(value), pointer, "It must be an ISO 3166-1 code of two capital letters, such as DE.");

    public void Email(string pointer, string? value)
    {
        Text(pointer, value);
        Require(
            value is null || EmailPattern().IsMatch(value), pointer,
            "It must be an address such as billing@example.com.");
    }

    public void Language(string pointer, string value) => Require(
        LanguagePattern().IsMatch(value), pointer, "It must be a BCP 47 language tag, such as en or de-AT.");

    public void Zone(string pointer, string value) => Require(
        DateTimeZoneProviders.Tzdb.GetZoneOrNull(value) is not null, pointer,
        "It must be an IANA time zone, such as Europe/Berlin.");

    public void Bic(string pointer, string? value) => Require(
        value is null || BicPattern().IsMatch(value), pointer, "It must be a BIC of 8 or 11 characters.");

    /// <summary>ISO 13616: letters are 10 to 35, the first four characters go to the end; modulo 97 is 1.</summary>
    public void Iban(string pointer, string? value) => Require(
        value is null || (IbanPattern().IsMatch(value) && IbanSum(value) == IbanRemainder), pointer,
        "It must be an IBAN in capital letters; spaces may stand in it. Its check digits must be right.");

    /// <summary>As banks write it in files: without the spaces.</summary>
    public static string? Compact(string? text) => text?.Replace(" ", "", StringComparison.Ordinal);

    static int IbanSum(string iban)
    {
        var sum = 0;
        foreach (var c in iban[4..] + iban[..4])
        {
            var value = char.IsAsciiDigit(c) ? c - '0' : c - 'A' + 10;
            sum = ((sum * (value > 9 ? 100 : 10)) + value) % 97;
        }

        return sum;
    }

    [GeneratedRegex("^[A-Z]{2}\\z")]
    private static partial Regex CountryPattern();

    [GeneratedRegex("^[^@\\s]{1,64}@[^@\\s]+\\z")]
    private static partial Regex EmailPattern();

    [GeneratedRegex("^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,5}\\z")]
    private static partial Regex LanguagePattern();

    [GeneratedRegex("^[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\\z")]
    private static partial Regex BicPattern();

    [GeneratedRegex("^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\\z")]
    private static partial Regex IbanPattern();
}
