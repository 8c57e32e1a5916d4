using System.Buffers;
using System.Globalization;
using System.Text;

namespace Received.Billing.Documents;

/// <summary>
/// Numbers, money and dates as the customer's language writes them. The process runs without culture data, so the
/// forms are stated here; digits are moved as text and never pass through floating point, nor are they rounded.
/// </summary>
sealed class DocumentFormat
{
    const char NoBreakSpace = '\u00A0';
    const char NarrowNoBreakSpace = '\u202F';

    static readonly SearchValues<char> PlainCharacters = SearchValues.Create("0123456789.");

    static readonly string[] EnglishMonths =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    readonly string _language;
    readonly char _group;
    readonly char _point;

    public DocumentFormat(string language)
    {
        _language = Primary(language);
        (_group, _point) = _language switch
        {
            "de" => ('.', ','),
            "fr" => (NarrowNoBreakSpace, ','),
            _ => (',', '.'),
        };
    }

    /// <summary>"de-AT" is "de".</summary>
    public static string Primary(string language)
    {
        var end = language.AsSpan().IndexOfAny('-', '_');
        return (end < 0 ? language : language[..end]).ToLowerInvariant();
    }

    /// <param name="decimals">At least so many digits after the point.</param>
    public string Amount(decimal amount, int decimals)
    {
        var text = amount.ToString(CultureInfo.InvariantCulture);
        var point = text.IndexOf('.');
        // Zeros past the currency's digits say nothing: 5.0000 EUR is 5.00.
        if (point >= 0)
        {
            while (text.Length - point - 1 > decimals && text[^1] == '0') text = text[..^1];
            if (text[^1] == '.') text = text[..^1];
        }

        point = text.IndexOf('.');
        var have = point < 0 ? 0 : text.Length - point - 1;
        if (have < decimals) text = (point < 0 ? text + "." : text) + new string('0', decimals - have);
        return Number(text);
    }

    public string Money(decimal amount, int decimals, string currency) => _language is "de" or "fr"
        ? Amount(amount, decimals) + NoBreakSpace + currency
        : currency + NoBreakSpace + Amount(amount, decimals);

    /// <summary>A plain decimal with groups and the language's point; other text comes back as it is.</summary>
    public string Number(string plain)
    {
        var start = plain.Length > 0 && plain[0] == '-' ? 1 : 0;
        var point = plain.IndexOf('.');
        var end = point < 0 ? plain.Length : point;
        if (end == start || plain.AsSpan(start).ContainsAnyExcept(PlainCharacters)
            || (point >= 0 && plain.AsSpan(point + 1).Contains('.'))) return plain;
        var text = new StringBuilder(plain, 0, start, plain.Length + 12);
        for (var at = start; at < end; at++)
        {
            if (at > start && (end - at) % 3 == 0) text.Append(_group);
            text.Append(plain[at]);
        }

        if (point >= 0) text.Append(_point).Append(plain, point + 1, plain.Length - point - 1);
        return text.ToString();
    }

    public string Percent(string rate) => _language is "de" or "fr"
        ? Number(rate) + NoBreakSpace + "%"
        : Number(rate) + "%";

    public string Date(DateOnly date) => _language switch
    {
        "en" => $"{date.Day}{NoBreakSpace}{EnglishMonths[date.Month - 1]}{NoBreakSpace}{date.Year:0000}",
        "de" => date.ToString("dd'.'MM'.'yyyy", CultureInfo.InvariantCulture),
        "fr" => date.ToString("dd'/'MM'/'yyyy", CultureInfo.InvariantCulture),
        _ => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
    };

    public string Period(DateOnly first, DateOnly last) => first == last
        ? Date(first)
        : $"{Date(first)}{NoBreakSpace}– {Date(last)}";

    /// <summary>IBANs and ISO 11649 references are read in fours.</summary>
    public static string InFours(string text)
    {
        var compact = text.Replace(" ", "", StringComparison.Ordinal);
        var fours = new StringBuilder(compact.Length + (compact.Length / 4));
        for (var at = 0; at < compact.Length; at++)
        {
            if (at > 0 && at % 4 == 0) fours.Append(NoBreakSpace);
            fours.Append(compact[at]);
        }

        return fours.ToString();
    }

    public static string Fill(string pattern, params ReadOnlySpan<object?> values) =>
        string.Format(CultureInfo.InvariantCulture, pattern, values);
}
