using Received.Model;
using Received.Usage;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>Totals as billing reads them: many ranges at once, at a stated position.</summary>
public abstract class CycleTotalsStoreContract : UsageStoreContract
{
    [Fact]
    public async Task Law_9_ranges_are_half_open_and_may_overlap_or_be_without_usage()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 9).With(
            Series(1),
            Total(1, -1, 100, 1), Total(1, 0, 1, 1, count: 2), Total(1, 3, 20, 8), Total(1, 4, 300, 2),
            Total(1, 7, -5, 2))]);
        var read = await Read(
            store, Range(10, 0, 4), Range(11, 4, 8), Range(12, 0, 8), Range(13, 8, 12), Range(14, -9, 0),
            Range(15, 3, 4), Range(16, 0, 8, customer: "nobody"), Range(17, 0, 8, product: "nothing"));
        Assert.Equal(("", "", 21, 3), Only(read, 10));
        Assert.Equal(("", "", 295, 2), Only(read, 11));
        Assert.Equal(("", "", 316, 5), Only(read, 12));
        Assert.Equal(("", "", 100, 1), Only(read, 14));
        Assert.Equal(("", "", 20, 1), Only(read, 15));
        Assert.All(new[] { 13, 16, 17 }, number => Assert.Empty(read.Settled[number].Totals));
        Assert.Empty(read.Unsettled);
    }

    [Fact]
    public async Task Each_assertion_has_a_line_of_its_own()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 9)
            .With(Series(1), Total(1, 1, 1, 1)).With(Series(2, currency: "EUR"), Total(2, 1, 2, 1))
            .With(Series(3, currency: "USD", entity: "e"), Total(3, 2, 3, 1), Total(3, 3, 4, 1))
            .With(Series(4, currency: "USD", entity: "f"), Total(4, 50, 3, 1))]);
        Assert.Equal(
            [new("", "", 1, 1), new("EUR", "", 2, 1), new("USD", "e", 7, 2)],
            (await Read(store, Range(1, 0, 10))).Settled[1].Totals);
    }

    [Fact]
    public async Task Law_7_the_position_that_totals_are_exact_at_is_stated_for_each_partition()
    {
        await using var store = await Open();
        await store.WriteAsync([
            Batch(0, 9).With(Series(1), Total(1, 1, 1, 1)), Batch(2, 70_000_000_000)]);
        var read = await Read(store, Range(1, 0, 10), Range(2, 0, 10, customer: "nobody"));
        Assert.All(read.Settled.Values, range => Assert.Equal(
            [new(P(0), 1, 9), new(P(1), 1, 0), new(P(2), 1, 70_000_000_000), new(P(3), 1, 0)], range.Rated));
    }

    [Fact]
    public async Task Law_12_cycle_totals_of_another_account_are_not_seen()
    {
        await using var store = await Open();
        await store.WriteAsync([
            Batch(0, 9).With(Series(1, 1), Total(1, 1, 1, 1)).With(Series(2, 2), Total(2, 1, 2, 1))]);
        Assert.Equal(1, Only(await Read(store, Range(1, 0, 10)), 1).Sum);
        Assert.Equal(2, Only(await store.ReadCycleTotalsAsync(Account(2), [Range(1, 0, 10)]), 1).Sum);
        var none = await store.ReadCycleTotalsAsync(Account(3), [Range(1, 0, 10)]);
        Assert.Empty(none.Settled[1].Totals);
        Assert.Empty((await Read(store)).Settled);
    }

    [Fact]
    public async Task Ranges_find_their_customer_and_product_whatever_is_in_the_references()
    {
        await using var store = await Open();
        string[] refs = ["'; DROP TABLE totals; -- \" $1 {0} %_\\", "a\0b", "é", "e\u0301", "😀", "", "A", "a",
            new('x', 128), "a\tb\n"];
        var batch = Batch(0, 9);
        for (var i = 0; i < refs.Length; i++)
            batch.With(Series((UInt128)i + 1, 1, refs[i], refs[^(i + 1)]), Total((UInt128)i + 1, 1, i, 1));
        await store.WriteAsync([batch]);
        var read = await Read(
            store, [.. refs.Select((text, i) => Range(i, 0, 10, text, refs[^(i + 1)])), Range(99, 0, 10, "b", "b")]);
        Assert.All(Enumerable.Range(0, refs.Length), i => Assert.Equal(i, Only(read, i).Sum));
        Assert.Empty(read.Settled[99].Totals);
    }

    [Fact]
    public async Task Law_8_a_sum_of_a_cycle_beyond_128_bits_is_an_error_and_the_store_works_on()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 9).With(
            Series(1), Total(1, 1, Int128.MaxValue, 1), Total(1, 2, 1, 1), Total(1, 3, -1, 1))]);
        await Assert.ThrowsAsync<OverflowException>(() => Read(store, Range(1, 1, 3)));
        Assert.Equal(Int128.MaxValue, Only(await Read(store, Range(1, 1, 4)), 1).Sum);
    }

    [Fact]
    public async Task Ranges_that_are_empty_or_off_the_windows_or_numbered_twice_are_refused()
    {
        await using var store = await Open();
        foreach (var wrong in new[]
        {
            Range(1, 4, 4), Range(1, 5, 4), Range(1, 0, 4) with { FromMs = 1 }, Range(1, 0, 4) with { ToMs = -1 },
        })
            await Assert.ThrowsAsync<ArgumentException>(() => Read(store, wrong));
        await Assert.ThrowsAsync<ArgumentException>(() => Read(store, Range(1, 0, 4), Range(1, 0, 5)));
        Assert.Empty((await Read(store, Range(1, 0, 4))).Unsettled);
    }

    [Fact]
    public async Task Thousands_of_ranges_in_a_call_are_what_each_of_them_is_by_itself()
    {
        await using var store = await Open();
        var random = new Random(7);
        var rows = Enumerable.Range(0, 3000)
            .Select(_ => (
                Customer: random.Next(300), Product: random.Next(4), Currency: random.Next(2) == 0 ? "" : "EUR",
                Window: random.Next(400), Sum: (Int128)random.NextInt64()))
            .DistinctBy(row => (row.Customer, row.Product, row.Currency, row.Window))
            .GroupBy(row => (row.Customer, row.Product, row.Currency)).ToList();
        var batches = Enumerable.Range(0, PartitionCount).Select(i => Batch(i, 9)).ToArray();
        for (var i = 0; i < rows.Count; i++)
        {
            var (id, key) = ((UInt128)i + 1, rows[i].Key);
            batches[key.Customer % PartitionCount].With(
                Series(id, 1, $"c{key.Customer}", $"p{key.Product}", key.Currency),
                [.. rows[i].Select(row => Total(id, row.Window, row.Sum, 1))]);
        }

        await store.WriteAsync(batches);
        var ranges = Enumerable.Range(0, 12_000).Select(i =>
        {
            var from = random.Next(-10, 400);
            return Range(i, from, from + random.Next(1, 200), $"c{random.Next(305)}", $"p{random.Next(4)}");
        }).ToArray();
        var read = await Read(store, ranges);
        Assert.Equal(ranges.Length, read.Settled.Count);
        foreach (var range in ranges)
        {
            var expected = rows
                .Where(key => $"c{key.Key.Customer}" == range.CustomerRef && $"p{key.Key.Product}" == range.ProductRef)
                .Select(key => (key.Key.Currency, Rows: key.Where(row =>
                    UsageWindow.StartMs(row.Window) >= range.FromMs && UsageWindow.StartMs(row.Window) < range.ToMs)))
                .Where(key => key.Rows.Any()).OrderBy(key => key.Currency, StringComparer.Ordinal)
                .Select(key => new AssertedTotal(
                    key.Currency, "", key.Rows.Aggregate((Int128)0, (sum, row) => sum + row.Sum), key.Rows.Count()));
            Assert.Equal(expected, read.Settled[range.Number].Totals);
        }
    }

    protected static TotalsRange Range(
        int number, int from, int to, string customer = "c", string product = "p") =>
        new(number, customer, product, UsageWindow.StartMs(from), UsageWindow.StartMs(to));

    protected static Task<CycleTotals> Read(IUsageStore store, params TotalsRange[] ranges) =>
        store.ReadCycleTotalsAsync(Account(1), ranges).AsTask();

    protected static (string Currency, string Entity, Int128 Sum, long Count) Only(CycleTotals read, int range)
    {
        var total = Assert.Single(read.Settled[range].Totals);
        return (total.Currency, total.EntityRef, total.Sum, total.Count);
    }
}
