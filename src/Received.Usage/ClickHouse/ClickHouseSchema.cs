using System.Globalization;
using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Makes the database and its tables, and says whose they are. Several processes may start at once: a table made
/// without IF NOT EXISTS is the lock, since only one can make it. Where its holder died it is broken after
/// <see cref="LockAgeMax"/> by the server's clock; two that hold it then do no harm, for every statement may be run
/// again. The log's identity is a table's comment, made with the table: only the first log can have claimed it.
/// </summary>
sealed class ClickHouseSchema(ClickHouseLink link, TimeProvider time, ILogger logger)
{
    const string WhatToDo =
        "Put the right log back, or give this one a database of its own (Database=... in the connection string).";

    const int LockAgeMax = 60;

    static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan LockWaitMax = TimeSpan.FromSeconds(90);

    /// <exception cref="LogIdentityException">Filled from another log, or by a newer program.</exception>
    public async ValueTask OpenAsync(LogIdentity log, CancellationToken cancellation)
    {
        await ApplyAsync(cancellation);
        await link.ExecuteAsync(
            $"CREATE TABLE IF NOT EXISTS log_identity {SchemaText.OnCluster(link.Cluster)} (nothing UInt8) "
            + $"ENGINE = MergeTree ORDER BY nothing COMMENT '{ToText(log)}'", cancellation);
        Check(await ReadIdentityAsync(cancellation), log);
    }

    public static ValueTask DropAsync(ClickHouseLink link, CancellationToken cancellation) => link.ExecuteAsync(
        $"DROP DATABASE IF EXISTS {Quoted(link.Database)} {SchemaText.OnCluster(link.Cluster)} SYNC", cancellation,
        "system");

    /// <summary>All files up to the newest that the database does not have yet.</summary>
    /// <exception cref="LogIdentityException">Made by a newer program.</exception>
    public async ValueTask ApplyAsync(CancellationToken cancellation)
    {
        var onCluster = SchemaText.OnCluster(link.Cluster);
        await link.ExecuteAsync(
            $"CREATE DATABASE IF NOT EXISTS {Quoted(link.Database)} {onCluster}", cancellation, "system");
        if (await ReadVersionAsync(cancellation) == SchemaText.Version) return;
        await LockAsync(cancellation);
        try
        {
            var stored = await ReadVersionAsync(cancellation);
            foreach (var (version, text) in SchemaText.Files)
            {
                if (version <= stored) continue;
                foreach (var statement in SchemaText.Statements(text, link.Cluster))
                    await link.ExecuteAsync(statement, cancellation);
                await link.ExecuteAsync(
                    $"CREATE TABLE IF NOT EXISTS schema_version_{version} {onCluster} (nothing UInt8) "
                    + "ENGINE = MergeTree ORDER BY nothing", cancellation);
                ClickHouseMessages.SchemaApplied(logger, version, link.Database);
            }
        }
        finally
        {
            await UnlockAsync();
        }
    }

    /// <summary>A failure here must not hide one that came before, and does no harm: a lock left is broken.</summary>
    async ValueTask UnlockAsync()
    {
        try
        {
            await link.ExecuteAsync("DROP TABLE IF EXISTS schema_lock SYNC", CancellationToken.None);
        }
        catch (StoreUnavailableException error)
        {
            ClickHouseMessages.LockLeft(logger, link.Database, error.Message);
        }
    }

    static string Quoted(string name) =>
        "`" + name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal) + "`";

    /// <summary>0 for none. A version is in the database when all of its statements are.</summary>
    async ValueTask<int> ReadVersionAsync(CancellationToken cancellation)
    {
        var sql = new SqlCall(
            """
            SELECT max(toInt32(substring(name, 16))) AS version FROM system.tables
            WHERE database = currentDatabase() AND match(name, '^schema_version_[0-9]+$')
            """);
        await using var rows = await link.QueryAsync(sql, cancellation);
        var stored = await rows.NextAsync() ? rows.Value<int>(0, 0) : 0;
        return stored <= SchemaText.Version
            ? stored
            : throw new LogIdentityException(
                $"Database {link.Database} has layout {stored} and this program knows layout {SchemaText.Version}: "
                + "start the version of Received that wrote it, or a newer one.");
    }

    async ValueTask LockAsync(CancellationToken cancellation)
    {
        for (var started = time.GetTimestamp(); ;)
        {
            try
            {
                await link.ExecuteAsync("CREATE TABLE schema_lock (nothing UInt8) ENGINE = Memory", cancellation);
                return;
            }
            catch (StoreUnavailableException held)
                when (ClickHouseFailure.CodeOf(held) == ClickHouseFailure.TableExists)
            {
                if (time.GetElapsedTime(started) > LockWaitMax) throw;
                await BreakStaleAsync(cancellation);
                await Task.Delay(LockPause, time, cancellation);
            }
        }
    }

    async ValueTask BreakStaleAsync(CancellationToken cancellation)
    {
        var sql = new SqlCall(
            $"""
            SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'schema_lock'
                AND metadata_modification_time < now() - {LockAgeMax}
            """);
        await using (var rows = await link.QueryAsync(sql, cancellation))
            if (!await rows.NextAsync() || rows.Value<ulong>(0, 0) == 0) return;
        await link.ExecuteAsync("DROP TABLE IF EXISTS schema_lock SYNC", cancellation);
    }

    async ValueTask<LogIdentity> ReadIdentityAsync(CancellationToken cancellation)
    {
        var sql = new SqlCall(
            "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'log_identity'");
        await using var rows = await link.QueryAsync(sql, cancellation);
        if (!await rows.NextAsync()) throw new StoreUnavailableException("Table log_identity is gone.");
        return FromText(rows.Text(0, 0));
    }

    static string ToText(LogIdentity log) => string.Create(
        CultureInfo.InvariantCulture,
        $"{log.Id} {log.Generation} {log.PartitionCount} {log.DedupeWindow.Ticks} {log.HashSeed}");

    static LogIdentity FromText(string text)
    {
        var fields = text.Split(' ');
        if (fields.Length != 5) throw new LogIdentityException($"The comment of table log_identity is \"{text}\".");
        return new(
            Guid.Parse(fields[0]), ushort.Parse(fields[1], CultureInfo.InvariantCulture),
            int.Parse(fields[2], CultureInfo.InvariantCulture),
            TimeSpan.FromTicks(long.Parse(fields[3], CultureInfo.InvariantCulture)),
            long.Parse(fields[4], CultureInfo.InvariantCulture));
    }

    void Check(LogIdentity stored, LogIdentity log)
    {
        if (stored.Id != log.Id)
        {
            throw new LogIdentityException(
                $"Database {link.Database} was filled from log {stored.Id}, but the log here is {log.Id}. {WhatToDo}");
        }

        if (stored.Generation != log.Generation)
        {
            throw new LogIdentityException(
                $"Database {link.Database} was filled from generation {stored.Generation} of log {log.Id}, but the log "
                + $"here is generation {log.Generation}: it was replaced or restored. {WhatToDo}");
        }

        if (stored != log)
        {
            throw new LogIdentityException(string.Create(
                CultureInfo.InvariantCulture,
                $"Database {link.Database} was filled from log {log.Id} as {stored}, but the log here says {log}: what "
                + $"is fixed with a log has changed. Restore its identity file."));
        }
    }
}
