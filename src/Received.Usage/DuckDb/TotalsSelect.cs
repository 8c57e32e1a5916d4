using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Totals by bucket. The caller's boundaries become a small table that each window finds its bucket in, so time zones
/// need not be known here. A single statement, so a single snapshot. Sums that do not fit 128 bits are an error.
/// </summary>
static class TotalsSelect
{
    // DuckDB's sum(HUGEINT) was seen to wrap without an error where it adds up groups of several threads (1.5.6). Sums
    // of the two halves cannot overflow, and putting them together is checked arithmetic.
    public const string Sum =
        "sum(sum >> 64) * 18446744073709551616::HUGEINT + sum(sum & 18446744073709551615::HUGEINT)";

    const string Lines = $"""
        lines AS (
            SELECT start_ms, end_ms, customer_ref, product_ref, currency, entity_ref,
                {Sum} AS sum, CAST(sum(count) AS BIGINT) AS count, min(min) AS min, max(max) AS max,
                arg_max(last, (last_at_ms, generation, "offset", "index")) AS last
            FROM picked GROUP BY ALL)
        """;

    // Order and cursor: VARCHAR compares by its UTF-8 bytes (no collation is set).
    const string Order = "l.start_ms, l.customer_ref, l.product_ref, l.currency, l.entity_ref";

    const string ParquetColumns = """
        epoch_ms(start_ms) AS start_utc, epoch_ms(end_ms) AS end_utc, customer_ref, customer_name,
        product_ref AS usage_product_ref, product_name AS usage_product_name, currency, entity_ref,
        CAST(sum AS DECIMAL(38, 0)) * CAST('0.000000000001' AS DECIMAL(12, 12)) AS quantity, count,
        CAST(min AS DECIMAL(38, 0)) * CAST('0.000000000001' AS DECIMAL(12, 12)) AS min,
        CAST(max AS DECIMAL(38, 0)) * CAST('0.000000000001' AS DECIMAL(12, 12)) AS max,
        CAST(last AS DECIMAL(38, 0)) * CAST('0.000000000001' AS DECIMAL(12, 12)) AS last
        """;

    public static IEnumerable<IReadOnlyList<TotalsLine>> Read(DuckDbSession session, TotalsQuery query)
    {
        StageBuckets(session, query.BoundariesMs);
        var sql = Select(new(), query);
        using var rows = session.Stream(sql.ToString(), sql.Arguments);
        while (rows.Next()) yield return Page(rows);
    }

    /// <summary>Writes the lines as a Parquet file; quantities are DECIMAL(38, 12), and one that does not fit is an
    /// error.</summary>
    public static bool Copy(DuckDbSession session, TotalsQuery query, string path)
    {
        StageBuckets(session, query.BoundariesMs);
        var head = new SqlText().Add($"CREATE OR REPLACE TEMP TABLE parquet_lines AS SELECT {ParquetColumns} FROM (");
        var sql = Select(head, query).Add(")");
        session.Execute(sql.ToString(), sql.Arguments);
        // A file name cannot be a parameter here; this one is ours, from the configured folder.
        var quoted = path.Replace("'", "''", StringComparison.Ordinal);
        session.Execute(
            $"""
            COPY (SELECT * FROM parquet_lines
                ORDER BY start_utc, customer_ref, usage_product_ref, currency, entity_ref)
            TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)
            """);
        session.Execute("DROP TABLE parquet_lines");
        return true;
    }

