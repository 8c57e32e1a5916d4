using CsCheck;
using Received.Log;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>Dividing without dividing, against dividing.</summary>
public sealed class QuantityColumnTests
{
    static readonly Gen<Int128> Value = Gen.OneOf(
        Gen.Select(Gen.Long, Gen.Int[0, 12]).Select((value, power) => value / Power(power) * Power(power)),
        Gen.Select(Gen.Long, Gen.Int[0, 13]).Select((value, power) => (Int128)value * Power(power)),
        Gen.Int[0, 3].Select(i => new[] { long.MinValue, long.MaxValue, Int128.MinValue, Int128.MaxValue }[i]));

    static Int128 Power(int power) => power == 0 ? 1 : 10 * Power(power - 1);

    [Fact]
    public void An_exact_division_is_found_and_any_other_is_not() => Gen.Select(Value, Gen.Int[0, 12]).Sample(
        (value, power) =>
        {
            var expected = value % Power(power) == 0;
            Assert.Equal(expected, ExactDivision.TryDivide(value, power, out Int128 quotient));
            if (expected) Assert.Equal(value / Power(power), quotient);
            if (value < long.MinValue || value > long.MaxValue) return;
            Assert.Equal(expected, ExactDivision.TryDivide((long)value, power, out var narrow));
            if (expected) Assert.Equal(value / Power(power), narrow);
        },
        iter: 20_000);

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(0)]
    public void Extremes_of_64_bits_come_back(long scaled)
    {
        var events = new EventColumns();
        var customer = events.Customers.Intern(new(1), "c"u8, []);
        var product = events.Products.Intern(new(1), "p"u8, []);
        events.Add(customer, product, 0, 0, 0, scaled, [], []);
        events.Add(customer, product, 0, 0, 0, Quantity.Of(1).Scaled, [], []);
        var decoded = new EventColumns();
        var frame = new FrameCodec().Encode(events, new(new(0), 1, 1, 0));
        Assert.True(new FrameCodec().TryDecode(frame.Span, decoded));
        Assert.Equal(events.Quantity.ToArray(), decoded.Quantity.ToArray());
    }
}
