using Received.Model;
using Received.Rating;
using Received.Tests.Usage;
using Xunit;

namespace Received.Tests.Rating;

public sealed class DuplicatesTests : IAsyncDisposable
{
    static readonly PartitionId Partition = new(3);
    static readonly LogIdentity Log = new(Guid.Empty, 1, 8, TimeSpan.FromDays(40), 77);
    static readonly long WindowMs = (long)Log.DedupeWindow.TotalMilliseconds;

    readonly MemoryKeyIndex _index = new();
    readonly Decisions _decisions = new();
    readonly Duplicates _duplicates;

    public DuplicatesTests() => _duplicates = new(_index, Partition, Log);

    public ValueTask DisposeAsync() => _index.DisposeAsync();

    static readonly Keyed Base = new(
        1, "acme", "k", 10, Product: "units", CustomerName: "ACME", ProductName: "Units", Currency: "USD",
        Entity: "e", Data: "{}");

    [Fact]
    public async Task Law_2_the_first_counts_and_a_retry_names_it()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 0, Base with { Key = "other" }, Base, Base);
        Assert.Equal([Fate.Counted, Fate.Counted, Fate.Duplicate], _decisions.Fates.ToArray());
        await DecideAsync(2, 5, Base);
        Assert.Equal([Fate.Duplicate], _decisions.Fates.ToArray());
        Assert.Equal((1, 1L, 1), Original(0));
        await FlushAsync();
        await DecideAsync(3, 5, Base);
        Assert.Equal((1, 1L, 1), Original(0));
        Assert.Equal(1, _decisions.NotCounted);
    }

    public static TheoryData<string, object> Differences => new()
    {
        { "quantity", Base with { Quantity = 11 } },
        { "timestamp", Base with { TimestampMs = 2_000 } },
        { "product", Base with { Product = "hours" } },
        { "customer's name", Base with { CustomerName = "Acme" } },
        { "product's name", Base with { ProductName = "" } },
        { "currency", Base with { Currency = "EUR" } },
        { "entity", Base with { Entity = "f" } },
        { "data, though only its space", Base with { Data = "{ }" } },
        { "where a field ends", Base with { CustomerName = "ACMEU", ProductName = "nits" } },
    };

    [Theory]
    [MemberData(nameof(Differences), DisableDiscoveryEnumeration = true)]
    public async Task Law_2_one_identity_with_another_event_is_a_conflict(string what, object other)
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 0, Base, (Keyed)other);
        Assert.True(_decisions.Fates[1] == Fate.Conflict, what);
        Assert.Equal((1, 1L, 0), Original(1));
    }

    public static TheoryData<string, object> OtherIdentities => new()
    {
        { "account", Base with { Account = 2 } },
        { "customer", Base with { Customer = "acm" } },
        { "key", Base with { Key = "K" } },
        { "how the key was made", Base with { Kind = KeyKind.Batch } },
        { "where the customer ends and the key starts", Base with { Customer = "acme\u0001", Key = "k" } },
        { "no key", Base with { Key = "" } },
    };

    [Theory]
    [MemberData(nameof(OtherIdentities), DisableDiscoveryEnumeration = true)]
    public async Task Law_2_another_identity_counts(string what, object other)
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 0, Base, (Keyed)other);
        Assert.True(_decisions.AllCounted, what);
    }

    [Fact]
    public async Task Unkeyed_events_always_count_and_leave_no_entry()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 0, Base with { Key = "" }, Base with { Key = "" });
        Assert.True(_decisions.AllCounted);
        Assert.Equal(0, _duplicates.Pending.Length);
    }

    [Fact]
    public async Task Law_2_the_window_counts_its_first_millisecond_and_none_before()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base);
        await FlushAsync();
        await DecideAsync(2, 1000 + WindowMs, Base);
        Assert.Equal([Fate.Duplicate], _decisions.Fates.ToArray());
        await DecideAsync(3, 1001 + WindowMs, Base);
        Assert.True(_decisions.AllCounted);
        await DecideAsync(4, 1002 + WindowMs, Base);
        Assert.Equal((1, 3L, 0), Original(0));
    }

    [Fact]
    public async Task Law_4_entries_at_and_past_the_events_own_position_have_no_say_on_replay()
    {
        // A flush before a crash: keys of frames 1 to 3 are stored, totals are not.
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base);
        await DecideAsync(2, 1000 + WindowMs, Base with { Key = "second" });
        await DecideAsync(3, 1001 + WindowMs, Base, Base);
        await FlushAsync();
        var stored = _index.Count;

        var replay = new Duplicates(_index, Partition, Log);
        await replay.LoadAsync(0);
        // Its own entry (frame 1) and a later one of the same identity (frame 3) are both stored.
        await replay.DecideAsync(Keyed.Events(Base), 1, 1, 1000, _decisions);
        Assert.True(_decisions.AllCounted);
        await replay.DecideAsync(Keyed.Events(Base with { Key = "second" }), 1, 2, 1000 + WindowMs, _decisions);
        Assert.True(_decisions.AllCounted);
        await replay.DecideAsync(Keyed.Events(Base, Base), 1, 3, 1001 + WindowMs, _decisions);
        Assert.Equal([Fate.Counted, Fate.Duplicate], _decisions.Fates.ToArray());
        Assert.Equal((1, 3L, 0), Original(1));
        Assert.Equal(0, replay.Pending.Length);
        await _index.AddAsync([new(Partition, replay.Pending)]);
        Assert.Equal(stored, _index.Count);
    }

    [Fact]
    public async Task Law_4_a_discarded_flush_decides_the_same_again_and_enters_the_same()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base, Base);
        var pending = _duplicates.Pending.ToArray();
        _duplicates.Discard();
        Assert.Equal(0, _duplicates.Pending.Length);
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base, Base);
        Assert.Equal([Fate.Counted, Fate.Duplicate], _decisions.Fates.ToArray());
        Assert.Equal(pending, _duplicates.Pending.ToArray());
    }

    [Fact]
    public async Task Law_2_keys_on_their_way_to_the_index_decide_all_the_same()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base);
        _duplicates.Seal();
        await DecideAsync(2, 1000, Base, Base with { Key = "second" });
        Assert.Equal([Fate.Duplicate, Fate.Counted], _decisions.Fates.ToArray());
        Assert.Equal((1, 1L, 0), Original(0));
        Assert.Equal((1, 1), (_duplicates.Sealed.Length, _duplicates.Pending.Length));
        Assert.Throws<InvalidOperationException>(_duplicates.Seal);
        await _index.AddAsync([new(Partition, _duplicates.Sealed)]);
        _duplicates.Written();
        await DecideAsync(3, 1000, Base, Base with { Key = "second" });
        Assert.Equal([Fate.Duplicate, Fate.Duplicate], _decisions.Fates.ToArray());
        Assert.Equal((1, 1L, 0), Original(0));
        Assert.Equal((1, 2L, 1), Original(1));
    }

    [Fact]
    public async Task Law_2_a_key_that_left_the_window_on_its_way_to_the_index_counts_again_and_is_the_original_then()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base);
        _duplicates.Seal();
        await DecideAsync(2, 1001 + WindowMs, Base);
        await DecideAsync(3, 1001 + WindowMs, Base);
        Assert.Equal([Fate.Duplicate], _decisions.Fates.ToArray());
        Assert.Equal((1, 2L, 0), Original(0));
    }

    [Fact]
    public async Task A_look_up_that_fails_changes_nothing()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base);
        await FlushAsync();
        _index.Failure = new IOException("the disk is away");
        await Assert.ThrowsAsync<IOException>(() => DecideAsync(2, 1000, Base with { Key = "new" }, Base));
        Assert.Equal(0, _duplicates.Pending.Length);
        await DecideAsync(2, 1000, Base with { Key = "new" }, Base);
        Assert.Equal([Fate.Counted, Fate.Duplicate], _decisions.Fates.ToArray());
    }

    [Fact]
    public async Task New_keys_are_decided_without_asking_the_index()
    {
        await _duplicates.LoadAsync(0);
        var rows = Enumerable.Range(0, 1000).Select(i => Base with { Key = $"k{i}" }).ToArray();
        var deciding = _duplicates.DecideAsync(Keyed.Events(rows), 1, 1, 1000, _decisions);
        Assert.True(deciding.IsCompletedSuccessfully);
        await deciding;
        Assert.Equal(0, _index.Asked);
        Assert.Equal(1000, _duplicates.Pending.Length);
    }

    [Fact]
    public async Task Deciding_new_keys_allocates_nothing_per_event()
    {
        await _duplicates.LoadAsync(0);
        const int Measured = 5;
        var frames = Enumerable.Range(0, 19 + Measured).Select(frame => Keyed.Events(
            [.. Enumerable.Range(0, 1000).Select(i => Base with { Key = $"{frame}-{i}" })])).ToArray();
        for (var i = 0; i < 19; i++) await _duplicates.DecideAsync(frames[i], 1, i, 1000, _decisions);
        _duplicates.Seal();
        _duplicates.Written();
        await _duplicates.DecideAsync(frames[0], 1, 19, 1000, _decisions);
        _duplicates.Seal();
        _duplicates.Written();
        // The least: a collection meanwhile, for another test, adds what is left of this thread's allocation context.
        var least = long.MaxValue;
        for (var i = 0; i < Measured; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var deciding = _duplicates.DecideAsync(frames[19 + i], 1, 20 + i, 1000, _decisions);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            await deciding;
        }

        Assert.InRange(least, 0, 1000);
    }

    [Fact]
    public async Task Frames_out_of_order_and_times_that_fall_are_refused()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => DecideAsync(5, 1000, Base));
        await _duplicates.LoadAsync(0);
        await DecideAsync(5, 1000, Base);
        await Assert.ThrowsAsync<InvalidOperationException>(() => DecideAsync(5, 1000, Base));
        await Assert.ThrowsAsync<InvalidOperationException>(() => DecideAsync(4, 1000, Base));
        await Assert.ThrowsAsync<InvalidOperationException>(() => DecideAsync(6, 999, Base));
    }

    [Fact]
    public async Task Going_back_asks_for_loading_and_brings_back_what_had_left_the_window()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base);
        await FlushAsync();
        await DecideAsync(2, 1001 + WindowMs, Base with { Key = "" });
        await FlushAsync();
        _duplicates.Discard();
        await Assert.ThrowsAsync<InvalidOperationException>(() => DecideAsync(2, 1000, Base));
        await _duplicates.LoadAsync(1000);
        await DecideAsync(2, 1000, Base);
        Assert.Equal([Fate.Duplicate], _decisions.Fates.ToArray());
    }

    [Fact]
    public async Task Law_2_what_another_owner_wrote_meanwhile_is_known_after_loading()
    {
        await _duplicates.LoadAsync(0);
        await DecideAsync(1, 1000, Base with { Key = "other" });
        var other = new Duplicates(_index, Partition, Log);
        await other.LoadAsync(0);
        await other.DecideAsync(Keyed.Events(Base), 1, 2, 1000, _decisions);
        await _index.AddAsync([new(Partition, other.Pending)]);

        _duplicates.Discard();
        await _duplicates.LoadAsync(1000);
        await DecideAsync(3, 1000, Base);
        Assert.Equal([Fate.Duplicate], _decisions.Fates.ToArray());
        Assert.Equal((1, 2L, 0), Original(0));
    }

    [Fact]
    public void Stored_hashes_never_change()
    {
        var events = Keyed.Events(Base);
        Assert.Equal(
            System.IO.Hashing.XxHash128.HashToUInt128(
                [1, 0, 0, 0, 4, 0, 0, 0, .. "acme"u8, KeyKind.Own, .. "k"u8], 77),
            Identities.Identity(77, new(1), "acme"u8, events.Keys[0]));
        Assert.Equal(
            "2190d5f1e5e5ad1cddaa2f37673096c4",
            Identities.Identity(77, new(1), "acme"u8, events.Keys[0]).ToString("x32"));
        Assert.Equal("3d94417f5c2d757d", Identities.EventHash(events, 0).ToString("x16"));
        Assert.Equal(
            "88497e55bcb296ab8b9ccda1fd8e8548",
            Identities.Series(77, new(1), "acme"u8, "units"u8, "USD"u8, "e"u8).ToString("x32"));
    }

    [Fact]
    public void Hashes_depend_on_the_seed_and_on_where_fields_end()
    {
        var series = Identities.Series(77, new(1), "ab"u8, "c"u8, "USD"u8, "e"u8);
        Assert.NotEqual(series, Identities.Series(78, new(1), "ab"u8, "c"u8, "USD"u8, "e"u8));
        Assert.NotEqual(series, Identities.Series(77, new(1), "a"u8, "bc"u8, "USD"u8, "e"u8));
        Assert.NotEqual(series, Identities.Series(77, new(2), "ab"u8, "c"u8, "USD"u8, "e"u8));
        Assert.NotEqual(
            Identities.Identity(77, new(1), "ab"u8, "c"u8), Identities.Identity(77, new(1), "a"u8, "bc"u8));
        Assert.NotEqual(
            Identities.Identity(77, new(1), "ab"u8, "c"u8), Identities.Identity(78, new(1), "ab"u8, "c"u8));
    }

    async Task DecideAsync(long offset, long logTimeMs, params Keyed[] rows) =>
        await _duplicates.DecideAsync(Keyed.Events(rows), 1, offset, logTimeMs, _decisions);

    async Task FlushAsync()
    {
        _duplicates.Seal();
        await _index.AddAsync([new(Partition, _duplicates.Sealed.ToArray())]);
        _duplicates.Written();
    }

    (int, long, int) Original(int index) => (
        _decisions.OriginalGenerations[index], _decisions.OriginalOffsets[index], _decisions.OriginalIndices[index]);
}
