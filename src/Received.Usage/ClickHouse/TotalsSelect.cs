using System.Runtime.CompilerServices;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Totals by bucket. Series of the account are found first, by their order; their rows by partition, series and window;
/// the caller's boundaries are the numbers that windows are rounded down to. Rows are of one moment, and lines go out
/// only if none of them was past the progress read before: see <see cref="ExactReads"/>. Names are labels: the newest
/// that there is. Sums are made in 256 bits; one beyond 128 is an error.
/// </summary>
sealed class TotalsSelect(ClickHouseLink link, RatingReads reads, ExactReads exact)
{
    const int Ahead = 10;

    // What a throwing statement says, to be told from other errors.
    const string AheadMark = "received: rows past the progress";
    const string RangeMark = "received: beyond 38 digits";

    const string Order = "start_ms, customer_ref, product_ref, currency, entity_ref";

    public async IAsyncEnumerable<TotalsLine> ReadAsync(
        TotalsQuery query, int partitions, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var buckets = new Buckets(query);
        await using var rows = await OpenAsync(query, buckets, partitions, cancellation);
        if (rows is null) yield break;
        do
        {
            for (var i = 0; i < rows.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                yield return Line(rows, i, buckets);
            }
        }
        while (await rows.NextAsync());
    }

    /// <summary>The lines as a Parquet file; quantities are DECIMAL(38, 12), and one that does not fit is an
    /// error.</summary>
    public async ValueTask CopyAsync(
        TotalsQuery query, int partitions, Stream target, CancellationToken cancellation)
    {
        var buckets = new Buckets(query);
        for (var attempt = exact.Begin(); ;)
        {
            var rated = await reads.PositionsAsync(partitions, cancellation);
            try
            {
                await link.CopyAsync(ParquetSql(query, buckets, rated), "Parquet", target, cancellation);
                return;
            }
            catch (StoreUnavailableException error) when (ClickHouseFailure.CodeOf(error) == ClickHouseFailure.Thrown)
            {
                if (error.Message.Contains(RangeMark, StringComparison.Ordinal))
                    throw new OverflowException("A quantity does not fit DECIMAL(38, 12).", error);
                if (!error.Message.Contains(AheadMark, StringComparison.Ordinal)) throw;
                await attempt.AgainAsync(All(partitions), cancellation);
            }
        }
    }

    static IEnumerable<PartitionId> All(int partitions) =>
        Enumerable.Range(0, partitions).Select(i => new PartitionId((ushort)i));

    /// <summary>At its first block, or null where there is no line.</summary>
    async ValueTask<NativeRows?> OpenAsync(
        TotalsQuery query, Buckets buckets, int partitions, CancellationToken cancellation)
    {
        for (var attempt = exact.Begin(); ;)
        {
            var rated = await reads.PositionsAsync(partitions, cancellation);
            var sql = Lines(query, buckets, rated).Add($"SELECT * FROM named ORDER BY {Order}")
                .AddIf("LIMIT {0}", query.Limit);
            var rows = await link.QueryAsync(sql, cancellation);
            var ready = false;
            try
            {
                if (!await rows.NextAsync()) return null;
                ready = rows.Value<ulong>(Ahead, 0) == 0;
                if (ready) return rows;
            }
            finally
            {
                if (!ready) await rows.DisposeAsync();
            }

            await attempt.AgainAsync(All(partitions), cancellation);
        }
    }

