using Received.Model;
using Received.Usage;
using Received.Usage.ClickHouse;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>What DuckDB has from transactions, and ClickHouse from a journal and positions.</summary>
public sealed class ClickHouseExactTests : IAsyncLifetime
{
    readonly ClickHouseDatabase _database = new();

    public ValueTask InitializeAsync() => _database.InitializeAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Law_4_whoever_takes_over_finishes_a_flush_that_was_cut_before_its_progress()
    {
        await using var store = await OpenAsync();
        var whole = await CutAsync(store);
        await _database.ExecuteAsync("TRUNCATE TABLE fates");
        await using var next = await OpenAsync();
        Assert.Equal(Flush(2).Progress, await next.ReadRatedAsync(P(0)));
        Assert.Equal([new(1, 2, 2, 2)], await next.ReadProducersAsync(Flush(2).Progress));
        Assert.Equal(whole[^2], (await next.ExportRatedAsync().ToListAsync())[^2]);
        Assert.Contains("fate 1/0/1/5 1 2 0 1 -", await next.ExportRatedAsync().ToListAsync());
    }

    [Fact]
    public async Task Law_7_whoever_reads_past_a_dead_writer_finishes_his_flush_instead_of_a_figure_of_no_position()
    {
        await using var store = await OpenAsync();
        var whole = await CutAsync(store);
        Assert.Equal(whole, await store.ExportRatedAsync().ToListAsync());
        await CutAsync(store);
        Assert.Equal(6, (await store.ReadAuditAsync())[0].Counted);
        await CutAsync(store);
        var lines = await store.QueryTotalsAsync(Query(1, 0, Hours(800))).ToListAsync();
        Assert.Equal([2, 2], lines.Select(line => line.Count));
        await CutAsync(store);
        using var file = new MemoryStream();
        await store.WriteParquetAsync(Query(1, 0, Hours(800)), file);
        Assert.True(file.Length > 0);
    }

