using CsCheck;
using Received.Model;
using Received.Usage;
using Xunit;

namespace Received.Tests.Usage;

/// <summary>What every key index keeps to; an adapter's test class is a way to open it.</summary>
public abstract class KeyIndexContract
{
    protected static readonly PartitionId One = new(1);
    protected static readonly PartitionId Two = new(2);

    /// <summary>Opens what was written before by the same test, or an empty index.</summary>
    protected abstract ValueTask<IKeyIndex> OpenAsync();

    /// <summary>Of the property's random histories; fewer where each is many round trips to a server.</summary>
    protected virtual int Samples => 15;

    /// <summary>For adapters that have something to do in the background: do all of it now.</summary>
    protected virtual ValueTask SettleAsync(IKeyIndex index) => default;

    [Fact]
    public async Task An_added_entry_is_found_with_all_its_fields()
    {
        await using var index = await OpenAsync();
        var entry = new KeyEntry(UInt128.MaxValue - 5, ulong.MaxValue - 1, 65535, long.MaxValue / 2, 65535, 123456);
        await AddAsync(index, One, entry);
        Assert.Equal([entry, default], await FindAsync(index, One, 0, entry.Identity, 1));
        Assert.Equal([entry], await StreamAsync(index, One, 0));
    }

    [Fact]
    public async Task An_empty_index_finds_nothing()
    {
        await using var index = await OpenAsync();
        await index.AddAsync([]);
        await index.AddAsync([new(One, default)]);
        Assert.Equal([default, default], await FindAsync(index, One, long.MinValue, 0, 7));
        Assert.Empty(await StreamAsync(index, One, long.MinValue));
    }

    [Fact]
    public async Task Partitions_do_not_see_each_others_entries()
    {
        await using var index = await OpenAsync();
        await index.AddAsync([Batch(One, Entry(7, 1)), Batch(Two, Entry(7, 2), Entry(8, 3))]);
        Assert.Equal([Entry(7, 1), default], await FindAsync(index, One, 0, 7, 8));
        Assert.Equal([Entry(7, 2), Entry(8, 3)], await FindAsync(index, Two, 0, 7, 8));
        Assert.Single(await StreamAsync(index, One, 0));
    }

    [Fact]
    public async Task Entries_survive_closing_and_opening()
    {
        await using (var index = await OpenAsync()) await AddAsync(index, One, Entry(7, 1));
        await using (var index = await OpenAsync()) await AddAsync(index, One, Entry(8, 2));
        await using var opened = await OpenAsync();
        Assert.Equal([Entry(7, 1), Entry(8, 2)], await FindAsync(opened, One, 0, 7, 8));
    }

    [Fact]
    public async Task Adding_an_entry_again_changes_nothing()
    {
        await using var index = await OpenAsync();
        for (var i = 0; i < 3; i++) await AddAsync(index, One, Entry(7, 1), Entry(7, 1));
        await SettleAsync(index);
        Assert.Equal([Entry(7, 1)], await FindAsync(index, One, 0, 7));
        Assert.Equal([Entry(7, 1)], (await StreamAsync(index, One, 0)).Distinct());
    }

    [Fact]
    public async Task Law_2_the_earliest_position_at_or_after_the_bound_is_found_and_generation_comes_first()
    {
        await using var index = await OpenAsync();
        KeyEntry first = new(7, 1, 0, 900, 3, 100), second = new(7, 1, 1, 5, 9, 200), third = new(7, 1, 1, 6, 0, 300);
        await AddAsync(index, One, third);
        await AddAsync(index, One, second, first);
        await SettleAsync(index);
        Assert.Equal([first], await FindAsync(index, One, 100, 7));
        Assert.Equal([second], await FindAsync(index, One, 101, 7));
        Assert.Equal([third], await FindAsync(index, One, 201, 7));
        Assert.Equal([default], await FindAsync(index, One, 301, 7));
    }

