using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>What rating reads back when it takes a partition over, or meets a total that it does not hold in
/// memory.</summary>
static class RatingReads
{
    /// <summary>Null if the partition has none yet.</summary>
    public static RatedProgress? Progress(DuckDbSession session, PartitionId partition) =>
        Progress(session).TryGetValue(partition, out var progress) ? progress : null;

    /// <summary>Of every partition that has one.</summary>
    public static Dictionary<PartitionId, RatedProgress> Progress(DuckDbSession session)
    {
        using var rows = session.Query(
            """
            SELECT partition, generation, next, last_checksum, log_time_ms, keys_next, keys_log_time_ms FROM progress
            """);
        var found = new Dictionary<PartitionId, RatedProgress>();
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var partition = new PartitionId(rows.Column<ushort>(0)[i]);
                found.Add(partition, new(
                    partition, rows.Column<ushort>(1)[i], rows.Column<long>(2)[i], rows.Column<ulong>(3)[i],
                    rows.Column<long>(4)[i], rows.Column<long>(5)[i], rows.Column<long>(6)[i]));
            }
        }

        return found;
    }

    public static IReadOnlyList<ProducerRow> Producers(DuckDbSession session, PartitionId partition)
    {
        using var rows = session.Query(
            """
            SELECT producer_id, last_number, seen_bits, log_time_ms FROM producers WHERE partition = $1
            ORDER BY producer_id
            """, partition.Value);
        var found = new List<ProducerRow>();
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                found.Add(new(
                    rows.Column<ulong>(0)[i], rows.Column<long>(1)[i], rows.Column<ulong>(2)[i],
                        rows.Column<long>(3)[i]));
            }
        }

        return found;
    }

    public static void Totals(
        DuckDbSession session, PartitionId partition, ReadOnlySpan<TotalKey> keys, Span<TotalRow> found)
    {
        found.Clear();
        if (keys.Length == 0) return;
        using (var appender = session.Stage("stage_keys", "place INTEGER, series UHUGEINT, \"window\" INTEGER"))
        {
            for (var i = 0; i < keys.Length; i++)
            {
                appender.Set(0, i);
                appender.Set(1, keys[i].Series);
                appender.Set(2, keys[i].Window);
                appender.EndRow();
            }

            appender.Finish();
        }

        using var rows = session.Query(
            """
            SELECT k.place, t.series, t."window", t.sum, t.count, t.min, t.max, t.last, t.last_at_ms, t.generation,
                t."offset", t."index"
            FROM stage_keys k JOIN totals t ON t.series = k.series AND t."window" = k."window" WHERE t.partition = $1
            """, partition.Value);
        while (rows.Next())
        {
            var at = rows.Column<int>(0);
            for (var i = 0; i < rows.Count; i++) found[at[i]] = Total(rows, i, 1);
        }
    }

    /// <summary>A row of totals whose columns begin with the series, in the schema's order.</summary>
    public static TotalRow Total(DuckDbRows rows, int i, int column) => new(
        rows.Column<UInt128>(column)[i], rows.Column<int>(column + 1)[i], rows.Column<Int128>(column + 2)[i],
        rows.Column<long>(column + 3)[i], rows.Column<Int128>(column + 4)[i], rows.Column<Int128>(column + 5)[i],
        rows.Column<Int128>(column + 6)[i], rows.Column<long>(column + 7)[i], rows.Column<ushort>(column + 8)[i],
        rows.Column<long>(column + 9)[i], rows.Column<int>(column + 10)[i]);

    public static IReadOnlyList<Heartbeat> Heartbeats(DuckDbSession session)
    {
        using var rows = session.Query(
            "SELECT partition, head, observed_at_ms, rated FROM heartbeats ORDER BY partition");
        var found = new List<Heartbeat>();
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                found.Add(new(
                    new(rows.Column<ushort>(0)[i]), rows.Column<long>(1)[i], rows.Column<long>(2)[i],
                    rows.Column<long>(3)[i]));
            }
        }

        return found;
    }
}
