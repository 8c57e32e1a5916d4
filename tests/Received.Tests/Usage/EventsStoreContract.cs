using Received.Model;
using Received.Usage;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>Archived events with their fates, and law 3's figures.</summary>
public abstract class EventsStoreContract : UsageStoreContract
{
    [Fact]
    public async Task An_event_shows_all_that_was_sent_and_what_became_of_it()
    {
        await using var store = await Open();
        await Fill(store);
        var line = await store.FindEventAsync(Account(1), new(1, P(0), 1, 0));
        Assert.NotNull(line);
        Assert.Equal(("é", "é name", "p", "p name"), (line.CustomerRef, line.CustomerName, line.ProductRef,
            line.ProductName));
        Assert.Equal(("USD", "ent"), (line.Currency, line.EntityRef));
        Assert.Equal((1_700_000_000_000, 1_700_000_000_005), (line.TimestampMs, line.ReceivedAtMs));
        Assert.Equal((Int128)7 << 70, line.Quantity);
        Assert.Equal(Utf8("\u0001k"), line.Key);
        Assert.Equal(Utf8(" {}"), line.Data);
        Assert.Equal((Fate.Duplicate, ParkReason.None), (line.Fate, line.Reason));
        Assert.Equal(new LogPosition(1, P(0), 0, 1), line.Original);
    }

    [Fact]
    public async Task Fates_are_counted_unless_stored_otherwise_and_unknown_past_the_rated_position()
    {
        await using var store = await Open();
        await Fill(store);
        var lines = await store.QueryEventsAsync(Events());
        Assert.Equal(
            [
                "1/0/0/0 Counted", "1/0/0/1 Counted", "1/0/1/0 Duplicate", "1/0/1/2 Parked", "1/0/2/0 Duplicate",
                "1/0/2/1 Duplicate", "1/0/3/0 ", "1/1/0/0 Counted",
            ], lines.Select(l => $"{l.Position} {l.Fate}"));
        Assert.Equal(ParkReason.TotalOverflow, lines[3].Reason);
        Assert.Equal(3, (await store.QueryEventsAsync(Events() with { Fate = Fate.Counted })).Count);
        Assert.Equal(3, (await store.QueryEventsAsync(Events() with { Fate = Fate.Duplicate })).Count);
    }

    [Fact]
    public async Task Events_are_found_by_customer_product_and_time()
    {
        await using var store = await Open();
        await Fill(store);
        Assert.Single(await store.QueryEventsAsync(Events() with { CustomerRef = "é" }));
        Assert.Equal(2, (await store.QueryEventsAsync(Events() with { ProductRef = "p2" })).Count);
        Assert.Empty(await store.QueryEventsAsync(Events() with { ProductRef = "p2\0" }));
        var late = await store.QueryEventsAsync(Events() with { FromMs = 1_700_000_000_001, ToMs = 1_700_000_000_010 });
        Assert.Equal(new LogPosition(1, P(0), 3, 0), Assert.Single(late).Position);
    }

    [Fact]
    public async Task Pages_of_events_make_the_whole()
    {
        await using var store = await Open();
        await Fill(store);
        var whole = await store.QueryEventsAsync(Events());
        var paged = new List<LogPosition>();
        for (LogPosition? after = null; ;)
        {
            var page = await store.QueryEventsAsync(Events(limit: 3) with { After = after });
            if (page.Count == 0) break;
            paged.AddRange(page.Select(l => l.Position));
            after = page[^1].Position;
        }

        Assert.Equal(whole.Select(l => l.Position), paged);
    }

    [Fact]
    public async Task Law_12_events_of_another_account_are_not_found()
    {
        await using var store = await Open();
        await Fill(store);
        Assert.Null(await store.FindEventAsync(Account(1), new(1, P(0), 1, 1)));
        Assert.NotNull(await store.FindEventAsync(Account(2), new(1, P(0), 1, 1)));
        Assert.Null(await store.FindEventAsync(Account(2), new(1, P(0), 0, 0)));
        Assert.Null(await store.FindEventAsync(Account(1), new(2, P(0), 0, 0)));
        Assert.Null(await store.FindEventAsync(Account(1), new(1, P(0), 0, 2)));
        Assert.Single(await store.QueryEventsAsync(Events(2)));
        Assert.Empty(await store.QueryEventsAsync(Events(3)));
    }

    [Fact]
    public async Task Law_3_the_audit_takes_its_figures_from_three_sources_at_one_position()
    {
        await using var store = await Open();
        await Fill(store);
        var lines = await store.ReadAuditAsync();
        Assert.Equal([0, 1, 2, 3], lines.Select(l => (int)l.Rated.Partition.Value));
        var line = lines[0];
        Assert.Equal((2, 3, 1, 0), (line.Counted, line.Duplicate, line.Conflict, line.Voided));
        Assert.Equal([new(ParkReason.TotalOverflow, 1)], line.Parked);
        Assert.Equal((3, 7, 4, 8), (line.Rated.Next, line.Accepted, line.Archived.Next, line.Archived.Accepted));
        Assert.Equal(line.Accepted, line.Counted + line.Duplicate + line.Conflict + line.Voided + line.ParkedTotal);
        Assert.Equal((0, 0), (lines[2].Rated.Next, lines[2].Accepted));
    }

