using Received.Rating;
using Xunit;

namespace Received.Tests.Rating;

public sealed class DuplicatesFilterTests
{
    [Fact]
    public void Law_2_the_filter_has_no_false_negatives_and_few_false_positives()
    {
        const int Keys = 400_000;
        var filter = new KeyFilter();
        var wrong = 0;
        for (var i = 0; i < Keys; i++) wrong += filter.AddOrSuspect(Identity(i), i) ? 1 : 0;
        for (var i = 0; i < Keys; i++) Assert.True(filter.AddOrSuspect(Identity(i), i));
        // 0.03 % over the generations; ten times that would still do, but something would be wrong.
        Assert.InRange(wrong, 0, Keys / 300);
        Assert.Equal(Keys - wrong, filter.Keys);
    }

    [Fact]
    public void Filling_it_in_the_order_of_identities_spoils_nothing()
    {
        const int Keys = 300_000;
        var filter = new KeyFilter();
        var wrong = 0;
        foreach (var identity in Enumerable.Range(0, Keys).Select(Identity).Order())
            wrong += filter.AddOrSuspect(identity, 0) ? 1 : 0;
        Assert.InRange(wrong, 0, Keys / 300);
    }

    [Fact]
    public void The_filter_takes_at_most_4_bytes_a_key_from_a_million_on()
    {
        var filter = new KeyFilter();
        for (var i = 0; i < 1_600_000; i++)
        {
            filter.AddOrSuspect(Identity(i), 0);
            if (filter.Keys >= 1_000_000) Assert.True(filter.Bytes <= filter.Keys * 4);
            else Assert.True(filter.Bytes <= 5_000_000);
        }
    }

    [Fact]
    public void Generations_go_whole_when_their_newest_key_has_left_the_window()
    {
        const int Generation = 1 << 16;
        var filter = new KeyFilter();
        for (var i = 0; filter.Keys < Generation; i++) filter.AddOrSuspect(Identity(i), i);
        var first = filter.Bytes;
        filter.AddOrSuspect(Identity(-1), 1_000_000);
        filter.Expire(10);
        Assert.Equal(Generation + 1, filter.Keys);
        Assert.True(filter.AddOrSuspect(Identity(0), 10));
        filter.Expire(999_999);
        Assert.Equal(1, filter.Keys);
        Assert.InRange(filter.Bytes, 1, first);
        Assert.False(filter.AddOrSuspect(Identity(0), 1_000_001));
        Assert.True(filter.AddOrSuspect(Identity(-1), 1_000_001));
    }

    [Fact]
    public void A_renewed_key_outlives_the_generation_that_it_was_first_in()
    {
        const int Generation = 1 << 16;
        var filter = new KeyFilter();
        for (var i = 0; filter.Keys < Generation; i++) filter.AddOrSuspect(Identity(i), i);
        filter.Renew(Identity(0), 1_000_000);
        filter.Expire(999_999);
        Assert.True(filter.AddOrSuspect(Identity(0), 1_000_000));
        Assert.False(filter.AddOrSuspect(Identity(1), 1_000_000));
    }

    // As XxHash128 gives them: every bit depends on the number.
    static UInt128 Identity(int number) =>
        System.IO.Hashing.XxHash128.HashToUInt128(BitConverter.GetBytes(number));
}
