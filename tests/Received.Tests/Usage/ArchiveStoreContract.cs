using Received.Model;
using Received.Usage;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>The archive: what goes in comes back byte for byte.</summary>
public abstract class ArchiveStoreContract : UsageStoreContract
{
    [Fact]
    public async Task Law_5_archived_frames_come_back_byte_for_byte()
    {
        ArchivedFrame[] frames =
            [Frame(0, Ugly()), Broken(1, 17, ParkReason.FrameCorrupt), Frame(2, Many(5000, 2))];
        var batch = Archive(2, 0, frames);
        await using (var store = await Open()) await store.ArchiveAsync([batch]);
        await using var again = await Open();
        await AssertReplay(again, frames, 2, 0);
        Assert.Equal(batch.Progress, await again.ReadArchivedAsync(P(2)));
    }

    [Fact]
    public async Task Law_5_replay_crosses_pages_and_partitions_do_not_mix()
    {
        await using var store = await Open();
        var frames = Enumerable.Range(0, 700).Select(i => Frame(i, Many(i % 50 == 0 ? 3000 : 1, i))).ToArray();
        var other = Enumerable.Range(0, 700).Select(i => Frame(i, Many(2, i + 5))).ToArray();
        long accepted = 0;
        foreach (var part in frames.Zip(other).Chunk(100))
        {
            var first = Archive(0, accepted, [.. part.Select(p => p.First)]);
            await store.ArchiveAsync([first, Archive(1, 2 * part[0].Second.Offset, [.. part.Select(p => p.Second)])]);
            accepted = first.Progress.Accepted;
        }

        await AssertReplay(store, frames, 0, 0);
        await AssertReplay(store, other, 1, 0);
        await AssertReplay(store, frames[650..], 0, 650);
        await AssertReplay(store, [], 0, 700);
    }

    [Fact]
    public async Task Archiving_a_batch_again_or_in_part_changes_nothing()
    {
        await using var store = await Open();
        ArchivedFrame[] frames = [Frame(0, Many(3, 1)), Frame(1, Many(4, 2)), Frame(2, Many(5, 3)), Frame(3, Many(6,
            4))];
        await store.ArchiveAsync([Archive(0, 0, frames[..3])]);
        await store.ArchiveAsync([Archive(0, 0, frames[..3])]);
        await store.ArchiveAsync([Archive(0, 3, frames[1..])]);
        await store.ArchiveAsync([Archive(0, 0, frames[..2])]);
        await AssertReplay(store, frames, 0, 0);
        var progress = await store.ReadArchivedAsync(P(0));
        Assert.Equal((4, 18), (progress.Next, progress.Accepted));
    }

    [Fact]
    public async Task References_and_names_that_were_archived_before_keep_their_meaning()
    {
        ArchivedFrame[] frames = [Frame(0, Many(100, 1)), Frame(1, Many(200, 2)), Frame(2, Ugly())];
        await using (var store = await Open()) await store.ArchiveAsync([Archive(0, 0, frames[..1])]);
        await using (var store = await Open()) await store.ArchiveAsync([Archive(0, 100, frames[1..2])]);
        await using var last = await Open();
        await last.ArchiveAsync([Archive(0, 300, frames[2..])]);
        await AssertReplay(last, frames, 0, 0);
    }

    [Fact]
    public async Task Frames_that_share_one_set_of_columns_are_taken_one_at_a_time()
    {
        ArchivedFrame[] first = [.. Enumerable.Range(0, 40).Select(i => Frame(i, Many(30 + i, i)))];
        ArchivedFrame[] other = [.. Enumerable.Range(0, 40).Select(i => Frame(i, Many(70 - i, 100 + i)))];
        var shared = new EventColumns();
        await using var store = await Open();
        await store.ArchiveAsync(
        [
            Archive(0, 0, first) with { Frames = Shared(first, shared) },
            Archive(1, 0, other) with { Frames = Shared(other, shared) },
        ]);
        await AssertReplay(store, first, 0, 0);
        await AssertReplay(store, other, 1, 0);
        Assert.Equal(first.Sum(frame => frame.EventCount), (await store.ReadArchivedAsync(P(0))).Accepted);
    }

    [Fact]
    public async Task A_replay_that_is_given_up_leaves_the_store_working()
    {
        await using var store = await Open();
        await store.ArchiveAsync([Archive(0, 0, [.. Enumerable.Range(0, 600).Select(i => Frame(i, Many(1, i)))])]);
        for (var i = 0; i < 10; i++)
        {
            await foreach (var frame in store.ReplayAsync(P(0), 0))
            {
                Assert.Equal(0, frame.Offset);
                break;
            }
        }

        Assert.Equal(600, (await store.ReadArchivedAsync(P(0))).Next);
    }

