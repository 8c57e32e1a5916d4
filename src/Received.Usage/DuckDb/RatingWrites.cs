namespace Received.Usage.DuckDb;

/// <summary>
/// Writes what rating made, in one transaction for all batches: rows and progress become visible together. Rows are
/// absolute and carry their position, so a batch that is not ahead of the stored progress is in the store already and
/// is left out whole, and of the others each row counts only if it is newer than the stored one.
/// </summary>
static class RatingWrites
{
    const string Newer = "(s.generation, s.\"offset\", s.\"index\") > (t.generation, t.\"offset\", t.\"index\")";

    const string MergeProgress = """
        MERGE INTO progress t USING stage_progress s ON t.partition = s.partition
        WHEN MATCHED AND (s.generation, s.next) > (t.generation, t.next) THEN UPDATE SET
            generation = s.generation, next = s.next, last_checksum = s.last_checksum, log_time_ms = s.log_time_ms
        WHEN NOT MATCHED THEN INSERT VALUES (s.partition, s.generation, s.next, s.last_checksum, s.log_time_ms)
        """;

    const string MergeSeries = """
        INSERT INTO series SELECT DISTINCT ON (partition, id) * FROM stage_series s WHERE NOT EXISTS (
            SELECT 1 FROM series t WHERE t.partition = s.partition AND t.id = s.id)
        """;

    const string MergeTotals = $"""
        MERGE INTO totals t USING stage_totals s
            ON t.partition = s.partition AND t.series = s.series AND t."window" = s."window"
        WHEN MATCHED AND {Newer} THEN UPDATE SET
            sum = s.sum, count = s.count, min = s.min, max = s.max, last = s.last, last_at_ms = s.last_at_ms,
            generation = s.generation, "offset" = s."offset", "index" = s."index"
        WHEN NOT MATCHED THEN INSERT VALUES (s.partition, s.series, s."window", s.sum, s.count, s.min, s.max, s.last,
            s.last_at_ms, s.generation, s."offset", s."index")
        """;

    const string MergeNames = $"""
        MERGE INTO names t USING stage_names s
            ON t.partition = s.partition AND t.account = s.account AND t.kind = s.kind AND t.ref = s.ref
        WHEN MATCHED AND {Newer} THEN UPDATE SET
            name = s.name, generation = s.generation, "offset" = s."offset", "index" = s."index", time_ms = s.time_ms
        WHEN NOT MATCHED THEN INSERT VALUES (
            s.partition, s.account, s.kind, s.ref, s.name, s.generation, s."offset", s."index", s.time_ms)
        """;

    const string MergeProducers = """
        MERGE INTO producers t USING stage_producers s
            ON t.partition = s.partition AND t.producer_id = s.producer_id
        WHEN MATCHED THEN UPDATE SET
            last_number = s.last_number, seen_bits = s.seen_bits, log_time_ms = s.log_time_ms
        WHEN NOT MATCHED THEN INSERT VALUES (s.partition, s.producer_id, s.last_number, s.seen_bits, s.log_time_ms)
        """;

    // Fates are immutable, and those before the stored progress are there: this join is for the frame in between.
    const string InsertFates = """
        INSERT INTO fates SELECT s.* FROM stage_fates s LEFT JOIN progress p ON p.partition = s.partition
        WHERE p.partition IS NULL OR (s.generation, s."offset") >= (p.generation, p.next)
        """;

    const string MergeHeartbeats = """
        MERGE INTO heartbeats t USING stage_heartbeats s ON t.partition = s.partition
        WHEN MATCHED AND s.observed_at_ms > t.observed_at_ms THEN UPDATE SET
            head = s.head, observed_at_ms = s.observed_at_ms, rated = s.rated
        WHEN NOT MATCHED THEN INSERT VALUES (s.partition, s.head, s.observed_at_ms, s.rated)
        """;

    public static void Write(DuckDbSession session, IReadOnlyList<RatedBatch> batches)
    {
        session.Begin();
        var fresh = new List<RatedBatch>(batches.Count);
        foreach (var batch in batches)
        {
            if (batch.Progress.Partition != batch.Partition)
                throw new ArgumentException("A batch's progress is of another partition.", nameof(batches));
            var stored = RatingReads.Progress(session, batch.Partition);
            if (stored is null || IsAhead(batch.Progress, stored.Value)) fresh.Add(batch);
        }

        if (fresh.Count > 0)
        {
            Merge(session, "stage_series", MergeSeries, fresh, Stage.Series);
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
