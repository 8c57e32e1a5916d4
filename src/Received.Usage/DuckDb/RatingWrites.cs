namespace Received.Usage.DuckDb;

/// <summary>
/// Writes what rating made, in one transaction for all batches: rows and progress become visible together. Rows are
/// absolute and carry their position, so a batch that is not ahead of the stored progress is in the store already and
/// is left out whole, and of the others each row counts only if it is newer than the stored one.
/// </summary>
static class RatingWrites
{
    // Old rows go, staged rows that are not newer go, the rest come in. Every join is an inner one, so its hash table
    // is of the staged rows; an outer or anti join (MERGE, NOT EXISTS) builds it of the stored ones.
    const string Newer = "(s.generation, s.\"offset\", s.\"index\") > (t.generation, t.\"offset\", t.\"index\")";

    // Only batches that are ahead of what is stored come so far.
    const string MergeProgress = """
        DELETE FROM progress t USING stage_progress s WHERE t.partition = s.partition;
        INSERT INTO progress SELECT * FROM stage_progress
        """;

    const string MergeSeries = """
        DELETE FROM stage_series s USING series t WHERE t.partition = s.partition AND t.id = s.id;
        INSERT INTO series SELECT DISTINCT ON (partition, id) * FROM stage_series
        """;

    const string MergeTotals = $"""
        DELETE FROM totals t USING stage_totals s
            WHERE t.partition = s.partition AND t.series = s.series AND t."window" = s."window" AND {Newer};
        DELETE FROM stage_totals s USING totals t
            WHERE t.partition = s.partition AND t.series = s.series AND t."window" = s."window";
        INSERT INTO totals SELECT * FROM stage_totals
        """;

    const string MergeNames = $"""
        DELETE FROM names t USING stage_names s
            WHERE t.partition = s.partition AND t.account = s.account AND t.kind = s.kind AND t.ref = s.ref AND {Newer};
        DELETE FROM stage_names s USING names t
            WHERE t.partition = s.partition AND t.account = s.account AND t.kind = s.kind AND t.ref = s.ref;
        INSERT INTO names SELECT * FROM stage_names
        """;

    const string MergeProducers = """
        DELETE FROM producers t USING stage_producers s
            WHERE t.partition = s.partition AND t.producer_id = s.producer_id;
        INSERT INTO producers SELECT * FROM stage_producers
        """;

    // Fates are immutable, and those before the stored progress are there: this join is for the frame in between.
    const string InsertFates = """
        INSERT INTO fates SELECT s.* FROM stage_fates s LEFT JOIN progress p ON p.partition = s.partition
        WHERE p.partition IS NULL OR (s.generation, s."offset") >= (p.generation, p.next)
        """;

    const string MergeHeartbeats = """
        DELETE FROM heartbeats t USING stage_heartbeats s
            WHERE t.partition = s.partition AND s.observed_at_ms > t.observed_at_ms;
        DELETE FROM stage_heartbeats s USING heartbeats t WHERE t.partition = s.partition;
        INSERT INTO heartbeats SELECT * FROM stage_heartbeats
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

        if (fresh.Count > 0)
        {
            // Of known series, and without duplicates, there are none: a statement costs as much as a hundred rows.
            if (fresh.Exists(batch => batch.Series.Count > 0))
                Merge(session, "stage_series", MergeSeries, fresh, Stage.Series);
            if (fresh.Exists(batch => batch.Fates.Count > 0))
                Merge(session, "stage_fates", InsertFates, fresh, Stage.Fates);
            Merge(session, "stage_totals", MergeTotals, fresh, Stage.Totals);
            Merge(session, "stage_names", MergeNames, fresh, Stage.Names);
            Merge(session, "stage_producers", MergeProducers, fresh, Stage.Producers);
            Merge(session, "stage_progress", MergeProgress, fresh, Stage.Progress);
        }

        session.Commit();
    }

    public static void WriteHeartbeats(DuckDbSession session, IReadOnlyList<Heartbeat> heartbeats)
    {
        session.Begin();
        Merge(session, "stage_heartbeats", MergeHeartbeats, heartbeats, Stage.Heartbeat);
        session.Commit();
    }

    static bool IsAhead(RatedProgress given, RatedProgress stored) =>
        (given.Generation, given.Next).CompareTo((stored.Generation, stored.Next)) > 0;

    /// <param name="stage">Appends an item's rows; how many.</param>
    static void Merge<T>(
        DuckDbSession session, string table, string sql, IReadOnlyList<T> items, Func<DuckDbAppender, T, int> stage)
    {
        session.Execute($"DELETE FROM {table}");
        var rows = 0;
        using (var appender = session.Append(table))
        {
            foreach (var item in items) rows += stage(appender, item);
            appender.Finish();
        }

        if (rows > 0) session.Execute(sql);
    }
}
