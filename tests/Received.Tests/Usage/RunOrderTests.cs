using CsCheck;
using Received.Usage;
using Received.Usage.Runs;
using Xunit;

namespace Received.Tests.Usage;

public sealed class RunOrderTests
{
    // Few different upper bits, so that buckets of all sizes come about, and the same identity at several positions.
    static readonly Gen<KeyEntry> Entry = Gen.Select(
        Gen.OneOf(Gen.ULong, Gen.ULong[0, 3], Gen.ULong[ulong.MaxValue - 3, ulong.MaxValue]), Gen.ULong[0, 5],
        Gen.Int[0, 3], Gen.Int[0, 3],
        (high, low, offset, index) => new KeyEntry(new(high, low), 1, 1, offset, index, 0));

    [Fact]
    public void Entries_come_in_the_order_of_a_run() => Entry.Array[0, 400].Sample(entries =>
    {
        var places = new int[entries.Length];
        RunOrder.Sort(entries, places, new int[RunOrder.Buckets(entries.Length)]);
        Assert.Equal(Enumerable.Range(0, entries.Length), places.Order());
        for (var i = 1; i < places.Length; i++)
            Assert.True(RunRecord.Compare(entries[places[i - 1]], entries[places[i]]) <= 0);
    }, iter: 500);
}