    [Fact]
    public async Task Law_7_totals_and_export_are_of_one_position_while_rating_writes()
    {
        await using var store = await OpenAsync();
        const int Flushes = 12;
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i <= Flushes; i++) await store.WriteAsync([Flush(i)]);
        });
        do
        {
            var lines = await store.QueryTotalsAsync(Query() with { BoundariesMs = [0, Hours(8000)] }).ToListAsync();
            Assert.True(lines.Select(line => line.Count).Distinct().Count() <= 1);
            var export = await store.ExportRatedAsync().ToListAsync();
            if (export.Count == 0) continue;
            var rated = export[0].Split(' ')[3];
            Assert.All(
                export.Where(line => line.StartsWith("total ", StringComparison.Ordinal)),
                line => Assert.Equal(rated, line.Split(' ')[5]));
            Assert.Contains($"\"name {rated}\"", export[^2]);
        }
        while (!writing.IsCompleted);

        await writing;
        Assert.Equal(Flushes, (await store.ReadRatedAsync(P(0))).Next);
    }

    [Fact]
    public async Task Law_7_cycle_totals_of_customers_whom_a_dead_writer_left_past_the_progress_are_read_again_alone()
    {
        await using var store = await OpenAsync();
        await using var hasty = new ClickHouseUsageStore(new()
        {
            ConnectionString = _database.Options().ConnectionString,
            ExactReadTimeout = TimeSpan.FromMilliseconds(20),
        });
        await hasty.OpenAsync(TheLog);
        TotalsRange[] ranges =
        [
            Wanted(1, "a", 0, 10), Wanted(2, "a", 10, 20), Wanted(3, "b", 0, 20), Wanted(4, "nobody", 0, 20),
        ];
        await CutAsync(store, First(), Second());
        var cut = await hasty.ReadCycleTotalsAsync(Account(1), ranges);
        Assert.Equal([1, 2], cut.Unsettled);
        Assert.Equal(new("", "", 5, 1), Assert.Single(cut.Settled[3].Totals));
        Assert.Equal(1, cut.Settled[3].Rated[0].Next);
        Assert.Empty(cut.Settled[4].Totals);
        var whole = await store.ReadCycleTotalsAsync(Account(1), ranges);
        Assert.Empty(whole.Unsettled);
        Assert.Equal(new("", "", 2, 2), Assert.Single(whole.Settled[1].Totals));
        Assert.Equal(new("", "", 1, 1), Assert.Single(whole.Settled[2].Totals));
        Assert.Equal([2, 2, 1], new[] { 1, 2, 3 }.Select(number => whole.Settled[number].Rated[0].Next));

        static TotalsRange Wanted(int number, string customer, int from, int to) =>
            new(number, customer, "p", UsageWindow.StartMs(from), UsageWindow.StartMs(to));
        static RatedBatch First() => Batch(0, 1)
            .With(Series(1, customer: "a"), Total(1, 1, 1, 0), Total(1, 11, 1, 0))
            .With(Series(2, customer: "b"), Total(2, 1, 5, 0));
        static RatedBatch Second() => Batch(0, 2).With(Series(1, customer: "a"), Total(1, 1, 2, 1, count: 2));
    }

    [Fact]
    public async Task Law_7_cycle_totals_are_of_the_position_that_they_state_while_rating_writes()
    {
        await using var store = await OpenAsync();
        const int Flushes = 12;
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i <= Flushes; i++) await store.WriteAsync([Flush(i)]);
        });
        TotalsRange[] ranges = [.. new[] { 0, 3000, 9000 }.Select(
            window => new TotalsRange(window, $"c{window}", "p", 0, Hours(8000)))];
        do
        {
            var read = await store.ReadCycleTotalsAsync(Account(1), ranges);
            Assert.Empty(read.Unsettled);
            Assert.All(read.Settled.Values, range => Assert.Equal(
                range.Rated[0].Next, range.Totals.Sum(total => total.Count)));
        }
        while (!writing.IsCompleted);

        await writing;
    }

    [Theory]
    [InlineData("other log", "Database=")]
    [InlineData("generation", "Database=")]
    [InlineData("seed", "identity file")]
    public async Task A_store_of_another_log_is_refused_with_what_to_do(string what, string advice)
    {
        await using (await OpenAsync()) { }
        var other = what switch
        {
            "other log" => TheLog with { Id = Guid.Empty },
            "generation" => TheLog with { Generation = 2 },
            _ => TheLog with { HashSeed = 43 },
        };
        await using (var again = new ClickHouseUsageStore(_database.Options()))
        {
            var refused = await Assert.ThrowsAsync<LogIdentityException>(async () => await again.OpenAsync(other));
            Assert.Contains(advice, refused.Message);
        }

        await using (await OpenAsync()) { }
    }

    [Fact]
    public async Task A_newer_layout_is_refused()
    {
        await using (await OpenAsync()) { }
        await _database.ExecuteAsync("CREATE TABLE schema_version_99 (nothing UInt8) ENGINE = Memory");
        await using var older = new ClickHouseUsageStore(_database.Options());
        var refused = await Assert.ThrowsAsync<LogIdentityException>(async () => await older.OpenAsync(TheLog));
        Assert.Contains("layout 99", refused.Message);
    }

    [Fact]
    public async Task Every_table_that_must_survive_syncs_what_it_answers_and_what_it_merges()
    {
        await using (await OpenAsync()) { }
        Assert.Equal([0UL], await _database.NumbersAsync(
            """
            SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine = 'ReplacingMergeTree'
                AND name != 'heartbeats' AND NOT (create_table_query LIKE '%fsync_after_insert = 1%'
                AND create_table_query LIKE '%fsync_part_directory = 1%'
                AND create_table_query LIKE '%min_rows_to_fsync_after_merge = 1%')
            """));
        Assert.Equal([12UL], await _database.NumbersAsync(
            """
            SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine = 'ReplacingMergeTree'
            """));
    }

    async Task<ClickHouseUsageStore> OpenAsync()
    {
        var store = new ClickHouseUsageStore(_database.Options());
        await store.OpenAsync(TheLog);
        return store;
    }

    /// <summary>Two flushes, of which the second lacks its progress.</summary>
    /// <returns>The export of both.</returns>
    Task<List<string>> CutAsync(ClickHouseUsageStore store) => CutAsync(store, Flush(1), Flush(2));

    async Task<List<string>> CutAsync(ClickHouseUsageStore store, RatedBatch first, RatedBatch second)
    {
        await _database.ExecuteAsync("DROP TABLE IF EXISTS kept SYNC");
        await store.WriteAsync([first]);
        await _database.ExecuteAsync("CREATE TABLE kept AS progress");
        await _database.ExecuteAsync("INSERT INTO kept SELECT * FROM progress FINAL");
        await store.WriteAsync([second]);
        var whole = await store.ExportRatedAsync().ToListAsync();
        await _database.ExecuteAsync("TRUNCATE TABLE progress");
        await _database.ExecuteAsync(
            $"INSERT INTO progress SELECT * FROM kept WHERE position < {Positions.Sql(Positions.Of(1, 2))}");
        return whole;
    }

    /// <summary>What one event in each of three windows, months apart, makes with every frame.</summary>
    static RatedBatch Flush(int next)
    {
        var batch = Batch(0, next);
        foreach (var window in new[] { 0, 3000, 9000 })
        {
            var id = (UInt128)(window + 1);
            batch.With(
                Series(id, customer: $"c{window}"),
                new TotalRow(id, window, next, next, 1, 1, 1, 1, 1, next - 1, window));
        }

        batch.Fates.Add(Fated(next - 1, 5, Fate.Conflict));
        batch.Names.Add(Name(NameKind.Customer, "c", $"name {next}", next - 1, next));
        batch.Producers.Add(new(1, next, (ulong)next, next));
        return batch;
    }

    static long Hours(int hours) => hours * 4 * UsageWindow.LengthMs;
}
