using System.Runtime.CompilerServices;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// The lines of <see cref="RatedText"/>, each partition at one position. Progress and producers are of one part; totals
/// and names are begun anew until neither has a row past it; series and fates are those that it includes.
/// </summary>
sealed class RatedExport(ClickHouseLink link, RatingReads rating, ExactReads exact)
{
    public async IAsyncEnumerable<string> ReadAsync(
        int partitions, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var i = 0; i < partitions; i++)
        {
            var partition = new PartitionId((ushort)i);
            await foreach (var line in PartitionAsync(partition, cancellation)) yield return line;
        }
    }

    async IAsyncEnumerable<string> PartitionAsync(
        PartitionId partition, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var start = await OpenAsync(partition, cancellation);
        if (start is null) yield break;
        await using var totals = start.Totals;
        yield return RatedText.Line(start.Progress);
        await foreach (var line in SeriesAsync(partition, start.Position, cancellation)) yield return line;
        for (var more = start.HasTotals; more; more = await totals.NextAsync())
        {
            for (var i = 0; i < totals.Count; i++)
                yield return RatedText.Line(partition, RatingReads.Total(totals, i));
        }

        await foreach (var line in FatesAsync(partition, start.Position, cancellation)) yield return line;
        foreach (var line in start.Names) yield return line;
        foreach (var producer in start.Producers) yield return RatedText.Line(partition, producer);
    }

    /// <summary>A progress, and totals and names of exactly it; null where nothing is rated.</summary>
    async ValueTask<Start?> OpenAsync(PartitionId partition, CancellationToken cancellation)
    {
        for (var attempt = exact.Begin(); ;)
        {
            var (progress, producers) = await rating.ProgressAsync(partition, cancellation);
            if (progress is not { } at) return null;
            var position = Positions.Of(at.Generation, at.Next);
            var totals = await link.QueryAsync(TotalsSql(partition, position), cancellation);
            var ready = false;
            try
            {
                var more = await totals.NextAsync();
                if ((!more || totals.Value<ulong>(9, 0) == 0)
                    && await NamesAsync(partition, position, cancellation) is { } names)
                {
                    ready = true;
                    return new(at, position, producers, names, totals, more);
                }
            }
            finally
            {
                if (!ready) await totals.DisposeAsync();
            }

            await attempt.AgainAsync([partition], cancellation);
        }
    }

    /// <summary>The last column counts rows past the progress: of the same moment as the rows, and on each.</summary>
    static SqlCall TotalsSql(PartitionId partition, UInt128 position) => new SqlCall(
        $"""
        SELECT {RatingReads.TotalColumns}, assumeNotNull((
            SELECT count() FROM totals WHERE partition = {partition} AND position >= {Positions.Sql(position)})) AS past
        FROM totals FINAL WHERE partition = {partition} ORDER BY series, window
        """);

    /// <summary>Null where one is past the progress. Held in memory: a name for each reference.</summary>
    async ValueTask<List<string>?> NamesAsync(
        PartitionId partition, UInt128 position, CancellationToken cancellation)
    {
        var sql = new SqlCall("SELECT account, kind, ref, name, position, time_ms FROM names FINAL")
            .Add("WHERE partition = {0}", partition.Value).Add("ORDER BY account, kind, ref");
        var lines = new List<string>();
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var at = rows.Value<UInt128>(4, i);
                if (at >= position) return null;
                lines.Add(RatedText.Line(partition, new NameRow(
                    new(rows.Value<uint>(0, i)), (NameKind)rows.Value<byte>(1, i), rows.Text(2, i), rows.Text(3, i),
                    Positions.Generation(at), Positions.Offset(at), Positions.Index(at), rows.Value<long>(5, i))));
            }
        }

        return lines;
    }

    async IAsyncEnumerable<string> SeriesAsync(
        PartitionId partition, UInt128 position, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var sql = new SqlCall(
            """
            SELECT id, account, customer_ref, product_ref, CAST(currency, 'String'), CAST(entity_ref, 'String')
            FROM series FINAL
            """)
            .Add("WHERE partition = {0}", partition.Value)
            .Add($"AND rank >= {Positions.Sql(RatedRowsOut.SeriesRank(position))} ORDER BY id");
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                yield return RatedText.Line(partition, new SeriesRow(
                    rows.Value<UInt128>(0, i), new(rows.Value<uint>(1, i)), rows.Text(2, i), rows.Text(3, i),
                    rows.Text(4, i), rows.Text(5, i)));
            }
        }
    }

    async IAsyncEnumerable<string> FatesAsync(
        PartitionId partition, UInt128 position, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var sql = new SqlCall(
            "SELECT position, account, fate, reason, event_count, original_partition, original FROM fates FINAL")
            .Add("WHERE partition = {0}", partition.Value)
            .Add($"AND position < {Positions.Sql(position)} ORDER BY position");
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var at = rows.Value<UInt128>(0, i);
                var original = rows.Value<UInt128>(6, i);
                yield return RatedText.Line(partition, new FateRow(
                    Positions.Generation(at), Positions.Offset(at), Positions.Index(at), new(rows.Value<uint>(1, i)),
                    (Fate)rows.Value<byte>(2, i), (ParkReason)rows.Value<byte>(3, i), rows.Value<int>(4, i),
                    original == 0 ? null : Positions.In(new(rows.Value<ushort>(5, i)), original)));
            }
        }
    }

    sealed record Start(
        RatedProgress Progress, UInt128 Position, IReadOnlyList<ProducerRow> Producers, List<string> Names,
        NativeRows Totals, bool HasTotals);
}
