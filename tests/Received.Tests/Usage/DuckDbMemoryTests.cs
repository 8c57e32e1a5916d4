using Microsoft.Extensions.Logging.Abstractions;
using Received.Usage;
using Received.Usage.DuckDb;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>What DuckDB holds in memory, or spills, once a call is over.</summary>
public sealed class DuckDbMemoryTests : IDisposable
{
    const int Keys = 20_000;

    readonly DuckDbFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rows_that_a_flush_hands_over_are_let_go_with_it()
    {
        var rows = Enumerable.Range(0, Keys).Select(i => Total((UInt128)i, 1, 5, 0)).ToArray();
        await AssertFlatAsync((session, round) => RatingWrites.Write(
            session, [Batch(0, round + 1).With(Series(1), [.. rows.Select(row => row with { Offset = round })])]));
    }

    [Fact]
    public async Task Keys_that_totals_are_read_by_are_let_go_with_the_next_ones()
    {
        var keys = Enumerable.Range(0, Keys).Select(i => new TotalKey((UInt128)i, 1)).ToArray();
        var found = new TotalRow[Keys];
        await AssertFlatAsync((session, _) => RatingReads.Totals(session, P(0), keys, found));
    }

    async Task AssertFlatAsync(Action<DuckDbSession, int> step)
    {
        const int rounds = 10;
        await using var pool = new DuckDbPool(new() { Path = _folder.File("memory") }, NullLogger.Instance);
        await pool.RunAsync(pool.Rating, session => Do(() => Schema.Open(session, TheLog)), default);
        long before = 0;
        for (var round = 0; round < 2 * rounds; round++)
        {
            if (round == rounds) before = await pool.RunAsync(pool.Rating, Held, default);
            await pool.RunAsync(pool.Rating, session => Do(() => step(session, round)), default);
        }

        // Ten rounds of the smaller of the two, eight bytes for each of its rows: far below what was handed over.
        Assert.InRange(await pool.RunAsync(pool.Rating, Held, default), 0, before + (rounds * Keys * 8));
    }

    static bool Do(Action step)
    {
        step();
        return true;
    }

    static long Held(DuckDbSession session)
    {
        session.Execute("CHECKPOINT");
        using var rows = session.Query(
            "SELECT CAST(sum(memory_usage_bytes + temporary_storage_bytes) AS BIGINT) FROM duckdb_memory()");
        rows.Next();
        return rows.Column<long>(0)[0];
    }
}
