using System.Globalization;
using System.Text;

namespace Received.Model;

/// <summary>Why a text is no quantity.</summary>
public enum QuantityError
{
    None,
    Malformed,
    TooManyDecimals,
    TooLarge,
}

/// <summary>
/// An exact quantity: at most 12 decimals, its amount below 10^15 (law 8). Kept as an integer scaled by 10^12, so that
/// sums are integer sums. 10^27 is below 2^90: 2^37 quantities can be added before 128 bits could overflow.
/// </summary>
public readonly record struct Quantity(Int128 Scaled)
{
    public const int DecimalsMax = 12;
    public const int IntegerDigitsMax = 15;

    const int TextLengthMax = 64;
    const int LongDigitsMax = 18;

    static readonly Int128[] PowersOfTen = MakePowers();

    public static readonly Int128 Scale = 1_000_000_000_000;

    /// <summary>Exclusive bound of the scaled amount.</summary>
    public static readonly Int128 ScaledLimit = (Int128)1_000_000_000_000_000 * 1_000_000_000_000;

    public static Quantity Of(long whole) => new(whole * Scale);

    /// <summary>
    /// Reads a JSON number (RFC 8259 grammar, exponent included) exactly. Trailing zeros past the twelfth decimal are
    /// no decimals; anything else past it is refused, not rounded.
    /// </summary>
    public static QuantityError TryParse(ReadOnlySpan<byte> utf8, out Quantity quantity)
    {
        quantity = default;
        if (!JsonNumber.TryRead(utf8, out var number)) return QuantityError.Malformed;
        if (number.DigitCount == 0) return QuantityError.None;

        // value = digits * 10^exponent, digits without zeros at either end.
        if (number.Exponent + number.DigitCount > IntegerDigitsMax) return QuantityError.TooLarge;
        if (-number.Exponent > DecimalsMax) return QuantityError.TooManyDecimals;
        var digits = utf8.Slice(number.DigitStart, number.DigitSpan);
        var scaled = (number.DigitCount <= LongDigitsMax ? Short(digits) : Long(digits))
            * PowersOfTen[number.Exponent + DecimalsMax];
        quantity = new(number.Negative ? -scaled : scaled);
        return QuantityError.None;
    }

    /// <summary>Digits that fit 64 bits, as nearly all do: 128-bit products cost ten times as much.</summary>
    static long Short(ReadOnlySpan<byte> digits)
    {
        long value = 0;
        foreach (var c in digits)
            if (c != '.') value = (value * 10) + (c - '0');
        return value;
    }

    static Int128 Long(ReadOnlySpan<byte> digits)
    {
        Int128 value = 0;
        foreach (var c in digits)
            if (c != '.') value = (value * 10) + (c - '0');
        return value;
    }

    static Int128[] MakePowers()
    {
        var powers = new Int128[IntegerDigitsMax + DecimalsMax];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++) powers[i] = powers[i - 1] * 10;
        return powers;
    }

    /// <summary>As above, of text; false for whatever is no quantity.</summary>
    public static bool TryParse(string text, out Quantity quantity)
    {
        quantity = default;
        return text.Length <= TextLengthMax
            && TryParse(Encoding.UTF8.GetBytes(text), out quantity) == QuantityError.None;
    }

    /// <summary>What <see cref="Format"/> has written, sums included.</summary>
    /// <exception cref="FormatException">Something else.</exception>
    public static Int128 ParseScaled(string text)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var decimals = point < 0 ? 0 : text.Length - point - 1;
        if (decimals > DecimalsMax) throw new FormatException($"'{text}' has more than {DecimalsMax} decimals.");
        var digits = point < 0 ? text : text.Remove(point, 1);
        return Int128.Parse(
            digits + new string('0', DecimalsMax - decimals), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture);
    }

    /// <summary>The shortest plain decimal: no exponent, no trailing zeros, "-" only before an amount above
    /// zero.</summary>
    public override string ToString() => Format(Scaled);

    /// <summary>As <see cref="ToString"/>, for sums, which may exceed a single quantity's bound.</summary>
    public static string Format(Int128 scaled)
    {
        var negative = scaled < 0;
        var magnitude = negative ? (UInt128)(-(scaled + 1)) + 1 : (UInt128)scaled;
        var (whole, fraction) = UInt128.DivRem(magnitude, (UInt128)Scale);
        var text = new StringBuilder();
        if (negative) text.Append('-');
        text.Append(whole.ToString(CultureInfo.InvariantCulture));
        if (fraction != 0)
        {
            text.Append('.');
            text.Append(fraction.ToString("D12", CultureInfo.InvariantCulture).TrimEnd('0'));
        }

        return text.ToString();
    }
}
