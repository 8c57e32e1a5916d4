using System.Collections.Frozen;

namespace Received.Model;

/// <summary>
/// An ISO 4217 currency that money can be owed in, with the digits of its minor unit. Source: ISO 4217 list one as of
/// 2026 (funds, metals and test codes left out).
/// </summary>
public readonly record struct Currency
{
    const string TwoDigits =
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
        + "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
        + "JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD "
        + "NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
        + "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

    const string NoDigits = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    const string ThreeDigits = "BHD IQD JOD KWD LYD OMR TND";
    const string FourDigits = "CLF UYW";

    static readonly FrozenDictionary<string, Currency> Known = Enumerable.Empty<Currency>()
        .Concat(Read(TwoDigits, 2)).Concat(Read(NoDigits, 0)).Concat(Read(ThreeDigits, 3)).Concat(Read(FourDigits, 4))
        .ToFrozenDictionary(currency => currency.Code);

    readonly string? _code;

    Currency(string code, int minorDigits)
    {
        _code = code;
        MinorDigits = minorDigits;
    }

    /// <summary>Three capital letters.</summary>
    public string Code => _code ?? throw new InvalidOperationException("No currency.");

    /// <summary>Decimals of an amount: 2 for EUR, 0 for JPY, 3 for KWD.</summary>
    public int MinorDigits { get; }

    /// <summary>False for anything but the capital code of a current currency.</summary>
    public static bool TryParse(string? code, out Currency currency)
    {
        currency = default;
        return code is not null && Known.TryGetValue(code, out currency);
    }

    /// <exception cref="FormatException">No currency of that code.</exception>
    public static Currency Parse(string code) => TryParse(code, out var currency)
        ? currency
        : throw new FormatException($"'{code}' is no ISO 4217 currency code.");

    public override string ToString() => Code;

    static IEnumerable<Currency> Read(string codes, int minorDigits) =>
        codes.Split(' ').Select(code => new Currency(code, minorDigits));
}
