using Received.Billing.Payments.Stripe;
using Received.Model;
using Xunit;

namespace Received.Tests.Billing.Payments;

public sealed class StripeAmountsTests
{
    [Theory]
    [InlineData("EUR", 4_900, 4_900)]
    [InlineData("JPY", 500, 500)]
    [InlineData("ISK", 5_000, 500_000)]
    [InlineData("UGX", 5, 500)]
    [InlineData("MGA", 1_200, 12)]
    [InlineData("KWD", 5_120, 5_120)]
    public void Amounts_go_there_and_back(string currency, long ours, long theirs)
    {
        var money = new Money(ours, Currency.Parse(currency));
        Assert.Equal(theirs, StripeAmounts.ToStripe(money));
        Assert.Equal(money, StripeAmounts.FromStripe(theirs, currency.ToLowerInvariant()));
    }

    [Theory]
    [InlineData("MGA", 1_250)]
    [InlineData("KWD", 5_124)]
    public void What_Stripe_cannot_say_is_not_rounded(string currency, long ours) =>
        Assert.Null(StripeAmounts.ToStripe(new(ours, Currency.Parse(currency))));

    [Fact]
    public void What_we_cannot_say_is_not_rounded()
    {
        Assert.Null(StripeAmounts.FromStripe(500_050, "isk"));
        Assert.Null(StripeAmounts.FromStripe(100, "xx"));
        Assert.Null(StripeAmounts.FromStripe(100, null));
    }
}
