using System.Numerics;
using CsCheck;
using Received.Model;
using Xunit;

namespace Received.Tests.Model;

public sealed class MoneyTests
{
    static readonly Currency Eur = Currency.Parse("EUR");

    [Theory]
    [InlineData("0.005", "EUR", false)]
    [InlineData("12.34", "EUR", true)]
    [InlineData("12.340", "EUR", true)]
    [InlineData("12.5", "JPY", false)]
    [InlineData("12", "JPY", true)]
    [InlineData("1.234", "KWD", true)]
    [InlineData("9999999999999.99", "EUR", true)]
    [InlineData("10000000000000.00", "EUR", false)]
    [InlineData("0.0000000000000000000000000000001", "EUR", false)]
    [InlineData("1e2", "EUR", false)]
    [InlineData("1,000.00", "EUR", false)]
    [InlineData(" 1", "EUR", false)]
    [InlineData("NaN", "EUR", false)]
    public void Law_8_an_amount_is_taken_exactly_or_refused(string text, string code, bool isTaken) =>
        Assert.Equal(isTaken, Money.TryParse(text, Currency.Parse(code), out _));

    [Fact]
    public void An_amount_is_written_with_its_currencys_decimals_and_reads_back()
    {
        string[] codes = ["EUR", "JPY", "KWD", "CLF"];
        Gen.Select(Gen.Long[-Money.MinorLimit + 1, Money.MinorLimit - 1], Gen.Int[0, 3].Select(i => codes[i]))
            .Sample((minor, code) =>
            {
                var money = new Money(minor, Currency.Parse(code));
                Assert.True(Money.TryParse(money.ToText(), money.Currency, out var read));
                Assert.Equal(money, read);
            });
    }

    [Fact]
    public void Law_8_sums_past_64_bits_are_an_error_and_currencies_do_not_mix()
    {
        Assert.Throws<OverflowException>(() => new Money(long.MaxValue, Eur) + new Money(1, Eur));
        Assert.Throws<OverflowException>(() => -new Money(long.MinValue, Eur));
        Assert.Throws<InvalidOperationException>(() => new Money(1, Eur) + new Money(1, Currency.Parse("USD")));
        Assert.Throws<OverflowException>(() => Money.Round(BigInteger.Pow(10, 20), 1, Eur));
    }

    [Theory]
    [InlineData(5, 2, 3)]
    [InlineData(-5, 2, -3)]
    [InlineData(5, -2, -3)]
    [InlineData(4, 3, 1)]
    [InlineData(-4, 3, -1)]
    [InlineData(0, 7, 0)]
    public void Halves_are_rounded_away_from_zero(int numerator, int denominator, int expected) =>
        Assert.Equal(expected, Rounding.HalfAwayFromZero(numerator, denominator));

    [Fact]
    public void Rounding_is_never_off_by_more_than_a_half_and_is_symmetric()
    {
        Gen.Select(Gen.Long, Gen.Long[1, long.MaxValue]).Sample((numerator, denominator) =>
        {
            var rounded = Rounding.HalfAwayFromZero(numerator, denominator);
            Assert.True(BigInteger.Abs((rounded * denominator) - numerator) * 2 <= denominator);
            Assert.Equal(-rounded, Rounding.HalfAwayFromZero(-(BigInteger)numerator, denominator));
        });
    }

    [Theory]
    [InlineData("19", 1000, 190)]
    [InlineData("8.875", 1000, 89)]
    [InlineData("0", 1000, 0)]
    [InlineData("7", 50, 4)]
    [InlineData("7", -50, -4)]
    public void A_rate_of_an_amount_is_rounded_once(string rate, long minor, long expected)
    {
        Assert.True(Percent.TryParse(rate, out var percent));
        Assert.Equal(new Money(expected, Eur), percent.Of(new(minor, Eur)));
        Assert.Equal(rate, percent.ToString());
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("100.1")]
    [InlineData("1.0000000000001")]
    [InlineData("")]
    public void A_rate_outside_of_0_to_100_or_too_fine_is_refused(string rate) =>
        Assert.False(Percent.TryParse(rate, out _));

    [Theory]
    [InlineData("eur")]
    [InlineData("XTS")]
    [InlineData("EURO")]
    [InlineData("")]
    [InlineData(null)]
    public void Only_current_currencies_are_known(string? code) => Assert.False(Currency.TryParse(code, out _));

    [Fact]
    public void A_stored_quantity_reads_back_whatever_its_size()
    {
        Gen.Select(Gen.Long, Gen.Long).Sample((high, low) =>
        {
            var scaled = ((Int128)high * 1_000_000_000) + low;
            Assert.Equal(scaled, Quantity.ParseScaled(Quantity.Format(scaled)));
        });
    }
}
