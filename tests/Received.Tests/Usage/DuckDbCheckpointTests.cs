using Microsoft.Extensions.Logging.Abstractions;
using Received.Model;
using Received.Usage.DuckDb;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

public sealed class DuckDbCheckpointTests : IDisposable
{
    readonly DuckDbFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Checkpoints_do_not_write_archived_bodies_again_and_totals_are_merged_as_ever()
    {
        const int writes = 8;
        await using var pool = new DuckDbPool(new() { Path = _folder.File("main") }, NullLogger.Instance);
        await pool.RunAsync(
            pool.Archive,
            session =>
            {
                Schema.Open(session, TheLog);
                // So that each commit comes with a checkpoint.
                session.Execute("SET GLOBAL checkpoint_threshold = '1KB'");
                var archive = new ArchiveWrites(new(TheLog.HashSeed));
                var events = new EventColumns().Event(1, "c", "p", 1, data: new string('x', 5000));
                for (var i = 0; i < writes; i++) archive.Write(session, [Archive(0, i, Frame(i, events))]);
                Assert.Equal(writes, Number(
                    session, "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('archive.frames')"));
                Assert.Equal(100, Number(
                    session, "SELECT CAST(value AS BIGINT) FROM duckdb_settings() WHERE name = 'max_vacuum_tasks'"));
                return true;
            },
            default);
    }

    static long Number(DuckDbSession session, string sql)
    {
        using var rows = session.Query(sql);
        rows.Next();
        return rows.Column<long>(0)[0];
    }
}
