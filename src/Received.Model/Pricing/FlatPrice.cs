using System.Numerics;

namespace Received.Model.Pricing;

/// <summary>A fee for a whole cycle, whatever is used; a part of a cycle costs its part of the time.</summary>
public sealed record FlatPrice(Money Amount) : Price
{
    public override Currency Currency => Amount.Currency;

    public override bool IsForUsage => false;

    public override IReadOnlyList<PricedLine> Charge(Slice slice)
    {
        var major = Money.MinorPerMajor(Currency);
        var amount = Money.Round(
            (BigInteger)Amount.Minor * slice.Time.Part, (BigInteger)major * slice.Time.Whole, Currency);
        var isWhole = slice.Time.Part == slice.Time.Whole;
        return [new(isWhole ? Quantity.Scale : 0, isWhole ? Amount.Minor * (Quantity.Scale / major) : null, amount)];
    }
}
