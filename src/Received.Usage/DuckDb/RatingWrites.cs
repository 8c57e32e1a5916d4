using System.Runtime.InteropServices;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Writes what rating made, in one transaction for all batches: rows and progress become visible together. Rows are
/// absolute and carry their position, so a batch that is not ahead of the stored progress is in the store already and
/// is left out whole, and of the others each row counts only if it is newer than the stored one.
/// </summary>
static class RatingWrites
{
    // DuckDB knows how many rows are given, so each join's hash table is of those, never of the stored ones (1.5.6:
    // INNER, RIGHT and RIGHT_ANTI).
    const string TotalKey = "t.partition = s.partition AND t.series = s.series AND t.\"window\" = s.\"window\"";

    const string NameKey =
        "t.partition = s.partition AND t.account = s.account AND t.kind = s.kind AND t.ref = s.ref";

    const string Newer = "(s.generation, s.\"offset\", s.\"index\") > (t.generation, t.\"offset\", t.\"index\")";

    const string DeleteTotals = $"DELETE FROM totals t USING given s WHERE {TotalKey}";

    const string DeleteNames = $"DELETE FROM names t USING given s WHERE {NameKey}";

    const string MergeTotals = $"""
        MERGE INTO totals t USING given s ON {TotalKey}
        WHEN MATCHED AND {Newer} THEN UPDATE
        WHEN NOT MATCHED THEN INSERT
        """;

    const string MergeNames = $"""
        MERGE INTO names t USING given s ON {NameKey}
        WHEN MATCHED AND {Newer} THEN UPDATE
        WHEN NOT MATCHED THEN INSERT
        """;

    const string InsertSeries = """
        INSERT INTO series SELECT DISTINCT ON (partition, id) * FROM given s
        WHERE NOT EXISTS (SELECT 1 FROM series t WHERE t.partition = s.partition AND t.id = s.id)
        """;

    const string MergeProducers = """
        MERGE INTO producers t USING given s ON t.partition = s.partition AND t.producer_id = s.producer_id
        WHEN MATCHED THEN UPDATE
        WHEN NOT MATCHED THEN INSERT
        """;

    // Only batches that are ahead of what is stored come so far.
    const string MergeProgress = """
        MERGE INTO progress t USING given s ON t.partition = s.partition
        WHEN MATCHED THEN UPDATE
        WHEN NOT MATCHED THEN INSERT
        """;

    const string MergeHeartbeats = """
        MERGE INTO heartbeats t USING given s ON t.partition = s.partition
        WHEN MATCHED AND s.observed_at_ms > t.observed_at_ms THEN UPDATE
        WHEN NOT MATCHED THEN INSERT
        """;

    public static void Write(DuckDbSession session, IReadOnlyList<RatedBatch> batches)
    {
        session.Begin();
        var progress = RatingReads.Progress(session);
        var fresh = new List<RatedBatch>(batches.Count);
        foreach (var batch in batches)
        {
            if (batch.Progress.Partition != batch.Partition)
                throw new ArgumentException("A batch's progress is of another partition.", nameof(batches));
            if (!progress.TryGetValue(batch.Partition, out var stored) || IsAhead(batch.Progress, stored))
                fresh.Add(batch);
        }

        if (fresh.Count > 0) Write(session, fresh, progress);
        session.Commit();
    }

    public static void WriteHeartbeats(DuckDbSession session, IReadOnlyList<Heartbeat> heartbeats)
    {
        session.Begin();
        Run(session, MergeHeartbeats, RatedRowsIn.HeartbeatColumns, heartbeats, RatedRowsIn.Heartbeat);
        session.Commit();
    }

    static void Write(
        DuckDbSession session, List<RatedBatch> batches, Dictionary<PartitionId, RatedProgress> stored)
    {
        // Of known series, and without duplicates, there are none: a statement costs as much as a hundred rows.
        if (batches.Exists(batch => batch.Series.Count > 0))
            Run(session, InsertSeries, RatedRowsIn.SeriesColumns, batches, RatedRowsIn.Series);
        if (batches.Exists(batch => batch.Fates.Count > 0))
            Append(session, "fates", batches, (to, batch) => RatedRowsIn.Fates(to, batch, stored));
        if (batches.TrueForAll(batch => IsPast(batch, stored)))
        {
            Run(session, DeleteTotals, RatedRowsIn.TotalKeyColumns, batches, RatedRowsIn.TotalKeys);
            Append(session, "totals", batches, RatedRowsIn.Totals);
            Run(session, DeleteNames, RatedRowsIn.NameKeyColumns, batches, RatedRowsIn.NameKeys);
            Append(session, "names", batches, RatedRowsIn.Names);
        }
        else
        {
            Run(session, MergeTotals, RatedRowsIn.TotalColumns, batches, RatedRowsIn.Totals);
            Run(session, MergeNames, RatedRowsIn.NameColumns, batches, RatedRowsIn.Names);
        }

        Run(session, MergeProducers, RatedRowsIn.ProducerColumns, batches, RatedRowsIn.Producers);
        Run(session, MergeProgress, RatedRowsIn.ProgressColumns, batches, RatedRowsIn.Progress);
    }

    /// <summary>
    /// All rows of a partition are before its progress. So what begins there, as every batch of an owner that nobody
    /// has overtaken, is newer than any stored row, and stored positions need not be looked at: deleting by key and
    /// appending takes half the time of a MERGE (1.5.6).
    /// </summary>
    static bool IsPast(RatedBatch batch, Dictionary<PartitionId, RatedProgress> stored)
    {
        if (!stored.TryGetValue(batch.Partition, out var progress)) return true;
        var from = (progress.Generation, progress.Next);
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(batch.Totals))
            if ((row.Generation, row.Offset).CompareTo(from) < 0) return false;
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(batch.Names))
            if ((row.Generation, row.Offset).CompareTo(from) < 0) return false;
        return true;
    }

    static bool IsAhead(RatedProgress given, RatedProgress stored) =>
        (given.Generation, given.Next).CompareTo((stored.Generation, stored.Next)) > 0;

    /// <summary>Runs a statement over the items' rows, which it knows as the table "given".</summary>
    static void Run<T>(
        DuckDbSession session, string sql, DuckDbColumn[] columns, IReadOnlyList<T> items,
        Action<DuckDbAppender, T> fill)
    {
        using var appender = session.Append(sql, columns);
        foreach (var item in items) fill(appender, item);
        appender.Finish();
    }

    static void Append<T>(
        DuckDbSession session, string table, IReadOnlyList<T> items, Action<DuckDbAppender, T> fill)
    {
        using var appender = session.Append(table);
        foreach (var item in items) fill(appender, item);
        appender.Finish();
    }
}
