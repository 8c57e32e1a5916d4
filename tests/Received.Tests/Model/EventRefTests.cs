using CsCheck;
using Received.Model;
using Xunit;

namespace Received.Tests.Model;

public sealed class EventRefTests
{
    [Fact]
    public void A_ref_leads_back_to_its_position() =>
        Gen.Select(Gen.UShort, Gen.UShort, Gen.Long[0, long.MaxValue], Gen.Int[0, int.MaxValue]).Sample(
            (generation, partition, offset, index) =>
            {
                var position = new LogPosition(generation, new(partition), offset, index);
                var text = EventRef.Format(position);
                Assert.Equal(EventRef.Length, text.Length);
                Assert.True(EventRef.TryParse(text, out var parsed));
                Assert.Equal(position, parsed);
            });

    [Fact]
    public void Refs_once_given_out_keep_their_text() => Assert.Equal(
        "evt_00040040000000000024000007",
        EventRef.Format(new(1, new(2), 17, 7)));

    [Theory]
    [InlineData("")]
    [InlineData("evt_")]
    [InlineData("evt_0004000g00000000002800000")]
    [InlineData("evt_000400400000000000240000077")]
    [InlineData("EVT_0004000g000000000028000007")]
    [InlineData("evt_0004000G000000000028000007")]
    [InlineData("evt_000400000000000000280000u7")]
    [InlineData("evt_8004000g000000000028000007")]
    [InlineData("evt_zzzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("evt_0004000g00000000002800000é")]
    public void Other_texts_are_no_refs(string text) => Assert.False(EventRef.TryParse(text, out _));
}