    static ArchivedFrame Broken(long offset, int count, ParkReason reason) =>
        new(offset, count, 5, 6, 7, 8, reason, null);

    /// <summary>As the archive's loop gives frames: decoded into the same columns, when they are asked for.</summary>
    static IEnumerable<ArchivedFrame> Shared(IEnumerable<ArchivedFrame> frames, EventColumns columns)
    {
        foreach (var frame in frames)
        {
            columns.Clear();
            var from = frame.Events!;
            for (var i = 0; i < from.Count; i++)
            {
                columns.Add(
                    Copy(from.Customers, from.Customer[i], columns.Customers),
                    Copy(from.Products, from.Product[i], columns.Products),
                    Copy(from.Assertions, from.Assertion[i], columns.Assertions),
                    from.TimestampMs[i], from.ReceivedAtMs[i], from.Quantity[i], from.Keys[i], from.Data[i]);
            }

            yield return frame with { Events = columns };
        }

        columns.Clear();
    }

    static int Copy(NamedTable from, int index, NamedTable to) =>
        to.Intern(from.Account(index), from.Ref(index), from.Name(index));

    static EventColumns Ugly()
    {
        var huge = new string('x', 70_000);
        return new EventColumns()
            .Event(1, "", "", 0)
            .Event(1, "c", "p", Int128.MaxValue, "k", "{}", "USD", "entity")
            .Event(2, "c", "p", Int128.MinValue, "twelve bytes", "thirteen byte")
            .Event(1, "c", "p2", -1, huge, huge)
            .Event(3, "naïve 日本 🎉 \u0001", "\uFFFD\uE000", (Int128)1 << 64, "\u0001k\n", " { } ")
            .Event(1, "ab", "c", (Int128)1 << 63, currency: "USD")
            .Event(1, "a", "bc", -((Int128)1 << 64), entity: "USD");
    }

    static EventColumns Many(int count, int seed)
    {
        var events = new EventColumns();
        for (var i = 0; i < count; i++)
        {
            var n = unchecked((seed * 7919) + (i * 31));
            events.Event(
                1 + (i % 3), $"customer {n % 97}", $"product {i % 5}", (Int128)n * 1_000_000_000_001, $"key {n}",
                i % 4 == 0 ? "" : $"{{\"n\":{n}}}", timestampMs: 1_700_000_000_000 + n);
        }

        return events;
    }

    static async Task AssertReplay(
        IUsageStore store, IReadOnlyList<ArchivedFrame> expected, int partition, long offset)
    {
        var at = 0;
        await foreach (var frame in store.ReplayAsync(P(partition), offset))
        {
            Assert.Equal(expected[at] with { Events = null }, frame with { Events = null });
            AssertEvents(expected[at].Events, frame.Events);
            at++;
        }

        Assert.Equal(expected.Count, at);
    }

    static void AssertEvents(EventColumns? expected, EventColumns? found)
    {
        Assert.Equal(expected is null, found is null);
        if (expected is null || found is null) return;
        Assert.Equal(expected.Count, found.Count);
        Assert.True(expected.Quantity.SequenceEqual(found.Quantity));
        Assert.True(expected.TimestampMs.SequenceEqual(found.TimestampMs));
        Assert.True(expected.ReceivedAtMs.SequenceEqual(found.ReceivedAtMs));
        Assert.True(expected.Keys.Bytes.SequenceEqual(found.Keys.Bytes));
        Assert.True(expected.Keys.Ends.SequenceEqual(found.Keys.Ends));
        Assert.True(expected.Data.Bytes.SequenceEqual(found.Data.Bytes));
        Assert.True(expected.Data.Ends.SequenceEqual(found.Data.Ends));
        for (var i = 0; i < expected.Count; i++)
        {
            AssertEntry(expected.Customers, expected.Customer[i], found.Customers, found.Customer[i]);
            AssertEntry(expected.Products, expected.Product[i], found.Products, found.Product[i]);
            AssertEntry(expected.Assertions, expected.Assertion[i], found.Assertions, found.Assertion[i]);
            Assert.Equal(expected.Assertion[i] == 0, found.Assertion[i] == 0);
        }
    }

    static void AssertEntry(NamedTable expected, int at, NamedTable found, int foundAt)
    {
        Assert.Equal(expected.Account(at), found.Account(foundAt));
        Assert.True(expected.Ref(at).SequenceEqual(found.Ref(foundAt)));
        Assert.True(expected.Name(at).SequenceEqual(found.Name(foundAt)));
    }
}
