using System.Globalization;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>The tables, and whose they are: a version of their layout and the identity of the log they were filled
/// from.</summary>
static class Schema
{
    public const int Version = 4;

    /// <summary>The attached database; see Archive.sql.</summary>
    public const string Archive = "archive";

    const string WhatToDo =
        "Put the right log back. Or, to make totals anew from what this log holds, stop the server, move usage.duckdb, "
        + "usage.archive.duckdb and keys out of the data folder, and start again.";

    const string OtherLayout =
        "Start the version of Received that wrote it. Or, where the log still begins at its first frame, stop the "
        + "server, move usage.duckdb, usage.archive.duckdb and keys out of the data folder, and start again: totals, "
        + "fates, keys and the archive are made anew from the log. Frames that the log has cut are in the archive "
        + "alone: without it they are lost, and their partitions are refused.";

    static readonly string UsageTables = Read("Usage.sql");

    static readonly string ArchiveTables = Read("Archive.sql");

    /// <exception cref="LogIdentityException">Filled from another log, or by a newer program.</exception>
    public static void Open(DuckDbSession session, LogIdentity log)
    {
        // A transaction writes to one database. What a crash leaves out in between, the next start makes.
        Open(session, UsageTables, "store", log);
        Open(session, ArchiveTables, $"{Archive}.store", log);
    }

    static void Open(DuckDbSession session, string tables, string store, LogIdentity log)
    {
        session.Begin();
        session.Execute(tables);
        if (ReadStore(session, store) is not { } stored)
        {
            session.Execute(
                $"INSERT INTO {store} VALUES ($1, $2, $3, $4, $5, $6)",
                Version, log.Id.ToByteArray(bigEndian: true), log.Generation, log.PartitionCount,
                (long)log.DedupeWindow.TotalMilliseconds, log.HashSeed);
        }
        else
        {
            Check(stored.Version, stored.Log, log);
        }

        session.Commit();
    }

    static (int Version, LogIdentity Log)? ReadStore(DuckDbSession session, string store)
    {
        using var rows = session.Query($"SELECT * FROM {store}");
        if (!rows.Next()) return null;
        return (rows.Column<int>(0)[0], new(
            new(rows.Bytes(1, 0), bigEndian: true), rows.Column<ushort>(2)[0], rows.Column<int>(3)[0],
            TimeSpan.FromMilliseconds(rows.Column<long>(4)[0]), rows.Column<long>(5)[0]));
    }

    static void Check(int version, LogIdentity stored, LogIdentity log)
    {
        if (version != Version)
        {
            throw new LogIdentityException(
                $"The usage store has layout {version} and this program knows layout {Version}. {OtherLayout}");
        }

        if (stored.Id != log.Id)
        {
            throw new LogIdentityException(
                $"The usage store was filled from log {stored.Id}, but the log here is {log.Id}. {WhatToDo}");
        }

        if (stored.Generation != log.Generation)
        {
            throw new LogIdentityException(
                $"The usage store was filled from generation {stored.Generation} of log {log.Id}, but the log here is "
                + $"generation {log.Generation}: it was replaced or restored. {WhatToDo}");
        }

        if (stored != log)
        {
            throw new LogIdentityException(string.Create(
                CultureInfo.InvariantCulture,
                $"The usage store was filled from log {log.Id} as {stored}, but the log here says {log}: what is fixed "
                + $"with a log has changed. Restore its identity file."));
        }
    }

    static string Read(string file)
    {
        using var stream = typeof(Schema).Assembly.GetManifestResourceStream(typeof(Schema), file)
            ?? throw new InvalidOperationException($"{file} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