    [Fact]
    public async Task Law_3_accepted_is_unknown_until_the_archive_is_there_and_broken_headers_are_counted()
    {
        await using var store = await Open();
        var batch = Batch(0, 2);
        batch.Fates.Add(Fated(0, LogPosition.WholeFrame, Fate.Parked, 0, ParkReason.FrameCorrupt, 12));
        batch.Fates.Add(Fated(1, LogPosition.WholeFrame, Fate.Parked, 0, ParkReason.HeaderCorrupt, 0));
        await store.WriteAsync([batch]);
        var line = (await store.ReadAuditAsync())[0];
        Assert.Null(line.Accepted);
        Assert.Equal((12, 1), (line.ParkedTotal, line.UnknownFrames));
        await store.ArchiveAsync([Archive(
            0, 0, new ArchivedFrame(0, 12, 1, 2, 3, 4, ParkReason.FrameCorrupt, null),
            new ArchivedFrame(1, 0, 0, 0, 0, 0, ParkReason.HeaderCorrupt, null))]);
        line = (await store.ReadAuditAsync())[0];
        Assert.Equal((12, 1), (line.Accepted, line.Archived.UnknownFrames));
    }

    [Fact]
    public async Task Law_3_the_audit_is_one_snapshot_while_rating_writes()
    {
        await using var store = await Open();
        const int Frames = 60;
        await store.ArchiveAsync([Archive(
            0, 0, [.. Enumerable.Range(0, Frames).Select(i => Frame(i, Pair()))])]);
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i <= Frames; i++)
            {
                var batch = Batch(0, i).With(Series(1), Total(1, 1, i, i - 1, count: i));
                batch.Fates.Add(Fated(i - 1, 1, Fate.Conflict));
                await store.WriteAsync([batch]);
            }
        });
        var seen = 0;
        do
        {
            var line = (await store.ReadAuditAsync())[0];
            Assert.Equal(line.Rated.Next, line.Counted);
            Assert.Equal(line.Rated.Next, line.Conflict);
            Assert.Equal(2 * line.Rated.Next, line.Accepted);
            var export = await Export(store);
            var rated = export.Count == 0 ? 0 : long.Parse(export[0].Split(' ')[3]);
            Assert.Equal(rated, export.Count(l => l.StartsWith("fate ", StringComparison.Ordinal)));
            seen++;
        }
        while (!writing.IsCompleted);

        await writing;
        Assert.True(seen > 1);
        Assert.Equal(Frames, (await store.ReadAuditAsync())[0].Counted);
    }

    static EventColumns Pair() => new EventColumns().Event(1, "c", "p", 1).Event(1, "c", "p", 2);

    /// <summary>Account 1 has eight events in two partitions, account 2 has one; the last frame is not rated
    /// yet.</summary>
    static async Task Fill(IUsageStore store)
    {
        await store.ArchiveAsync(
            [
                Archive(
                    0, 0,
                    Frame(0, new EventColumns().Event(1, "c", "p", 1).Event(1, "c", "p2", 2)),
                    Frame(1, new EventColumns()
                        .Event(1, "é", "p", (Int128)7 << 70, "\u0001k", " {}", "USD", "ent")
                        .Event(2, "c", "p", 4)
                        .Event(1, "c", "p", 5)),
                    Frame(2, new EventColumns().Event(1, "c", "p", 1).Event(1, "c", "p2", 2)),
                    Frame(3, new EventColumns().Event(1, "c", "p", 6, timestampMs: 1_700_000_000_009))),
                Archive(1, 0, Frame(0, new EventColumns().Event(1, "d", "p", 1))),
            ]);
        var batch = Batch(0, 3).With(Series(1), Total(1, 1, 3, 0, count: 2));
        batch.Fates.Add(Fated(1, 0, Fate.Duplicate, original: new LogPosition(1, P(0), 0, 1)));
        batch.Fates.Add(Fated(1, 1, Fate.Conflict, 2, original: new LogPosition(1, P(0), 0, 0)));
        batch.Fates.Add(Fated(1, 2, Fate.Parked, reason: ParkReason.TotalOverflow));
        batch.Fates.Add(Fated(2, LogPosition.WholeFrame, Fate.Duplicate, 0, count: 2));
        await store.WriteAsync([batch, Batch(1, 1).With(Series(2, customer: "d"), Total(2, 1, 1, 0))]);
    }
}
