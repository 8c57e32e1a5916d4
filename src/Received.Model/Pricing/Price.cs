namespace Received.Model.Pricing;

/// <summary>
/// What a contract line costs. A price is a pure function of a slice's quantity and time: no clock, no store. One model
/// a file; <see cref="PriceModels"/> is the table of all.
/// </summary>
public abstract record Price
{
    public abstract Currency Currency { get; }

    /// <summary>False for what is owed for time alone: such a line needs no product's totals.</summary>
    public abstract bool IsForUsage { get; }

    /// <summary>The price of a slice: exact lines, each rounded once, that add up to what is owed.</summary>
    public abstract IReadOnlyList<PricedLine> Charge(Slice slice);

    public Money Total(Slice slice) => Money.Sum(Charge(slice).Select(line => line.Amount), Currency);
}

/// <summary>A part of a cycle under one price.</summary>
/// <param name="Quantity">What was used in it, scaled by 10^12.</param>
/// <param name="Time">Which part of the whole cycle it is.</param>
public readonly record struct Slice(Int128 Quantity, TimeShare Time);

/// <summary>A part of a whole, both in milliseconds of local time: 15 days of a month of 31.</summary>
/// <param name="Whole">Above zero.</param>
public readonly record struct TimeShare(long Part, long Whole)
{
    public static readonly TimeShare All = new(1, 1);
}

/// <param name="Quantity">Scaled by 10^12.</param>
/// <param name="UnitPrice">Scaled by 10^12, in major units; null where the amount is not a product.</param>
public sealed record PricedLine(Int128 Quantity, Int128? UnitPrice, Money Amount);
