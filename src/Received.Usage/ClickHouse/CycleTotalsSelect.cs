using System.Text;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Totals of many ranges of an account. The progress is read first, then rows of one moment; customers of whom a row
/// was past that progress, those alone, are read again, with all their ranges, so that a customer's figures are of one
/// position (see <see cref="ExactReads"/>); who never comes to rest is unsettled. Windows are summed on the server
/// between the boundaries of all ranges of a statement, and those sums go to every range that holds them: so a shard
/// gives back few rows, whatever ranges there are.
/// </summary>
sealed class CycleTotalsSelect(ClickHouseLink link, RatingReads reads, ExactReads exact)
{
    /// <summary>Ranges of a statement, a customer's not counted apart; its text has some 300 bytes for each.</summary>
    const int RangesMax = 5_000;

    const string Wanted = """
        wanted AS (
            SELECT partition, id, any(r.customer_ref) AS customer, any(r.product_ref) AS product,
                any(CAST(r.currency, 'String')) AS currency, any(CAST(r.entity_ref, 'String')) AS entity
            FROM series AS r
            WHERE account = {0} AND (r.customer_ref, r.product_ref) IN (SELECT customer_ref, product_ref FROM ranges)
            GROUP BY partition, id),
        """;

    const string Lines = """
        SELECT r.number AS number, w.currency AS currency, w.entity AS entity, sum(s) AS total, sum(c) AS events,
            sum(past) AS ahead, any(p.partition) AS home
        FROM picked AS p JOIN wanted AS w ON w.partition = p.partition AND w.id = p.series
        JOIN ranges AS r ON r.customer_ref = w.customer AND r.product_ref = w.product
        WHERE p.bucket >= r.from_window AND p.bucket < r.to_window
        GROUP BY number, currency, entity ORDER BY number, currency, entity
        """;

    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public async ValueTask<CycleTotals> ReadAsync(
        LogIdentity log, AccountId account, IReadOnlyList<TotalsRange> ranges, CancellationToken cancellation)
    {
        TotalsRanges.Check(ranges);
        var settled = new Dictionary<int, RangeTotals>(ranges.Count);
        var unsettled = new List<int>();
        foreach (var part in Parts(ranges)) await SettleAsync(log, account, part, settled, unsettled, cancellation);
        return new(settled, unsettled);
    }

    /// <summary>A customer's ranges stay together, and long looks back come by themselves: each statement reads the
    /// windows between its earliest start and its latest end.</summary>
    static IEnumerable<List<TotalsRange>> Parts(IReadOnlyList<TotalsRange> ranges)
    {
        var part = new List<TotalsRange>();
        foreach (var customer in ranges.GroupBy(range => range.CustomerRef, StringComparer.Ordinal)
            .OrderBy(customer => customer.Min(range => range.FromMs)))
        {
            part.AddRange(customer);
            if (part.Count < RangesMax) continue;
            yield return part;
            part = [];
        }

        if (part.Count > 0) yield return part;
    }

    async ValueTask SettleAsync(
        LogIdentity log, AccountId account, List<TotalsRange> ranges, Dictionary<int, RangeTotals> settled,
        List<int> unsettled, CancellationToken cancellation)
    {
        for (var attempt = exact.Begin(); ;)
        {
            var positions = await reads.PositionsAsync(log.PartitionCount, cancellation);
            var rated = positions.Select((at, i) => RatedUpTo(log, i, at)).ToArray();
            var (totals, ahead) = await SelectAsync(account, ranges, positions, cancellation);
            var customers = ranges.Where(range => ahead.ContainsKey(range.Number))
                .Select(range => range.CustomerRef).ToHashSet(StringComparer.Ordinal);
            foreach (var range in ranges.Where(range => !customers.Contains(range.CustomerRef)))
                settled.Add(range.Number, new(rated, totals.GetValueOrDefault(range.Number) ?? []));
            if (customers.Count == 0) return;
            ranges = [.. ranges.Where(range => customers.Contains(range.CustomerRef))];
            if (await attempt.TryAgainAsync(ahead.Values.Distinct(), cancellation)) continue;
            unsettled.AddRange(ranges.Select(range => range.Number));
            return;
        }
    }

    static RatedUpTo RatedUpTo(LogIdentity log, int partition, UInt128 at) => at == 0
        ? new(new((ushort)partition), log.Generation, 0)
        : new(new((ushort)partition), Positions.Generation(at), Positions.Offset(at));

    /// <returns>Totals by range, and ranges that had rows past the progress, with their partition.</returns>
    async ValueTask<(Dictionary<int, List<AssertedTotal>> Totals, Dictionary<int, PartitionId> Ahead)> SelectAsync(
        AccountId account, List<TotalsRange> ranges, UInt128[] positions, CancellationToken cancellation)
    {
        var totals = new Dictionary<int, List<AssertedTotal>>();
        var ahead = new Dictionary<int, PartitionId>();
        await using var rows = await link.QueryAsync(Sql(account, ranges, positions), cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var number = rows.Value<int>(0, i);
                if (rows.Value<ulong>(5, i) > 0)
                {
                    ahead[number] = new(rows.Value<ushort>(6, i));
                    continue;
                }

                if (!totals.TryGetValue(number, out var lines)) totals.Add(number, lines = []);
                lines.Add(new(
                    rows.Text(1, i), rows.Text(2, i), rows.Value<Int256>(3, i).ToInt128(), rows.Value<long>(4, i)));
            }
        }

        return (totals, ahead);
    }

    static SqlCall Sql(AccountId account, List<TotalsRange> ranges, UInt128[] positions)
    {
        var boundaries = ranges.SelectMany(range => new[] { range.FromMs, range.ToMs }).Select(UsageWindow.Of)
            .Distinct().Order().ToArray();
        // References go as the bytes of a binary row: they are never text of the statement.
        return new SqlCall($"WITH {Positions.Sql(positions)} AS rated,")
            .Add("ranges AS (SELECT * FROM format(RowBinary, 'number Int32, customer_ref String, product_ref String,")
            .Add($"from_window Int32, to_window Int32', unhex('{Hex(ranges)}'))),")
            .Add(Wanted, account.Value)
            .Add(
                $"""
                picked AS (
                    SELECT partition, series,
                        roundDown(t.window, CAST([{string.Join(',', boundaries)}], 'Array(Int32)')) AS bucket,
                        sum(toInt256(t.sum)) AS s, sum(t.count) AS c,
                        countIf(t.position >= rated[t.partition + 1]) AS past
                    FROM totals AS t FINAL
                    WHERE t.window >= {boundaries[0]} AND t.window < {boundaries[^1]}
                        AND (partition, series) IN (SELECT partition, id FROM wanted)
                    GROUP BY partition, series, bucket)
                """)
            .Add(Lines);
    }

    static string Hex(List<TotalsRange> ranges)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        foreach (var range in ranges)
        {
            writer.Write(range.Number);
            Write(writer, range.CustomerRef);
            Write(writer, range.ProductRef);
            writer.Write(UsageWindow.Of(range.FromMs));
            writer.Write(UsageWindow.Of(range.ToMs));
        }

        return Convert.ToHexString(bytes.GetBuffer().AsSpan(0, checked((int)bytes.Length)));
    }

    static void Write(BinaryWriter writer, string text)
    {
        var bytes = Strict.GetBytes(text);
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes);
    }
}
