using System.Globalization;
using System.Numerics;

namespace Received.Model;

/// <summary>
/// An amount that can be owed: whole minor units of a currency, exactly (law 8). Products and shares are computed in
/// wide integers and become money by <see cref="Rounding"/>; sums are checked.
/// </summary>
/// <param name="Minor">Cents of EUR, yen of JPY; negative for what is given back.</param>
public readonly record struct Money(long Minor, Currency Currency) : IComparable<Money>
{
    /// <summary>Bound of an amount that may be entered: 10^15 minor units, so that thousands of them add up in 64
    /// bits.</summary>
    public const long MinorLimit = 1_000_000_000_000_000;

    static readonly long[] Powers = [1, 10, 100, 1_000, 10_000];

    public decimal Amount => new decimal(Minor) / Powers[Currency.MinorDigits];

    public bool IsZero => Minor == 0;

    public static Money Zero(Currency currency) => new(0, currency);

    /// <summary>Minor units of one major unit: 100 for EUR.</summary>
    public static long MinorPerMajor(Currency currency) => Powers[currency.MinorDigits];

    /// <summary>Reads a plain decimal exactly; more decimals than the currency has are refused, not rounded.</summary>
    /// <returns>False too where the amount reaches <see cref="MinorLimit"/>.</returns>
    public static bool TryParse(string text, Currency currency, out Money money)
    {
        money = default;
        // A decimal has 28 digits: what it dropped while reading would be lost silently.
        if (text.Length > 28 || !decimal.TryParse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var amount)) return false;
        if (Math.Abs(amount) >= new decimal(MinorLimit) / MinorPerMajor(currency)) return false;
        var minor = amount * MinorPerMajor(currency);
        if (decimal.Truncate(minor) != minor) return false;
        money = new(decimal.ToInt64(minor), currency);
        return true;
    }

    /// <summary>Numerator/denominator of a major unit, rounded once.</summary>
    /// <exception cref="OverflowException">Past 64 bits of minor units.</exception>
    public static Money Round(BigInteger numerator, BigInteger denominator, Currency currency) => new(
        checked((long)Rounding.HalfAwayFromZero(numerator * MinorPerMajor(currency), denominator)), currency);

    public static Money Sum(IEnumerable<Money> amounts, Currency currency) =>
        amounts.Aggregate(Zero(currency), (sum, amount) => sum + amount);

    public static Money operator +(Money left, Money right) =>
        new(checked(left.Minor + right.MinorIn(left.Currency)), left.Currency);

    public static Money operator -(Money left, Money right) =>
        new(checked(left.Minor - right.MinorIn(left.Currency)), left.Currency);

    public static Money operator -(Money amount) => new(checked(-amount.Minor), amount.Currency);

    public static bool operator <(Money left, Money right) => left.CompareTo(right) < 0;

    public static bool operator >(Money left, Money right) => left.CompareTo(right) > 0;

    public static bool operator <=(Money left, Money right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Money left, Money right) => left.CompareTo(right) >= 0;

    public int CompareTo(Money other) => Minor.CompareTo(other.MinorIn(Currency));

    /// <summary>The amount alone with all its decimals: "1234.50".</summary>
    public string ToText() => Amount.ToString(
        "F" + Currency.MinorDigits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    public override string ToString() => $"{ToText()} {Currency.Code}";

    long MinorIn(Currency currency) => currency == Currency
        ? Minor
        : throw new InvalidOperationException($"{Currency.Code} and {currency.Code} cannot be added or compared.");
}
