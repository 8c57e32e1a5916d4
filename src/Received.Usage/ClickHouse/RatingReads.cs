using System.Runtime.InteropServices;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>What rating reads back when it takes a partition over, or meets a total that it does not hold in
/// memory.</summary>
sealed class RatingReads(ClickHouseLink link)
{
    /// <summary>Keys of one query, whose text has 40 bytes for each.</summary>
    const int KeysMax = 20_000;

    const int KeyBytes = 20;

    /// <summary>Null if the partition has none yet. Producers are of the same position: both are of one part.</summary>
    public async ValueTask<(RatedProgress? Progress, IReadOnlyList<ProducerRow> Producers)> ProgressAsync(
        PartitionId partition, CancellationToken cancellation)
    {
        var sql = new SqlCall(
            """
            SELECT kind, position, last_checksum, log_time_ms, producer_id, last_number, seen_bits, keys_next,
                keys_log_time_ms FROM progress FINAL
            """).Add("WHERE partition = {0}", partition.Value).Add("ORDER BY kind, producer_id");
        RatedProgress? progress = null;
        var producers = new List<ProducerRow>();
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var position = rows.Value<UInt128>(1, i);
                if (rows.Value<byte>(0, i) == 0)
                {
                    progress = new(
                        partition, Positions.Generation(position), Positions.Offset(position),
                        rows.Value<ulong>(2, i), rows.Value<long>(3, i), rows.Value<long>(7, i),
                        rows.Value<long>(8, i));
                }
                else
                {
                    producers.Add(new(
                        rows.Value<ulong>(4, i), rows.Value<long>(5, i), rows.Value<ulong>(6, i),
                        rows.Value<long>(3, i)));
                }
            }
        }

        return (progress, producers);
    }

    /// <summary>How far each partition is rated, as a position; 0 where nothing is.</summary>
    public async ValueTask<UInt128[]> PositionsAsync(int partitions, CancellationToken cancellation)
    {
        var positions = new UInt128[partitions];
        await using var rows = await link.QueryAsync(
            new("SELECT partition, max(position) FROM progress WHERE kind = 0 GROUP BY partition"), cancellation);
        while (await rows.NextAsync())
            for (var i = 0; i < rows.Count; i++) positions[rows.Value<ushort>(0, i)] = rows.Value<UInt128>(1, i);
        return positions;
    }

    /// <summary>All versions of the rows come, of which the newest counts: merges are not waited for.</summary>
    public async ValueTask TotalsAsync(
        PartitionId partition, ReadOnlyMemory<TotalKey> keys, Memory<TotalRow> found, CancellationToken cancellation)
    {
        found.Span[..keys.Length].Clear();
        var newest = new Dictionary<TotalKey, (UInt128 Position, TotalRow Row)>(keys.Length);
        for (var start = 0; start < keys.Length; start += KeysMax)
        {
            var some = keys.Slice(start, Math.Min(KeysMax, keys.Length - start));
            await using var rows = await link.QueryAsync(TotalsSql(partition, some.Span), cancellation);
            while (await rows.NextAsync())
            {
                for (var i = 0; i < rows.Count; i++)
                {
                    var row = Total(rows, i);
                    var position = rows.Value<UInt128>(2, i);
                    ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(
                        newest, new(row.Series, row.Window), out var exists);
                    if (!exists || position > slot.Position) slot = (position, row);
                }
            }
        }

        for (var i = 0; i < keys.Length; i++)
            if (newest.TryGetValue(keys.Span[i], out var row)) found.Span[i] = row.Row;
    }

    public const string TotalColumns = "series, window, position, sum, count, min, max, last, last_at_ms";

    /// <summary>A row that begins with <see cref="TotalColumns"/>.</summary>
    public static TotalRow Total(NativeRows rows, int i)
    {
        var position = rows.Value<UInt128>(2, i);
        return new(
            rows.Value<UInt128>(0, i), rows.Value<int>(1, i), rows.Value<Int128>(3, i), rows.Value<long>(4, i),
            rows.Value<Int128>(5, i), rows.Value<Int128>(6, i), rows.Value<Int128>(7, i), rows.Value<long>(8, i),
            Positions.Generation(position), Positions.Offset(position), Positions.Index(position));
    }

    public async ValueTask<IReadOnlyList<Heartbeat>> HeartbeatsAsync(CancellationToken cancellation)
    {
        await using var rows = await link.QueryAsync(
            new("SELECT partition, head, observed_at_ms, rated FROM heartbeats FINAL ORDER BY partition"),
            cancellation);
        var found = new List<Heartbeat>();
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                found.Add(new(
                    new(rows.Value<ushort>(0, i)), rows.Value<long>(1, i), rows.Value<long>(2, i),
                    rows.Value<long>(3, i)));
            }
        }

        return found;
    }

    static SqlCall TotalsSql(PartitionId partition, ReadOnlySpan<TotalKey> keys)
    {
        var bytes = new byte[keys.Length * KeyBytes];
        var (low, high) = (int.MaxValue, int.MinValue);
        for (var i = 0; i < keys.Length; i++)
        {
            var (series, window) = (keys[i].Series, keys[i].Window);
            MemoryMarshal.Write(bytes.AsSpan(i * KeyBytes), series);
            MemoryMarshal.Write(bytes.AsSpan((i * KeyBytes) + 16), window);
            (low, high) = (Math.Min(low, window), Math.Max(high, window));
        }

        return new SqlCall($"SELECT {TotalColumns} FROM totals").Add("WHERE partition = {0}", partition.Value)
            .Add("AND window >= {0}", low).Add("AND window <= {0}", high)
            .Add("AND (series, window) IN (SELECT series, window FROM")
            .Add($"format(RowBinary, 'series UInt128, window Int32', unhex('{Convert.ToHexString(bytes)}')))");
    }
}
