using CsCheck;
using Received.Model;
using Xunit;

namespace Received.Tests.Model;

public sealed class UsageWindowTests
{
    [Fact]
    public void Law_9_every_instant_is_in_exactly_one_half_open_window() =>
        Gen.Long[-62_135_596_800_000, 253_402_300_799_999].Sample(instant =>
        {
            var window = UsageWindow.Of(instant);
            Assert.True(UsageWindow.StartMs(window) <= instant);
            Assert.True(instant < UsageWindow.StartMs(window + 1));
        });

    [Theory]
    [InlineData(0, 0)]
    [InlineData(899_999, 0)]
    [InlineData(900_000, 1)]
    [InlineData(-1, -1)]
    [InlineData(-900_000, -1)]
    [InlineData(-900_001, -2)]
    public void Law_9_a_boundary_belongs_to_the_window_that_it_starts(long instant, int window) =>
        Assert.Equal(window, UsageWindow.Of(instant));
}
