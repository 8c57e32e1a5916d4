using System.Numerics;

namespace Received.Model;

/// <summary>A rate in percent with at most 12 decimals: 19, 8.875. Not negative, at most 100.</summary>
/// <param name="Scaled">Scaled by 10^12.</param>
public readonly record struct Percent(Int128 Scaled)
{
    static readonly Int128 Whole = 100 * Quantity.Scale;

    public static Percent Zero => default;

    public static bool TryParse(string text, out Percent percent)
    {
        percent = default;
        if (!Quantity.TryParse(text, out var value) || value.Scaled < 0 || value.Scaled > Whole) return false;
        percent = new(value.Scaled);
        return true;
    }

    /// <summary>This part of an amount, rounded once.</summary>
    public Money Of(Money amount) => Money.Round(
        (BigInteger)amount.Minor * (BigInteger)Scaled,
        (BigInteger)Whole * Money.MinorPerMajor(amount.Currency), amount.Currency);

    public override string ToString() => Quantity.Format(Scaled);
}
