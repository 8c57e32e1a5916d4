using System.Data.Common;
using Received.Tests.Servers;
using Received.Usage;
using Received.Usage.ClickHouse;
using Xunit;

namespace Received.Tests.Usage;

public sealed class ClickHouseKeyIndexTests : KeyIndexContract, IAsyncLifetime
{
    const long SpanMs = 5 * 86_400_000L;

    readonly ClickHouseDatabase _database = new();

    public ValueTask InitializeAsync() => _database.InitializeAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    protected override int Samples => 4;

    protected override async ValueTask<IKeyIndex> OpenAsync() =>
        await ClickHouseKeyIndex.OpenAsync(_database.Options());

    [Fact]
    public async Task Five_days_go_when_every_partition_in_them_has_allowed_it_and_not_before()
    {
        await using var index = await OpenAsync();
        await index.AddAsync(
            [
                Batch(One, Entry(1, 10 * SpanMs), Entry(2, 11 * SpanMs), Entry(3, 12 * SpanMs)),
                Batch(Two, Entry(4, 11 * SpanMs)),
            ]);
        await index.ExpireAsync(One, (12 * SpanMs) + 5);
        Assert.Equal([11UL, 12], await SpansAsync());
        await index.ExpireAsync(Two, (12 * SpanMs) - 1);
        Assert.Equal([11UL, 12], await SpansAsync());
        await index.ExpireAsync(Two, 12 * SpanMs);
        Assert.Equal([12UL], await SpansAsync());
        Assert.Equal([default, Entry(3, 12 * SpanMs)], await FindAsync(index, One, 0, 2, 3));
    }

    [Fact]
    public async Task Law_2_what_a_partition_far_behind_adds_while_old_keys_are_dropped_stays()
    {
        await using var behind = await OpenAsync();
        var options = _database.Options();
        var connection = new DbConnectionStringBuilder { ConnectionString = options.ConnectionString };
        await using var held = new HeldHttp(
            (string)connection["Host"], int.Parse((string)connection["Port"]), "ALTER TABLE"u8.ToArray(),
            () => AddAsync(behind, Two, Entry(4, 10 * SpanMs)).AsTask());
        (connection["Host"], connection["Port"]) = ("127.0.0.1", held.Port);
        await using var ahead = await ClickHouseKeyIndex.OpenAsync(
            new() { ConnectionString = connection.ConnectionString });
        await AddAsync(ahead, One, Entry(1, 10 * SpanMs));
        // Forty days further: nothing of the other partition is there when it looks.
        await ahead.ExpireAsync(One, 18 * SpanMs);
        Assert.True(held.WasHeld);
        Assert.Equal([Entry(4, 10 * SpanMs)], await FindAsync(behind, Two, 0, 4));
        Assert.Equal([default], await FindAsync(behind, One, 0, 1));
    }

    [Fact]
    public async Task More_identities_than_one_query_takes_are_found_in_their_places()
    {
        await using var index = await OpenAsync();
        var entries = Enumerable.Range(0, 50_000).Select(i => Entry((UInt128)i << 70, i)).ToArray();
        await index.AddAsync([Batch(One, entries)]);
        var asked = Enumerable.Range(0, 50_000).Select(i => (UInt128)(i * 7 % 50_000 * 2) << 70).ToArray();
        var found = await FindAsync(index, One, 0, asked);
        Assert.Equal(asked.Select(id => id >> 70 < 50_000 ? entries[(int)(id >> 70)] : default), found);
        Assert.Equal(50_000, (await StreamAsync(index, One, 0)).Count);
    }

    [Fact]
    public async Task Several_processes_that_start_at_once_make_the_tables_once()
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ => await OpenAsync()));
        foreach (var index in opened) await AddAsync(index, One, Entry(7, 1));
        Assert.Equal([Entry(7, 1)], await FindAsync(opened[0], One, 0, 7));
        Assert.Equal([0UL], await _database.NumbersAsync(
            "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'schema_lock'"));
        foreach (var index in opened) await index.DisposeAsync();
    }

    Task<List<ulong>> SpansAsync() => _database.NumbersAsync(
        "SELECT DISTINCT toUInt64(intDiv(log_time_ms, 432000000)) AS span FROM keys ORDER BY span");
}
