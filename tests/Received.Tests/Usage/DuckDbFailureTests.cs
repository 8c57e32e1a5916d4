using System.Diagnostics;
using DuckDB.NET.Data;
using Received.Model;
using Received.Usage;
using Received.Usage.DuckDb;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>What only the embedded store can suffer: its file, its disk, its own process.</summary>
public sealed class DuckDbFailureTests : IDisposable
{
    readonly DuckDbFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_archive_whose_file_is_gone_begins_anew_and_the_totals_stay()
    {
        await using (var store = _folder.Create("one"))
        {
            await store.OpenAsync(TheLog);
            await store.ArchiveAsync([Archive(0, 0, Frame(0, new EventColumns().Event(1, "c", "p", 1)))]);
            await store.WriteAsync([Batch(0, 1).With(Series(1), Total(1, 1, 5, 0))]);
        }

        foreach (var file in Directory.GetFiles(_folder.Path, "one.archive.*")) File.Delete(file);
        await using var again = _folder.Create("one");
        await again.OpenAsync(TheLog);
        Assert.Equal(0, (await again.ReadArchivedAsync(new(0))).Next);
        Assert.Equal(1, (await again.ReadRatedAsync(new(0))).Next);
    }

    [Fact]
    public async Task A_copy_of_the_files_of_a_killed_process_has_every_write_that_returned()
    {
        await using var store = _folder.Create("live");
        await store.OpenAsync(TheLog);
        await store.ArchiveAsync([Archive(0, 0, Frame(0, new EventColumns().Event(1, "c", "p", 1)))]);
        await store.WriteAsync([Batch(0, 1).With(Series(1), Total(1, 1, 5, 0))]);
        foreach (var file in Directory.GetFiles(_folder.Path, "live.*"))
            File.Copy(file, Path.Combine(_folder.Path, "dead" + Path.GetFileName(file)["live".Length..]));
        await using var again = _folder.Create("dead");
        await again.OpenAsync(TheLog);
        Assert.Equal(await store.ExportRatedAsync().ToListAsync(), await again.ExportRatedAsync().ToListAsync());
        Assert.Equal(1, (await again.ReadAuditAsync())[0].Accepted);
    }

    [Fact]
    public async Task Law_11_an_event_whose_body_is_gone_is_an_error_and_not_a_quantity_of_zero()
    {
        var events = new EventColumns().Event(1, "c", "p", 7);
        await using (var store = _folder.Create("main"))
        {
            await store.OpenAsync(TheLog);
            await store.ArchiveAsync([Archive(0, 0, Frame(0, events), Frame(1, events))]);
        }

        Change("main.archive", "DELETE FROM frames WHERE \"offset\" = 1");
        await using var again = _folder.Create("main");
        await again.OpenAsync(TheLog);
        Assert.Equal(7, (await again.FindEventAsync(Account(1), new(1, P(0), 0, 0)))!.Quantity);
        var damaged = await Assert.ThrowsAsync<InvalidDataException>(
            async () => await again.QueryEventsAsync(Events()));
        Assert.Contains("1/0/1/0", damaged.Message);
    }

    [Fact]
    public async Task A_store_of_another_layout_is_refused_with_what_to_do()
    {
        await using (var store = _folder.Create("main")) await store.OpenAsync(TheLog);
        Change("main", "UPDATE store SET schema_version = 2");
        await using var again = _folder.Create("main");
        var refused = await Assert.ThrowsAsync<LogIdentityException>(async () => await again.OpenAsync(TheLog));
        foreach (var said in new[] { "layout 2", "move usage.duckdb", "made anew from the log", "lost" })
            Assert.Contains(said, refused.Message);
    }

    void Change(string name, string sql)
    {
        using var connection = new DuckDBConnection($"Data Source={_folder.File(name)}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    [Theory]
    [InlineData("other log", "move usage.duckdb")]
    [InlineData("generation", "move usage.duckdb")]
    [InlineData("seed", "identity file")]
    public async Task A_store_of_another_log_is_refused_with_what_to_do(string what, string advice)
    {
        await using (var store = _folder.Create("main")) await store.OpenAsync(TheLog);
        var other = what switch
        {
            "other log" => TheLog with { Id = Guid.Empty },
            "generation" => TheLog with { Generation = 2 },
            _ => TheLog with { HashSeed = 43 },
        };
        await using (var again = _folder.Create("main"))
        {
            var refused = await Assert.ThrowsAsync<LogIdentityException>(async () => await again.OpenAsync(other));
            Assert.Contains(advice, refused.Message);
        }

        await using var last = _folder.Create("main");
        await last.OpenAsync(TheLog);
    }

    [Fact]
    public async Task A_path_that_cannot_be_a_file_makes_the_store_unavailable_until_it_can()
    {
        Directory.CreateDirectory(_folder.File("main"));
        await using var store = _folder.Create("main");
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenAsync(TheLog));
        Directory.Delete(_folder.File("main"));
        await store.OpenAsync(TheLog);
        await store.WriteAsync([Batch(0, 1)]);
    }

    [Fact]
    public async Task Law_1_a_full_disk_fails_writes_and_when_there_is_room_they_go_on_and_nothing_is_lost()
    {
        var disk = Path.Combine(_folder.Path, "disk");
        Directory.CreateDirectory(disk);
        if (!Mount(disk)) Assert.Skip("A small disk needs root and tmpfs.");
        try
        {
            await using var store = new DuckDbUsageStore(new() { Path = Path.Combine(disk, "usage.duckdb") });
            await store.OpenAsync(TheLog);
            var filler = Path.Combine(disk, "filler");
            await File.WriteAllBytesAsync(filler, new byte[5 << 20]);
            var written = await WriteUntilFull(store);
            Assert.InRange(written, 1, 200);
            File.Delete(filler);
            await store.WriteAsync([Big(written + 1)]);
            Assert.Equal(written + 1, (await store.ReadRatedAsync(P(0))).Next);
            var lines = await store.QueryTotalsAsync(Query()).ToListAsync();
            Assert.Equal((written + 1) * 1000, lines.Sum(l => l.Count));
        }
        finally
        {
            Run("umount", disk);
        }
    }

    [Fact]
    public async Task A_closed_store_is_unavailable_and_closing_it_ends_what_is_read()
    {
        var store = _folder.Create("main");
        await store.OpenAsync(TheLog);
        await store.WriteAsync([Batch(0, 9).With(Series(1), [.. Enumerable.Range(0, 9000).Select(i => Total(1, i, 1,
            1))])]);
        await using (var lines = store.QueryTotalsAsync(Query()).GetAsyncEnumerator())
        {
            Assert.True(await lines.MoveNextAsync());
        }

        await store.DisposeAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAsync([Batch(0, 10)]));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ReadAuditAsync());
    }

    static async Task<long> WriteUntilFull(DuckDbUsageStore store)
    {
        for (var written = 0L; ; written++)
        {
            try
            {
                await store.WriteAsync([Big(written + 1)]);
            }
            catch (StoreUnavailableException)
            {
                // Nothing or all of it may be there.
                var next = (await store.ReadRatedAsync(P(0))).Next;
                Assert.InRange(next, written, written + 1);
                return next;
            }
        }
    }

    static RatedBatch Big(long next)
    {
        var random = new Random((int)next);
        return Batch(0, next).With(
            Series((UInt128)next, customer: $"customer {next}"),
            [.. Enumerable.Range(0, 1000).Select(i => Total((UInt128)next, i, random.NextInt64(), next - 1))]);
    }

    static bool Mount(string folder) =>
        OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder);

    static bool Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command,
                arguments)
            { RedirectStandardError = true });
            process!.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
