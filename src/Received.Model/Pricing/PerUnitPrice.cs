using System.Numerics;

namespace Received.Model.Pricing;

/// <summary>The same price for every unit.</summary>
/// <param name="UnitPrice">In major units, scaled by 10^12: 0.0025 EUR is 2,500,000,000.</param>
public sealed record PerUnitPrice(Currency PriceCurrency, Int128 UnitPrice) : Price
{
    public override Currency Currency => PriceCurrency;

    public override bool IsForUsage => true;

    public override IReadOnlyList<PricedLine> Charge(Slice slice)
    {
        var scale = (BigInteger)Quantity.Scale;
        var amount = Money.Round((BigInteger)slice.Quantity * (BigInteger)UnitPrice, scale * scale, Currency);
        return [new(slice.Quantity, UnitPrice, amount)];
    }
}