    [Fact]
    public async Task Expired_entries_may_go_and_all_others_stay()
    {
        await using var index = await OpenAsync();
        await AddAsync(index, One, Entry(7, 100));
        await index.AddAsync([Batch(One, Entry(8, 100), Entry(9, 200)), Batch(Two, Entry(7, 50))]);
        await index.ExpireAsync(One, 150);
        await SettleAsync(index);
        Assert.Equal([default, default, Entry(9, 200)], await FindAsync(index, One, 150, 7, 8, 9));
        Assert.Equal([Entry(7, 50)], await FindAsync(index, Two, 0, 7));
        Assert.Equal([Entry(9, 200)], await StreamAsync(index, One, 150));
    }

    [Fact]
    public Task Answers_like_a_list_that_is_searched_from_end_to_end() => Gen.Select(
        Gen.Select(Gen.Int[1, 2], Gen.Int[0, 40], Gen.Int[0, 2], Gen.Int[0, 60]).List[0, 400].List[1, 12],
        Gen.Int[0, 50], Gen.Int[0, 3]).SampleAsync(
        async (adds, notBefore, reopenEvery) =>
        {
            var all = new HashSet<(PartitionId Partition, KeyEntry Entry)>();
            // Samples share the folder: each has identities of its own.
            var salt = (UInt128)(uint)Interlocked.Increment(ref _samples) << 64;
            var index = await OpenAsync();
            foreach (var add in adds)
            {
                var rows = add.Select(row => (
                    Partition: new PartitionId((ushort)row.Item1),
                    Entry: new KeyEntry(
                        salt + (uint)row.Item2, (ulong)row.Item3, (ushort)row.Item3, row.Item4, row.Item3,
                        row.Item4))).ToList();
                all.UnionWith(rows);
                await index.AddAsync([.. rows.GroupBy(row => row.Partition)
                    .Select(group => Batch(group.Key, [.. group.Select(row => row.Entry)]))]);
                if (reopenEvery == 0 || add.Count % (reopenEvery + 1) != 0) continue;
                await index.DisposeAsync();
                index = await OpenAsync();
            }

            var asked = Enumerable.Range(0, 45).Select(i => salt + (uint)((i * 7) % 41)).ToArray();
            foreach (var partition in new[] { One, Two })
            {
                var expected = asked.Select(identity => all
                    .Where(row => row.Partition == partition && row.Entry.Identity == identity
                        && row.Entry.LogTimeMs >= notBefore)
                    .Select(row => row.Entry)
                    .OrderBy(entry => (entry.Generation, entry.Offset, entry.Index)).FirstOrDefault());
                Assert.Equal(expected, await FindAsync(index, partition, notBefore, asked));
                Assert.Subset(
                    (await StreamAsync(index, partition, notBefore)).ToHashSet(),
                    all.Where(row => row.Partition == partition && row.Entry.LogTimeMs >= notBefore)
                        .Select(row => row.Entry).ToHashSet());
            }

            await index.DisposeAsync();
        }, iter: Samples, threads: 1);

    int _samples;

    protected static KeyEntry Entry(UInt128 identity, long logTimeMs) =>
        new(identity, 42, 1, logTimeMs, 0, logTimeMs);

    protected static KeyBatch Batch(PartitionId partition, params KeyEntry[] entries) => new(partition, entries);

    protected static ValueTask AddAsync(IKeyIndex index, PartitionId partition, params KeyEntry[] entries) =>
        index.AddAsync([Batch(partition, entries)]);

    protected static async Task<KeyEntry[]> FindAsync(
        IKeyIndex index, PartitionId partition, long notBeforeMs, params UInt128[] identities)
    {
        var found = new KeyEntry[identities.Length];
        Array.Fill(found, new KeyEntry(99, 99, 9, 9, 9, 9));
        await index.FindAsync(partition, identities, notBeforeMs, found);
        return found;
    }

    protected static async Task<List<KeyEntry>> StreamAsync(IKeyIndex index, PartitionId partition, long notBeforeMs)
    {
        var entries = new List<KeyEntry>();
        await foreach (var chunk in index.StreamAsync(partition, notBeforeMs)) entries.AddRange(chunk.Span);
        return entries;
    }
}
