using Received.Billing.Documents;
using Xunit;

namespace Received.Tests.Billing.Documents;

/// <summary>Money, numbers and dates as a customer's language writes them; \u00A0 and \u202F do not break.</summary>
public sealed class DocumentFormatTests
{
    [Theory]
    [InlineData("en", "EUR\u00A01,234,567.50", "0.0025", "1\u00A0Nov\u00A02026", "7.7%")]
    [InlineData("en-GB", "EUR\u00A01,234,567.50", "0.0025", "1\u00A0Nov\u00A02026", "7.7%")]
    [InlineData("de", "1.234.567,50\u00A0EUR", "0,0025", "01.11.2026", "7,7\u00A0%")]
    [InlineData("DE_at", "1.234.567,50\u00A0EUR", "0,0025", "01.11.2026", "7,7\u00A0%")]
    [InlineData("fr", "1\u202F234\u202F567,50\u00A0EUR", "0,0025", "01/11/2026", "7,7\u00A0%")]
    [InlineData("tlh", "EUR\u00A01,234,567.50", "0.0025", "2026-11-01", "7.7%")]
    [InlineData("", "EUR\u00A01,234,567.50", "0.0025", "2026-11-01", "7.7%")]
    public void Money_numbers_and_dates_follow_the_customers_language(
        string language, string money, string number, string date, string percent)
    {
        var format = new DocumentFormat(language);
        Assert.Equal(money, format.Money(1234567.5m, 2, "EUR"));
        Assert.Equal(number, format.Number("0.0025"));
        Assert.Equal(date, format.Date(new(2026, 11, 1)));
        Assert.Equal(percent, format.Percent("7.7"));
    }

    [Theory]
    [InlineData("0", 2, "0.00")]
    [InlineData("-0.5", 2, "-0.50")]
    [InlineData("1500", 0, "1,500")]
    [InlineData("1500.000", 0, "1,500")]
    [InlineData("-1234.5", 3, "-1,234.500")]
    [InlineData("0.125", 2, "0.125")]
    [InlineData("92233720368547758.07", 2, "92,233,720,368,547,758.07")]
    public void An_amount_has_its_currencys_digits_and_is_never_rounded(string amount, int decimals, string shown) =>
        Assert.Equal(shown, new DocumentFormat("en").Amount(
            decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture), decimals));

    [Theory]
    [InlineData("123456789012345.123456789012", "123,456,789,012,345.123456789012")]
    [InlineData("", "")]
    [InlineData("-", "-")]
    [InlineData(".5", ".5")]
    [InlineData("1.2.3", "1.2.3")]
    [InlineData("12 pieces", "12 pieces")]
    [InlineData("999", "999")]
    [InlineData("-1000", "-1,000")]
    public void A_quantity_keeps_every_digit_and_what_is_no_number_stays_as_it_is(string plain, string shown) =>
        Assert.Equal(shown, new DocumentFormat("en").Number(plain));
}
