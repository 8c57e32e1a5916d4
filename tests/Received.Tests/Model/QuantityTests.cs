using System.Text;
using Received.Model;
using Xunit;

namespace Received.Tests.Model;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("10", "10")]
    [InlineData("10.50", "10.5")]
    [InlineData("1e3", "1000")]
    [InlineData("1E-12", "0.000000000001")]
    [InlineData("0.0000000000010000000", "0.000000000001")]
    [InlineData("-1200.034e-2", "-12.00034")]
    [InlineData("0e999999999999999999999", "0")]
    [InlineData("999999999999999.999999999999", "999999999999999.999999999999")]
    [InlineData("0.00100e17", "100000000000000")]
    public void Law_8_reads_numbers_exactly(string text, string expected)
    {
        Assert.Equal(QuantityError.None, Quantity.TryParse(Encoding.UTF8.GetBytes(text), out var quantity));
        Assert.Equal(expected, quantity.ToString());
    }

    [Theory]
    [InlineData("1e15", QuantityError.TooLarge)]
    [InlineData("1000000000000000", QuantityError.TooLarge)]
    [InlineData("1e99999999999999999999", QuantityError.TooLarge)]
    [InlineData("1e-13", QuantityError.TooManyDecimals)]
    [InlineData("0.1234567890123", QuantityError.TooManyDecimals)]
    [InlineData("1e-99999999999999999999", QuantityError.TooManyDecimals)]
    [InlineData("", QuantityError.Malformed)]
    [InlineData("-", QuantityError.Malformed)]
    [InlineData("+1", QuantityError.Malformed)]
    [InlineData("01", QuantityError.Malformed)]
    [InlineData("1.", QuantityError.Malformed)]
    [InlineData(".5", QuantityError.Malformed)]
    [InlineData("1e", QuantityError.Malformed)]
    [InlineData("1e+", QuantityError.Malformed)]
    [InlineData("1 ", QuantityError.Malformed)]
    [InlineData("0x10", QuantityError.Malformed)]
    [InlineData("NaN", QuantityError.Malformed)]
    [InlineData("1,5", QuantityError.Malformed)]
    public void Law_8_refuses_rather_than_rounds(string text, QuantityError expected) =>
        Assert.Equal(expected, Quantity.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
