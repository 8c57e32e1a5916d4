using CsCheck;
using Received.Model;
using Received.Model.Pricing;
using Xunit;

namespace Received.Tests.Model;

public sealed class PriceTests
{
    static readonly Currency Eur = Currency.Parse("EUR");

    [Theory]
    [InlineData("0.0025", "1234567", "3086.42")]
    [InlineData("0.1212", "100", "12.12")]
    [InlineData("0.005", "1", "0.01")]
    [InlineData("0.005", "-1", "-0.01")]
    [InlineData("0.000000000001", "999999999999999", "1000.00")]
    [InlineData("10", "0", "0.00")]
    public void A_per_unit_price_is_quantity_times_price_rounded_once(string unit, string quantity, string expected)
    {
        var price = new PerUnitPrice(Eur, Quantity.ParseScaled(unit));
        var line = Assert.Single(price.Charge(new(Quantity.ParseScaled(quantity), TimeShare.All)));
        Assert.Equal(expected, line.Amount.ToText());
        Assert.Equal(Quantity.ParseScaled(quantity), line.Quantity);
        Assert.Equal(Quantity.ParseScaled(unit), line.UnitPrice);
    }

    [Theory]
    [InlineData("31.00", 15, 31, "15.00")]
    [InlineData("100.00", 1, 3, "33.33")]
    [InlineData("100.00", 2, 3, "66.67")]
    [InlineData("49.00", 1, 1, "49.00")]
    [InlineData("49.00", 0, 31, "0.00")]
    public void A_flat_price_is_owed_for_its_part_of_the_time(string amount, long part, long whole, string expected)
    {
        Assert.True(Money.TryParse(amount, Eur, out var money));
        Assert.Equal(expected, new FlatPrice(money).Total(new(0, new(part, whole))).ToText());
    }

    [Fact]
    public void Every_model_reads_what_it_has_written()
    {
        var price = Gen.OneOf(
            Gen.Long[0, Money.MinorLimit - 1].Select(Price (minor) => new FlatPrice(new(minor, Eur))),
            Gen.Long[0, long.MaxValue].Select(Price (scaled) => new PerUnitPrice(Currency.Parse("JPY"), scaled)));
        price.Sample(p => Assert.Equal(p, PriceModels.Read(PriceModels.Write(p), out _)));
        Assert.Equal(["flat", "per_unit"], PriceModels.Names);
    }

    [Theory]
    [InlineData("tiered", "EUR", "1", null, "model")]
    [InlineData("flat", "eur", "1", null, "currency")]
    [InlineData("flat", "EUR", null, null, "amount")]
    [InlineData("flat", "EUR", "-1", null, "amount")]
    [InlineData("flat", "EUR", "1.001", null, "amount")]
    [InlineData("flat", "EUR", "1", "1", "unit_price")]
    [InlineData("per_unit", "EUR", null, "-0.1", "unit_price")]
    [InlineData("per_unit", "EUR", null, null, "unit_price")]
    [InlineData("per_unit", "EUR", null, "0.0000000000001", "unit_price")]
    [InlineData("per_unit", "EUR", "1", "1", "amount")]
    public void A_wrong_price_is_refused_by_its_field(
        string model, string currency, string? amount, string? unitPrice, string field)
    {
        Assert.Null(PriceModels.Read(new(model, currency, amount, unitPrice), out var refusal));
        Assert.Equal(field, refusal!.Field);
    }
}
