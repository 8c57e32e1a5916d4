using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Archived events with their fates. Rows are picked by numbers and integers first; references, names and the bodies
/// are looked up for those that are shown. An event that rating has passed and that has no stored fate was counted.
/// </summary>
static class EventsSelect
{
    const string Picked = """
        WITH picked AS (
            SELECT e.*, coalesce(f.fate, w.fate,
                    CASE WHEN r.partition IS NOT NULL
                        AND (e.generation, e."offset") < (r.generation, r.next) THEN 0::UTINYINT END) AS picked_fate,
                coalesce(f.reason, w.reason, 0::UTINYINT) AS reason,
                f.original_partition, f.original_generation, f.original_offset, f.original_index
            FROM archive.events e
            LEFT JOIN fates f ON f.partition = e.partition AND f.generation = e.generation
                AND f."offset" = e."offset" AND f."index" = e."index"
            LEFT JOIN fates w ON w.partition = e.partition AND w.generation = e.generation
                AND w."offset" = e."offset" AND w."index" = -1
            LEFT JOIN progress r ON r.partition = e.partition
        """;

    const string Shown = """
        SELECT e.partition, e.generation, e."offset", e."index", e.account, c.ref, c.name, p.ref, p.name, a.name, a.ref,
            e.timestamp_ms, e.picked_fate, e.reason,
            e.original_partition, e.original_generation, e.original_offset, e.original_index
        FROM picked e JOIN archive.names c ON c.num = e.customer JOIN archive.names p ON p.num = e.product
        JOIN archive.names a ON a.num = e.assertion
        ORDER BY e.partition, e.generation, e."offset", e."index"
        """;

    public static IReadOnlyList<EventLine> Read(DuckDbSession session, EventsQuery query)
    {
        var sql = new SqlText().Add(Picked).Add("WHERE e.account = {0}", query.Account.Value);
        AddRef(sql, "e.customer", ArchiveNames.Customer, query.Account, query.CustomerRef);
        AddRef(sql, "e.product", ArchiveNames.Product, query.Account, query.ProductRef);
        sql.AddIf("AND e.timestamp_ms >= {0}", query.FromMs).AddIf("AND e.timestamp_ms < {0}", query.ToMs);
        if (query.After is { } after)
        {
            sql.Add("AND (e.partition, e.generation, e.\"offset\", e.\"index\") > (").Add("{0}", after.Partition.Value);
            sql.Add(", {0}", after.Generation).Add(", {0}", after.Offset).Add(", {0})", after.Index);
            // Said apart so that whole row groups can be skipped.
            sql.Add("AND e.partition >= {0}", after.Partition.Value);
        }

        if (query.Fate is { } fate) sql.Add("AND picked_fate = {0}", (byte)fate);
        sql.Add("ORDER BY e.partition, e.generation, e.\"offset\", e.\"index\"").Add("LIMIT {0})", query.Limit);
        return Lines(session, sql.Add(Shown));
    }

    public static EventLine? Find(DuckDbSession session, AccountId account, LogPosition position)
    {
        var sql = new SqlText().Add(Picked).Add("WHERE e.account = {0}", account.Value);
        sql.Add("AND e.partition = {0}", position.Partition.Value).Add("AND e.generation = {0}", position.Generation);
        sql.Add("AND e.\"offset\" = {0}", position.Offset).Add("AND e.\"index\" = {0})", position.Index);
        return Lines(session, sql.Add(Shown)).FirstOrDefault();
    }

    static void AddRef(SqlText sql, string column, byte kind, AccountId account, string? reference)
    {
        if (reference is null) return;
        sql.Add($"AND {column} IN (SELECT num FROM archive.names").Add("WHERE kind = {0}", kind);
        sql.Add("AND account = {0}", account.Value).Add("AND ref = {0})", DuckDbSession.Utf8(reference));
    }

    static List<EventLine> Lines(DuckDbSession session, SqlText sql)
    {
        var lines = new List<EventLine>();
        using (var rows = session.Query(sql.ToString(), sql.Arguments))
        {
            while (rows.Next())
            {
                for (var i = 0; i < rows.Count; i++) lines.Add(Line(rows, i));
            }
        }

        if (lines.Count > 0) AddBodies(session, lines);
        return lines;
    }

    /// <summary>What is in the bodies of their frames: archived frames never change, so any snapshot will do.</summary>
    /// <exception cref="InvalidDataException">The archive has an event and not its body.</exception>
    static void AddBodies(DuckDbSession session, List<EventLine> lines)
    {
        var byFrame = Enumerable.Range(0, lines.Count)
            .ToLookup(i => lines[i].Position with { Index = 0 });
        using (var appender = session.Stage(
            "stage_frames", "partition USMALLINT, generation USMALLINT, \"offset\" BIGINT"))
        {
            foreach (var frame in byFrame.Select(group => group.Key))
            {
                appender.Set(0, frame.Partition.Value);
                appender.Set(1, frame.Generation);
                appender.Set(2, frame.Offset);
                appender.EndRow();
            }

            appender.Finish();
        }

        // The bounds let whole row groups be skipped.
        using var rows = session.Query(
            """
            SELECT f.partition, f.generation, f."offset", f.event_count, f.bodies
            FROM archive.frames f JOIN stage_frames s
                ON f.partition = s.partition AND f.generation = s.generation AND f."offset" = s."offset"
            WHERE f."offset" BETWEEN $1 AND $2
            """, lines.Min(line => line.Position.Offset), lines.Max(line => line.Position.Offset));
        var bodies = new ArchiveBodies();
        var filled = new bool[lines.Count];
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                bodies.Unpack(rows.Bytes(4, i), rows.Column<int>(3)[i]);
                var frame = new LogPosition(
                    rows.Column<ushort>(1)[i], new(rows.Column<ushort>(0)[i]), rows.Column<long>(2)[i], 0);
                foreach (var line in byFrame[frame])
                {
                    var index = lines[line].Position.Index;
                    if (index >= bodies.Count) continue;
                    filled[line] = true;
                    lines[line] = lines[line] with
                    {
                        ReceivedAtMs = bodies.ReceivedAtMs[index],
                        Quantity = bodies.Quantity[index],
                        Key = bodies.Keys[index].ToArray(),
                        Data = bodies.Data[index].ToArray(),
                    };
                }
            }
        }

        // Law 11: without its body an event would show a quantity of zero.
        var missing = Array.IndexOf(filled, false);
        if (missing < 0) return;
        throw new InvalidDataException(
            $"The archive is damaged: it has the event {lines[missing].Position} and not the body of its frame.");
    }

    static EventLine Line(DuckDbRows rows, int i) => new(
        Position(rows, i, 0), new(rows.Column<uint>(4)[i]), rows.Text(5, i), rows.Text(6, i), rows.Text(7, i),
        rows.Text(8, i), rows.Text(9, i), rows.Text(10, i), rows.Column<long>(11)[i], 0, 0, [], [],
        rows.IsNull(12, i) ? null : (Fate)rows.Column<byte>(12)[i], (ParkReason)rows.Column<byte>(13)[i],
        rows.IsNull(14, i) ? null : Position(rows, i, 14));

    /// <summary>Partition, generation, offset and index in four columns.</summary>
    static LogPosition Position(DuckDbRows rows, int i, int column)
    {
        var partition = new PartitionId(rows.Column<ushort>(column)[i]);
        return new(
            rows.Column<ushort>(column + 1)[i], partition, rows.Column<long>(column + 2)[i],
            rows.Column<int>(column + 3)[i]);
    }
}
