using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Totals of many ranges of an account: the ranges become a small table, and one statement joins it to series and to
/// the windows between the earliest start and the latest end. Progress and totals are read in one transaction, so
/// nothing is ever unsettled here.
/// </summary>
static class CycleTotalsSelect
{
    const string Wanted = """
        WITH wanted AS (
            SELECT r.number, r.from_window, r.to_window, s.partition, s.id, s.currency, s.entity_ref
            FROM stage_ranges r
            JOIN series s ON s.customer_ref = r.customer_ref AND s.product_ref = r.product_ref
            WHERE s.account = {0}),
        """;

    const string Picked = """
        picked AS (
            SELECT w.number, w.currency, w.entity_ref, t.sum, t.count FROM totals t
            JOIN wanted w ON w.partition = t.partition AND w.id = t.series
                AND t."window" >= w.from_window AND t."window" < w.to_window
        """;

    const string Lines = $"""
        SELECT number, currency, entity_ref, {TotalsSelect.Sum} AS sum, CAST(sum(count) AS BIGINT) AS count
        FROM picked GROUP BY number, currency, entity_ref ORDER BY number, currency, entity_ref
        """;

    public static CycleTotals Read(
        DuckDbSession session, LogIdentity log, AccountId account, IReadOnlyList<TotalsRange> ranges)
    {
        TotalsRanges.Check(ranges);
        session.Begin();
        var rated = Rated(session, log);
        var totals = ranges.ToDictionary(range => range.Number, _ => new List<AssertedTotal>());
        if (ranges.Count > 0)
        {
            Stage(session, ranges);
            Select(session, account, ranges, totals);
        }

        session.Commit();
        return new(totals.ToDictionary(pair => pair.Key, pair => new RangeTotals(rated, pair.Value)), []);
    }

    static RatedUpTo[] Rated(DuckDbSession session, LogIdentity log)
    {
        var rated = log.AllPartitions().Select(id => new RatedUpTo(id, log.Generation, 0)).ToArray();
        using var rows = session.Query("SELECT partition, generation, next FROM progress");
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var partition = new PartitionId(rows.Column<ushort>(0)[i]);
                rated[partition.Value] = new(partition, rows.Column<ushort>(1)[i], rows.Column<long>(2)[i]);
            }
        }

        return rated;
    }

    static void Stage(DuckDbSession session, IReadOnlyList<TotalsRange> ranges)
    {
        using var appender = session.Stage(
            "stage_ranges",
            "number INTEGER, customer_ref VARCHAR, product_ref VARCHAR, from_window INTEGER, to_window INTEGER");
        foreach (var range in ranges)
        {
            appender.Set(0, range.Number);
            appender.SetBytes(1, DuckDbSession.Utf8(range.CustomerRef));
            appender.SetBytes(2, DuckDbSession.Utf8(range.ProductRef));
            appender.Set(3, UsageWindow.Of(range.FromMs));
            appender.Set(4, UsageWindow.Of(range.ToMs));
            appender.EndRow();
        }

        appender.Finish();
    }

    static void Select(
        DuckDbSession session, AccountId account, IReadOnlyList<TotalsRange> ranges,
        Dictionary<int, List<AssertedTotal>> totals)
    {
        var sql = new SqlText().Add(Wanted, account.Value).Add(Picked)
            .Add("WHERE t.\"window\" >= {0}", UsageWindow.Of(ranges.Min(range => range.FromMs)))
            .Add("AND t.\"window\" < {0})", UsageWindow.Of(ranges.Max(range => range.ToMs))).Add(Lines);
        using var rows = session.Query(sql.ToString(), sql.Arguments);
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                totals[rows.Column<int>(0)[i]].Add(new(
                    rows.Text(1, i), rows.Text(2, i), rows.Column<Int128>(3)[i], rows.Column<long>(4)[i]));
            }
        }
    }
}