    /// <summary>Common table expressions up to "named": the lines as they are shown, after the cursor.</summary>
    static SqlCall Lines(TotalsQuery query, Buckets buckets, UInt128[] rated)
    {
        var sql = new SqlCall($"WITH {Positions.Sql(rated)} AS rated,\nwanted AS (")
            .Add("SELECT partition, id, any(r.customer_ref) AS customer_ref, any(r.product_ref) AS product_ref,")
            .Add("any(CAST(r.currency, 'String')) AS currency, any(CAST(r.entity_ref, 'String')) AS entity_ref")
            .Add("FROM series AS r")
            .Add("WHERE account = {0}", query.Account.Value)
            .AddText("AND r.customer_ref = {0}", query.CustomerRef).AddText("AND r.product_ref = {0}", query.ProductRef)
            .Add("GROUP BY partition, id),");
        sql.Add(
            $"""
            picked AS (
                SELECT partition, series, {buckets.Sql} AS bucket, sum(toInt256(t.sum)) AS s, sum(t.count) AS c,
                    min(t.min) AS low, max(t.max) AS high, argMax(t.last, (t.last_at_ms, t.position)) AS newest,
                    max((t.last_at_ms, t.position)) AS newest_at,
                    countIf(t.position >= rated[t.partition + 1]) AS past
                FROM totals AS t FINAL
            """);
        sql.Add("WHERE t.window >= {0}", buckets.From).Add("AND t.window < {0}", buckets.To)
            .Add("AND (partition, series) IN (SELECT partition, id FROM wanted)")
            .Add("GROUP BY partition, series, bucket),");
        sql.Add(
            $"""
            lines AS (
                SELECT toInt64(bucket) * {UsageWindow.LengthMs} AS start_ms, customer_ref, product_ref, currency,
                    entity_ref, sum(s) AS total, sum(c) AS events, min(low) AS lowest, max(high) AS highest,
                    argMax(newest, newest_at) AS latest, sum(past) AS ahead
                FROM picked JOIN wanted ON wanted.partition = picked.partition AND wanted.id = picked.series
                GROUP BY start_ms, customer_ref, product_ref, currency, entity_ref),
            """);
        Names(sql, "customers", NameKind.Customer, query.Account);
        Names(sql, "products", NameKind.Product, query.Account);
        sql.Add(
            """
            named AS (
                SELECT start_ms, l.customer_ref AS customer_ref, l.product_ref AS product_ref, currency, entity_ref,
                    total, events, lowest, highest, latest, sum(ahead) OVER () AS ahead,
                    customers.name AS customer_name, products.name AS product_name
                FROM lines AS l
                LEFT JOIN customers ON customers.ref = l.customer_ref
                LEFT JOIN products ON products.ref = l.product_ref
            """);
        return Cursor(sql, query.After).Add(")");
    }

    /// <summary>Ties have an order too, so that every store and every read gives the same name.</summary>
    static void Names(SqlCall sql, string table, NameKind kind, AccountId account) => sql
        .Add($"{table} AS (SELECT ref, argMax(n.name, (time_ms, position, partition)) AS name FROM names AS n")
        .Add("WHERE account = {0}", account.Value).Add("AND kind = {0} GROUP BY ref),", (byte)kind);

    static SqlCall Cursor(SqlCall sql, TotalsCursor? after)
    {
        if (after is null) return sql;
        return sql.Add("WHERE (start_ms, l.customer_ref, l.product_ref, currency, entity_ref) >")
            .Add("({0}", after.StartMs).AddText(", {0}", after.CustomerRef).AddText(", {0}", after.ProductRef)
            .AddText(", {0}", after.Currency).AddText(", {0})", after.EntityRef);
    }

    static SqlCall ParquetSql(TotalsQuery query, Buckets buckets, UInt128[] rated)
    {
        static string Scaled(string column, string name) =>
            $"reinterpret(toInt128({column} + throwIf(abs(toInt256({column})) >= toInt256('1{new string('0', 38)}'), "
            + $"'{RangeMark}')), 'Decimal(38, 12)') AS {name}";
        return Lines(query, buckets, rated).Add(
            $"""
            SELECT fromUnixTimestamp64Milli(start_ms, 'UTC') AS start_utc,
                fromUnixTimestamp64Milli({buckets.EndSql}, 'UTC') AS end_utc, customer_ref,
                nullIf(customer_name, '') AS customer_name, product_ref AS usage_product_ref,
                nullIf(product_name, '') AS usage_product_name, currency, entity_ref, {Scaled("total", "quantity")},
                events AS count, {Scaled("lowest", "min")}, {Scaled("highest", "max")}, {Scaled("latest", "last")}
            FROM named WHERE NOT throwIf(ahead > 0, '{AheadMark}') ORDER BY {Order}
            SETTINGS output_format_parquet_compression_method = 'zstd', output_format_parquet_string_as_string = 1
            """);
    }

    static TotalsLine Line(NativeRows rows, int i, Buckets buckets)
    {
        var startMs = rows.Value<long>(0, i);
        return new(
            startMs, buckets.EndOf(startMs), rows.Text(1, i), NullIfEmpty(rows.Text(11, i)), rows.Text(2, i),
            NullIfEmpty(rows.Text(12, i)), rows.Text(3, i), rows.Text(4, i), rows.Value<Int256>(5, i).ToInt128(),
            rows.Value<long>(6, i), rows.Value<Int128>(7, i), rows.Value<Int128>(8, i), rows.Value<Int128>(9, i));
    }

    static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
