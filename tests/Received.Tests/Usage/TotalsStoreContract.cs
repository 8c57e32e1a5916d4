using System.Text;
using CsCheck;
using Received.Model;
using Received.Usage;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>Totals as finance reads them.</summary>
public abstract class TotalsStoreContract : UsageStoreContract
{
    static readonly long Hour = 4 * UsageWindow.LengthMs;

    [Fact]
    public async Task Windows_are_summed_into_the_buckets_given_and_empty_buckets_give_no_line()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 9).With(
            Series(1),
            new TotalRow(1, 3, 10, 2, 4, 6, 4, 3 * UsageWindow.LengthMs, 1, 1, 0),
            new TotalRow(1, 4, 20, 3, 1, 15, 7, 4 * UsageWindow.LengthMs, 1, 8, 0),
            new TotalRow(1, 7, -5, 1, -5, -5, -5, 7 * UsageWindow.LengthMs, 1, 2, 0),
            new TotalRow(1, 12, 100, 1, 100, 100, 100, 12 * UsageWindow.LengthMs, 1, 3, 0),
            new TotalRow(1, 16, 7, 1, 7, 7, 7, 16 * UsageWindow.LengthMs, 1, 4, 0))]);
        var lines = await Totals(store, Query(1, 0, Hour, 2 * Hour, 3 * Hour, 4 * Hour));
        Assert.Equal(
            [
                new(0, Hour, "c", null, "p", null, "", "", 10, 2, 4, 6, 4),
                new(Hour, 2 * Hour, "c", null, "p", null, "", "", 15, 4, -5, 15, -5),
                new(3 * Hour, 4 * Hour, "c", null, "p", null, "", "", 100, 1, 100, 100, 100),
            ], lines);
        var windows = await Totals(store, Query() with { FromMs = Hour, ToMs = (4 * Hour) + 1 });
        Assert.Equal([4, 7, 12, 16], windows.Select(l => l.StartMs / UsageWindow.LengthMs));
        Assert.All(windows, l => Assert.Equal(UsageWindow.LengthMs, l.EndMs - l.StartMs));
    }

    [Fact]
    public async Task Last_is_of_the_latest_timestamp_and_of_the_later_position_where_those_are_equal()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 9).With(
            Series(1),
            new TotalRow(1, 1, 1, 1, 1, 1, 10, 500, 1, 8, 0),
            new TotalRow(1, 2, 1, 1, 1, 1, 20, 900, 1, 2, 3),
            new TotalRow(1, 3, 1, 1, 1, 1, 30, 900, 1, 2, 4))]);
        Assert.Equal(30, Assert.Single(await Totals(store, Query(1, 0, Hour))).Last);
    }

    [Fact]
    public async Task Law_12_totals_of_another_account_are_not_seen()
    {
        await using var store = await Open();
        var batch = Batch(0, 9).With(Series(1, 1), Total(1, 1, 1, 1)).With(Series(2, 2), Total(2, 1, 2, 1));
        batch.Names.Add(Name(NameKind.Customer, "c", "Secret", 1, 1, account: 2));
        await store.WriteAsync([batch]);
        var line = Assert.Single(await Totals(store, Query(1)));
        Assert.Equal((1, null), (line.Sum, line.CustomerName));
        Assert.Equal("Secret", Assert.Single(await Totals(store, Query(2))).CustomerName);
        Assert.Empty(await Totals(store, Query(3)));
    }

    [Fact]
    public async Task Lines_are_filtered_by_customer_and_product_whatever_is_in_their_references()
    {
        await using var store = await Open();
        const string Hostile = "'; DROP TABLE totals; -- \" $1 %_\\";
        var batch = Batch(0, 9).With(Series(1, customer: Hostile, product: "p%"), Total(1, 1, 1, 1))
            .With(Series(2, customer: "x", product: "pp"), Total(2, 1, 2, 1));
        await store.WriteAsync([batch]);
        Assert.Equal(1, Assert.Single(await Totals(store, Query() with { CustomerRef = Hostile })).Sum);
        Assert.Equal(1, Assert.Single(await Totals(store, Query() with { ProductRef = "p%" })).Sum);
        Assert.Equal(2, Assert.Single(await Totals(store, Query() with { CustomerRef = "x", ProductRef = "pp" })).Sum);
        Assert.Empty(await Totals(store, Query() with { CustomerRef = "x\0" }));
        Assert.Empty(await Totals(store, Query() with { CustomerRef = "" }));
    }

    [Fact]
    public async Task Lines_are_ordered_by_the_bytes_of_references_and_pages_make_the_whole()
    {
        await using var store = await Open();
        string[] refs = ["a", "B", "ab", "a b", "é", "e\u0301", "\uE000", "\uFFFD", "😀", "日本", "~", "Z", "\u007F",
            "\u0001"];
        var batch = Batch(0, 9);
        UInt128 id = 0;
        foreach (var customer in refs)
        {
            foreach (var (currency, entity) in new[] { ("", ""), ("EUR", ""), ("USD", "e"), ("USD", "é") })
            {
                id++;
                batch.With(Series(id, 1, customer, refs[(int)(id % 14)], currency, entity), Total(id, 1, 1, 1),
                    Total(id, 9, 1, 1));
            }
        }

        await store.WriteAsync([batch]);
        var query = Query(1, 0, Hour, 3 * Hour);
        var whole = await Totals(store, query);
        Assert.Equal(112, whole.Count);
        Assert.Equal(whole.OrderBy(Key, Comparer<byte[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y))), whole);
        var paged = new List<TotalsLine>();
        for (TotalsCursor? after = null; ;)
        {
            var page = await Totals(store, query with { After = after, Limit = 7 });
            if (page.Count == 0) break;
            paged.AddRange(page);
            after = new(page[^1].StartMs, page[^1].CustomerRef, page[^1].ProductRef, page[^1].Currency,
                page[^1].EntityRef);
        }

        Assert.Equal(whole, paged);
    }

    [Fact]
    public async Task A_line_has_the_newest_name_over_all_partitions()
    {
        await using var store = await Open();
        var first = Batch(0, 9).With(Series(1, product: "p"), Total(1, 1, 1, 1));
        first.Names.Add(Name(NameKind.Product, "p", "Newest", 1, 300));
        first.Names.Add(Name(NameKind.Customer, "c", "First", 1, 100));
        var second = Batch(1, 9);
        second.Names.Add(Name(NameKind.Product, "p", "Older", 8, 200));
        await store.WriteAsync([first, second]);
        var line = Assert.Single(await Totals(store, Query()));
        Assert.Equal(("First", "Newest"), (line.CustomerName, line.ProductName));
        var later = Batch(0, 10);
        later.Names.Add(Name(NameKind.Customer, "c", "Second", 9, 400));
        await store.WriteAsync([later]);
        Assert.Equal("Second", Assert.Single(await Totals(store, Query())).CustomerName);
    }

    [Fact]
    public async Task Law_8_sums_over_windows_are_exact()
    {
        await using var store = await Open();
        var next = 0L;
        var quantity = Gen.Select(Gen.Long, Gen.ULong, (upper, lower) => ((Int128)(upper >> 24) << 64) + (Int128)lower);
        await quantity.Array[1, 60].SampleAsync(
            async quantities =>
            {
                next++;
                var id = (UInt128)next;
                var rows = quantities.Select((q, i) => Total(id, i, q, next)).ToArray();
                await store.WriteAsync([Batch(0, next + 1).With(Series(id, customer: $"c{next}"), rows)]);
                var line = Assert.Single(await Totals(store, Query(1, 0, 16 * Hour) with { CustomerRef = $"c{next}" }));
                var sum = quantities.Aggregate((Int128)0, (a, q) => a + q);
                Assert.Equal((sum, quantities.Min(), quantities.Max(), quantities[^1]), (line.Sum, line.Min, line.Max,
                    line.Last));
            }, iter: Samples, threads: 1);
    }

    [Fact]
    public async Task Law_8_a_sum_beyond_128_bits_is_an_error_and_the_store_works_on()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 9).With(Series(1), Total(1, 1, Int128.MaxValue, 1), Total(1, 2, 1, 1))]);
        await Assert.ThrowsAsync<OverflowException>(() => Totals(store, Query(1, 0, Hour)));
        Assert.Equal(2, (await Totals(store, Query())).Count);
        await store.WriteAsync([Batch(0, 10).With(Series(1), Total(1, 2, -1, 9))]);
        Assert.Equal(Int128.MaxValue - 1, Assert.Single(await Totals(store, Query(1, 0, Hour))).Sum);
    }

    [Fact]
    public async Task A_parquet_file_is_written_and_refuses_what_its_decimals_cannot_hold()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 9).With(Series(1), Total(1, 1, 1_500_000_000_000, 1))]);
        using var file = new MemoryStream();
        await store.WriteParquetAsync(Query(), file);
        var bytes = file.ToArray();
        Assert.Equal("PAR1", Encoding.ASCII.GetString(bytes.AsSpan(0, 4)));
        Assert.Equal("PAR1", Encoding.ASCII.GetString(bytes.AsSpan(bytes.Length - 4)));
        await store.WriteAsync([Batch(0, 10).With(Series(1), Total(1, 2, Int128.MaxValue, 9))]);
        await Assert.ThrowsAsync<OverflowException>(async () => await store.WriteParquetAsync(Query(), Stream.Null));
    }

    [Fact]
    public async Task A_query_that_is_cancelled_or_given_up_leaves_the_store_working()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 9).With(Series(1), [.. Enumerable.Range(0, 5000).Select(i => Total(1, i, 1,
            1))])]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await store.QueryTotalsAsync(Query(), new CancellationToken(canceled: true)).ToListAsync());
        for (var i = 0; i < 10; i++)
        {
            using var cancel = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var _ in store.QueryTotalsAsync(Query()).WithCancellation(cancel.Token))
                    await cancel.CancelAsync();
            });
        }

        Assert.Equal(5000, (await Totals(store, Query())).Count);
    }

    static byte[] Key(TotalsLine line) =>
    [
        .. Utf8($"{line.StartMs:D20}"), .. Utf8(line.CustomerRef), 0, .. Utf8(line.ProductRef), 0,
            .. Utf8(line.Currency), 0,
        .. Utf8(line.EntityRef),
    ];
}
