using System.Globalization;
using System.Text;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Xunit;

namespace Received.Tests.Ingest;

public sealed class PlainTimestampTests
{
    [Fact]
    public void Events_of_two_days_in_turn_are_read_without_the_long_way_and_a_third_day_is_not_guessed()
    {
        var clock = new PlainTimestamp();
        foreach (var day in new[] { "2024-02-28", "2024-02-29" }) Learn(ref clock, $"{day}T12:00:00.000Z");
        for (var i = 0; i < 200; i++)
        {
            var text = Utf8(string.Create(
                CultureInfo.InvariantCulture, $"2024-02-{28 + (i % 2)}T{i % 24:D2}:{i % 60:D2}:59.{i:D3}Z"));
            Assert.True(clock.TryRead(text, 0, out var unixMs));
            Assert.True(Rfc3339.TryParse(text, out var expected));
            Assert.Equal(expected, unixMs);
        }

        Assert.False(clock.TryRead("2024-03-01T12:00:00.000Z"u8, 0, out _));
        // The day met longest ago makes room.
        Learn(ref clock, "2024-03-01T12:00:00.000Z");
        Assert.True(clock.TryRead("2024-02-29T00:00:00.000Z"u8, 0, out _));
        Assert.False(clock.TryRead("2024-02-28T00:00:00.000Z"u8, 0, out _));
    }

    static void Learn(ref PlainTimestamp clock, string text)
    {
        Assert.True(Rfc3339.TryParse(Utf8(text), out var unixMs));
        clock.Remember(Utf8(text), unixMs);
    }

    static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