    static SqlText Select(SqlText sql, TotalsQuery query)
    {
        sql.Add("WITH picked AS (SELECT").Add(query.BoundariesMs is null
            ? $"""
                t."window"::BIGINT * {UsageWindow.LengthMs} AS start_ms, start_ms + {UsageWindow.LengthMs} AS end_ms,
                """
            : "b.start_ms, b.end_ms,");
        sql.Add("s.customer_ref, s.product_ref, s.currency, s.entity_ref, t.* EXCLUDE (partition, series)");
        sql.Add("FROM totals t JOIN series s ON s.partition = t.partition AND s.id = t.series");
        if (query.BoundariesMs is not null) sql.Add("ASOF JOIN stage_buckets b ON t.\"window\" >= b.from_window");
        var (from, to) = Windows(query);
        sql.Add("WHERE s.account = {0}", query.Account.Value);
        sql.Add("AND t.\"window\" >= {0}", from).Add("AND t.\"window\" < {0}", to);
        sql.AddText("AND s.customer_ref = {0}", query.CustomerRef).AddText("AND s.product_ref = {0}", query.ProductRef);
        sql.Add("),").Add(Lines).Add(",");
        AddNames(sql, "customer_names", NameKind.Customer, query.Account);
        sql.Add(",");
        AddNames(sql, "product_names", NameKind.Product, query.Account);
        sql.Add("SELECT l.*, nullif(c.name, '') AS customer_name, nullif(p.name, '') AS product_name FROM lines l");
        sql.Add("LEFT JOIN customer_names c ON c.ref = l.customer_ref");
        sql.Add("LEFT JOIN product_names p ON p.ref = l.product_ref");
        if (query.After is { } after) AddCursor(sql, after);
        sql.Add($"ORDER BY {Order}");
        return sql.AddIf("LIMIT {0}", query.Limit);
    }

    /// <summary>Ties have an order too, so that every store and every read gives the same name.</summary>
    static void AddNames(SqlText sql, string table, NameKind kind, AccountId account)
    {
        sql.Add($"""
            {table} AS (
                SELECT ref, arg_max(name, (time_ms, generation, "offset", "index", partition)) AS name FROM names
            """);
        sql.Add("WHERE account = {0}", account.Value).Add("AND kind = {0} GROUP BY ref)", (byte)kind);
    }

    static void AddCursor(SqlText sql, TotalsCursor after)
    {
        sql.Add($"WHERE ({Order}) > (").Add("{0}", after.StartMs).AddText(", {0}", after.CustomerRef);
        sql.AddText(", {0}", after.ProductRef).AddText(", {0}", after.Currency).AddText(", {0})", after.EntityRef);
    }

    static (int From, int To) Windows(TotalsQuery query)
    {
        var (from, to) = (query.FromMs, query.ToMs);
        if (query.BoundariesMs is { } boundaries)
        {
            from = Math.Max(from, boundaries[0]);
            to = Math.Min(to, boundaries[^1]);
        }

        return (FirstAt(from), FirstAt(to));
    }

    /// <summary>The first window that starts at the instant or after it.</summary>
    static int FirstAt(long unixMs)
    {
        var first = Math.Clamp(unixMs, UsageWindow.StartMs(int.MinValue), UsageWindow.StartMs(int.MaxValue));
        return UsageWindow.IsBoundary(first) ? UsageWindow.Of(first) : UsageWindow.Of(first) + 1;
    }

    static void StageBuckets(DuckDbSession session, IReadOnlyList<long>? boundaries)
    {
        if (boundaries is null) return;
        if (boundaries.Count < 2) throw new ArgumentException("A bucket needs two boundaries.", nameof(boundaries));
        using var appender = session.Stage("stage_buckets", "from_window INTEGER, start_ms BIGINT, end_ms BIGINT");
        for (var i = 0; i + 1 < boundaries.Count; i++)
        {
            if (!UsageWindow.IsBoundary(boundaries[i]) || boundaries[i] >= boundaries[i + 1])
                throw new ArgumentException("Boundaries ascend, on window boundaries.", nameof(boundaries));
            appender.Set(0, UsageWindow.Of(boundaries[i]));
            appender.Set(1, boundaries[i]);
            appender.Set(2, boundaries[i + 1]);
            appender.EndRow();
        }

        if (!UsageWindow.IsBoundary(boundaries[^1]))
            throw new ArgumentException("Boundaries ascend, on window boundaries.", nameof(boundaries));
        appender.Finish();
    }

    static List<TotalsLine> Page(DuckDbRows rows)
    {
        var page = new List<TotalsLine>(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            page.Add(new(
                rows.Column<long>(0)[i], rows.Column<long>(1)[i], rows.Text(2, i), rows.TextOrNull(11, i), rows.Text(3,
                    i), rows.TextOrNull(12, i),
                rows.Text(4, i), rows.Text(5, i), rows.Column<Int128>(6)[i], rows.Column<long>(7)[i],
                rows.Column<Int128>(8)[i], rows.Column<Int128>(9)[i], rows.Column<Int128>(10)[i]));
        }

        return page;
    }
}
