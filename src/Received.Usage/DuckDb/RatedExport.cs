using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>The lines of <see cref="RatedText"/>, all from one snapshot.</summary>
static class RatedExport
{
    public static IEnumerable<IReadOnlyList<string>> Read(DuckDbSession session)
    {
        session.Begin();
        foreach (var partition in Partitions(session))
        {
            if (RatingReads.Progress(session, partition) is { } p)
                yield return [RatedText.Line(p)];
            foreach (var (sql, format) in Parts)
            {
                using var rows = session.Stream(sql, partition.Value);
                while (rows.Next())
                {
                    var page = new List<string>(rows.Count);
                    for (var i = 0; i < rows.Count; i++) page.Add(format(rows, i, partition));
                    yield return page;
                }
            }
        }

        session.Commit();
    }

    static readonly (string Sql, Func<DuckDbRows, int, PartitionId, string> Format)[] Parts =
    [
        ("""
         SELECT id, account, customer_ref, product_ref, currency,
             entity_ref FROM series WHERE partition = $1 ORDER BY id
         """, Series),
        ("""
         SELECT series, "window", sum, count, min, max, last, last_at_ms, generation, "offset", "index" FROM totals
         WHERE partition = $1 ORDER BY series, "window"
         """, Total),
        ("""
         SELECT generation, "offset", "index", account, fate, reason, event_count,
             original_generation, original_partition, original_offset, original_index
         FROM fates WHERE partition = $1 ORDER BY generation, "offset", "index"
         """, FateLine),
        ("""
         SELECT account, kind, ref, name, generation, "offset", "index", time_ms FROM names WHERE partition = $1
         ORDER BY account, kind, ref
         """, Name),
        ("""
         SELECT producer_id, last_number, seen_bits, log_time_ms FROM producers WHERE partition = $1
         ORDER BY producer_id
         """, Producer),
    ];

    static List<PartitionId> Partitions(DuckDbSession session)
    {
        using var rows = session.Query(
            """
            SELECT partition FROM progress UNION SELECT partition FROM series UNION SELECT partition FROM totals
            UNION SELECT partition FROM fates UNION SELECT partition FROM names UNION SELECT partition FROM producers
            ORDER BY partition
            """);
        var partitions = new List<PartitionId>();
        while (rows.Next())
        {
            foreach (var partition in rows.Column<ushort>(0)) partitions.Add(new(partition));
        }

        return partitions;
    }

    static string Series(DuckDbRows r, int i, PartitionId partition) => RatedText.Line(
        partition, new SeriesRow(
            r.Column<UInt128>(0)[i], new(r.Column<uint>(1)[i]), r.Text(2, i), r.Text(3, i), r.Text(4, i),
            r.Text(5, i)));

    static string Total(DuckDbRows r, int i, PartitionId partition) =>
        RatedText.Line(partition, RatingReads.Total(r, i, 0));

    static string FateLine(DuckDbRows r, int i, PartitionId partition) => RatedText.Line(
        partition, new FateRow(
            r.Column<ushort>(0)[i], r.Column<long>(1)[i], r.Column<int>(2)[i], new(r.Column<uint>(3)[i]),
            (Fate)r.Column<byte>(4)[i], (ParkReason)r.Column<byte>(5)[i], r.Column<int>(6)[i],
            r.IsNull(7, i)
                ? null
                : new LogPosition(
                    r.Column<ushort>(7)[i], new(r.Column<ushort>(8)[i]), r.Column<long>(9)[i],
                    r.Column<int>(10)[i])));

    static string Name(DuckDbRows r, int i, PartitionId partition) => RatedText.Line(
        partition, new NameRow(
            new(r.Column<uint>(0)[i]), (NameKind)r.Column<byte>(1)[i], r.Text(2, i), r.Text(3, i),
            r.Column<ushort>(4)[i], r.Column<long>(5)[i], r.Column<int>(6)[i], r.Column<long>(7)[i]));

    static string Producer(DuckDbRows r, int i, PartitionId partition) => RatedText.Line(
        partition, new ProducerRow(
            r.Column<ulong>(0)[i], r.Column<long>(1)[i], r.Column<ulong>(2)[i], r.Column<long>(3)[i]));
}
