using CsCheck;
using Received.Model;
using Received.Usage;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>What rating writes and reads back.</summary>
public abstract class RatingStoreContract : UsageStoreContract
{
    static readonly UInt128 Id = new(0xFFFF_0000_0000_0001, 0x8000_0000_0000_0002);

    [Fact]
    public async Task A_new_store_has_rated_nothing()
    {
        await using var store = await Open();
        Assert.Equal(new RatedProgress(P(2), 1, 0, 0, 0), await store.ReadRatedAsync(P(2)));
        Assert.Equal(new ArchiveProgress(P(2), 1, 0, 0, 0, 0), await store.ReadArchivedAsync(P(2)));
        Assert.Empty(await store.ReadProducersAsync(await store.ReadRatedAsync(P(2))));
        Assert.Empty(await store.ReadHeartbeatsAsync());
        Assert.Empty(await Export(store));
        Assert.Equal(default, await Row(store, 0, Id, 0));
    }

    [Fact]
    public async Task Law_4_producers_are_those_of_the_progress_that_was_read_or_none()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 1)]);
        var before = await store.ReadRatedAsync(P(0));
        var next = Batch(0, 2);
        next.Producers.Add(new(3, 4, 5, 6));
        await store.WriteAsync([next]);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ReadProducersAsync(before));
        Assert.Equal([new(3, 4, 5, 6)], await store.ReadProducersAsync(await store.ReadRatedAsync(P(0))));
    }

    [Fact]
    public async Task What_was_written_is_read_back_also_by_the_next_process()
    {
        var total = new TotalRow(
            Id, -5, Int128.MinValue, long.MaxValue, Int128.MinValue, Int128.MaxValue, -1, -7, ushort.MaxValue,
                long.MaxValue - 1, 9);
        var batch = Batch(1, long.MaxValue, ushort.MaxValue).With(Series(Id), total);
        batch.Producers.Add(new(ulong.MaxValue, long.MaxValue, 1UL << 63, 12));
        batch.Producers.Add(new(3, 4, 5, 6));
        List<string> before;
        await using (var store = await Open())
        {
            await store.WriteAsync([batch]);
            before = await Export(store);
        }

        await using var again = await Open();
        Assert.Equal(batch.Progress, await again.ReadRatedAsync(P(1)));
        Assert.Equal(total, await Row(again, 1, Id, -5));
        Assert.Equal([new(3, 4, 5, 6), new(ulong.MaxValue, long.MaxValue, 1UL << 63, 12)],
            await again.ReadProducersAsync(batch.Progress));
        Assert.Equal(before, await Export(again));
    }

    [Fact]
    public async Task Totals_are_read_in_the_order_of_their_keys()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 10).With(Series(Id), Total(Id, 1, 11, 1), Total(Id, 2, 22, 2))]);
        await store.WriteAsync([Batch(1, 10).With(Series(Id), Total(Id, 1, 99, 1))]);
        var rows = new TotalRow[4];
        Array.Fill(rows, Total(Id, 7, 7, 7));
        await store.ReadTotalsAsync(P(0), new TotalKey[] { new(Id, 2), new(Id, 3), new(Id, 1), new(Id, 2) }, rows);
        Assert.Equal([22, 0, 11, 22], rows.Select(r => r.Sum));
        Assert.Equal(default, rows[1]);
    }

    [Fact]
    public async Task Law_7_heartbeats_are_written_while_batches_are()
    {
        await using var store = await Open();
        var writing = Task.Run(async () =>
        {
            for (var next = 1; next <= 20; next++)
                await store.WriteAsync([Batch(0, next).With(Series(Id), Total(Id, 1, next, next - 1))]);
        });
        var beats = 0;
        do await store.WriteHeartbeatsAsync([new(P(0), 20, ++beats, 0)]);
        while (!writing.IsCompleted);

        await writing;
        Assert.Equal(new(P(0), 20, beats, 0), Assert.Single(await store.ReadHeartbeatsAsync()));
        Assert.Equal(20, (await store.ReadRatedAsync(P(0))).Next);
    }

    [Fact]
    public async Task Law_4_writing_a_batch_again_changes_nothing()
    {
        await using var store = await Open();
        var batch = Batch(0, 3).With(Series(Id), Total(Id, 1, 5, 2));
        batch.Fates.Add(Fated(1, 0, Fate.Duplicate, original: new LogPosition(1, P(0), 0, 0)));
        batch.Names.Add(Name(NameKind.Customer, "c", "ACME", 1, 10));
        batch.Producers.Add(new(1, 2, 3, 4));
        await store.WriteAsync([batch]);
        var once = await Export(store);
        await store.WriteAsync([batch]);
        await store.WriteAsync([batch]);
        Assert.Equal(once, await Export(store));
    }

    [Fact]
    public async Task Law_4_a_late_writer_changes_nothing()
    {
        await using var store = await Open();
        var old = Batch(0, 5).With(Series(Id), Total(Id, 1, 5, 4));
        old.Names.Add(Name(NameKind.Customer, "c", "Old", 4, 10));
        old.Producers.Add(new(1, 1, 1, 1));
        var now = Batch(0, 9).With(Series(Id), Total(Id, 1, 7, 8));
        now.Names.Add(Name(NameKind.Customer, "c", "New", 8, 20));
        now.Producers.Add(new(1, 2, 3, 2));
        await store.WriteAsync([old]);
        await store.WriteAsync([now]);
        var expected = await Export(store);
        await store.WriteAsync([old]);
        Assert.Equal(expected, await Export(store));
        Assert.Equal(9, (await store.ReadRatedAsync(P(0))).Next);
        Assert.Equal(7, (await Row(store, 0, Id, 1)).Sum);
    }

    [Fact]
    public async Task Law_4_a_batch_that_overlaps_what_is_stored_adds_only_what_is_new()
    {
        await using var whole = await Open("whole");
        await using var split = await Open("split");
        RatedBatch To(long next)
        {
            var batch = Batch(0, next).With(Series(Id), Total(Id, 1, next * 10, next - 1), Total(Id, 2, 1, 0));
            for (var offset = 0L; offset < next; offset++) batch.Fates.Add(Fated(offset, 3, Fate.Conflict));
            return batch;
        }

        await whole.WriteAsync([To(8)]);
        await split.WriteAsync([To(3)]);
        await split.WriteAsync([To(5)]);
        await split.WriteAsync([To(8)]);
        Assert.Equal(await Export(whole), await Export(split));
    }

    [Theory]
    [InlineData(1, 5, 0, 1, 4, 9)]
    [InlineData(1, 5, 3, 1, 5, 2)]
    [InlineData(2, 0, 0, 1, 9, 9)]
    public async Task Law_4_positions_compare_by_generation_then_offset_then_index(
        ushort newGeneration, long newOffset, int newIndex, ushort oldGeneration, long oldOffset, int oldIndex)
    {
        await using var store = await Open();
        var newer = Total(Id, 1, 100, newOffset, newIndex, generation: newGeneration);
        var older = Total(Id, 1, 1, oldOffset, oldIndex, generation: oldGeneration);
        await store.WriteAsync([Batch(0, 20).With(Series(Id), newer)]);
        await store.WriteAsync([Batch(0, 30).With(Series(Id), older)]);
        Assert.Equal(newer, await Row(store, 0, Id, 1));
        await store.WriteAsync([Batch(1, 20).With(Series(Id), older)]);
        await store.WriteAsync([Batch(1, 30).With(Series(Id), newer)]);
        Assert.Equal(newer, await Row(store, 1, Id, 1));
    }

    [Fact]
    public async Task A_newer_generation_goes_on_from_a_lower_offset()
    {
        await using var store = await Open();
        await store.WriteAsync([Batch(0, 100, generation: 1)]);
        await store.WriteAsync([Batch(0, 2, generation: 2)]);
        await store.WriteAsync([Batch(0, 101, generation: 1)]);
        var progress = await store.ReadRatedAsync(P(0));
        Assert.Equal(Batch(0, 2, generation: 2).Progress, progress);
    }

    [Fact]
    public async Task Law_8_sums_come_back_exactly()
    {
        await using var store = await Open();
        var next = 0L;
        var numbers = Gen.Select(Gen.ULong, Gen.ULong, (upper, lower) => unchecked((Int128)new UInt128(upper, lower)));
        await Gen.Select(numbers, numbers, numbers, Gen.Int).Array[1, 50].SampleAsync(
            async rows =>
            {
                next++;
                var totals = rows.DistinctBy(r => r.Item4).Select((r, i) => new TotalRow(
                    (UInt128)next, r.Item4, r.Item1, i + 1, r.Item2, r.Item3, r.Item1, i, 1, next, i)).ToArray();
                await store.WriteAsync([Batch(0, next + 1).With(Series((UInt128)next), totals)]);
                var found = new TotalRow[totals.Length];
                await store.ReadTotalsAsync(P(0), totals.Select(t => new TotalKey(t.Series, t.Window)).ToArray(),
                    found);
                Assert.Equal(totals, found);
            }, iter: Samples, threads: 1);
    }

    [Fact]
    public async Task Batches_of_several_partitions_stay_apart()
    {
        await using var store = await Open();
        await store.WriteAsync(
            [Batch(0, 1).With(Series(Id), Total(Id, 1, 1, 0)), Batch(3, 2).With(Series(Id), Total(Id, 1, 2, 1))]);
        Assert.Equal(1, (await Row(store, 0, Id, 1)).Sum);
        Assert.Equal(2, (await Row(store, 3, Id, 1)).Sum);
        Assert.Equal(0, (await Row(store, 1, Id, 1)).Count);
        Assert.Equal(2, (await store.ReadRatedAsync(P(3))).Next);
    }

    [Fact]
    public async Task Heartbeats_keep_the_newest_look_at_each_partition()
    {
        await using var store = await Open();
        await store.WriteHeartbeatsAsync([new(P(1), 10, 1000, 9), new(P(0), 1, 1000, 1)]);
        await store.WriteHeartbeatsAsync([new(P(1), 12, 2000, 12)]);
        await store.WriteHeartbeatsAsync([new(P(1), 11, 1500, 11)]);
        Assert.Equal([new(P(0), 1, 1000, 1), new(P(1), 12, 2000, 12)], await store.ReadHeartbeatsAsync());
    }

    [Fact]
    public async Task Law_5_the_export_does_not_depend_on_how_writes_were_batched()
    {
        await using var whole = await Open("whole");
        await using var split = await Open("split");
        var totals = Enumerable.Range(0, 40).Select(i => Total((UInt128)(i % 7), i % 5, i, i)).ToArray();
        RatedBatch To(int next, Func<int, int> order)
        {
            var batch = Batch(2, next);
            foreach (var row in totals.Take(next).GroupBy(t => (t.Series,
                t.Window)).OrderBy(g => order((int)g.Last().Offset)))
                batch.Totals.Add(row.Last());
            foreach (var id in batch.Totals.Select(t => t.Series).Distinct()) batch.Series.Add(Series(id,
                customer: $"c{id}\n\""));
            batch.Names.Add(Name(NameKind.Product, "p", $"name {next - 1}", next - 1, next));
            batch.Producers.Add(new(9, next, 1, next));
            return batch;
        }

        await whole.WriteAsync([To(40, i => i)]);
        foreach (var next in new[] { 3, 4, 17, 40 }) await split.WriteAsync([To(next, i => i * 7919 % 41)]);
        Assert.Equal(await Export(whole), await Export(split));
    }

    [Fact]
    public async Task Law_5_the_export_is_text_in_the_documented_form()
    {
        await using var store = await Open();
        var batch = Batch(1, 3).With(
            Series(0xAB, 7, "c\"\\\u0001é", "p", "USD", "e"),
            new TotalRow(0xAB, 5, -1_500_000_000_000, 2, -3, 4, 5, 6, 1, 2, 1));
        batch.Fates.Add(Fated(1, LogPosition.WholeFrame, Fate.Parked, 0, ParkReason.FrameCorrupt, 12));
        batch.Fates.Add(Fated(0, 4, Fate.Duplicate, 7, original: new LogPosition(1, P(1), 0, 2)));
        batch.Names.Add(Name(NameKind.Customer, "c", "ACME Ltd", 2, 77, 7));
        batch.Producers.Add(new(255, 2, 3, 4));
        await store.WriteAsync([batch]);
        Assert.Equal(
            [
                "progress 1 1 3 0000000000005ccd 1700000000003 2 1699999999999",
                "series 1 000000000000000000000000000000ab 7 \"c\\\"\\\\\\u0001é\" \"p\" \"USD\" \"e\"",
                "total 1 000000000000000000000000000000ab 5 -1500000000000 2 -3 4 5 6 1/1/2/1",
                "fate 1/1/0/4 7 1 0 1 1/1/0/2",
                "fate 1/1/1/-1 0 4 1 12 -",
                "name 1 7 0 \"c\" \"ACME Ltd\" 1/1/2/0 77",
                "producer 1 00000000000000ff 2 0000000000000003 4",
            ], await Export(store));
    }
}
