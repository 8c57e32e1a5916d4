using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Law 3's figures from their three sources. Each partition at the progress that was read before its totals; those
/// whose totals were past it are read again, alone. Fates and the archive's sum below a progress never change.
/// </summary>
sealed class AuditSelect(ClickHouseLink link, ArchiveReads archive, ExactReads exact)
{
    public async ValueTask<IReadOnlyList<AuditLine>> ReadAsync(LogIdentity log, CancellationToken cancellation)
    {
        var (rated, counted) = await CountedAsync(log.PartitionCount, cancellation);
        var fates = await FatesAsync(rated, cancellation);
        var accepted = await AcceptedAsync(rated, cancellation);
        var archived = await archive.ProgressAsync(cancellation);
        var lines = new List<AuditLine>();
        for (var i = 0; i < log.PartitionCount; i++)
        {
            var partition = new PartitionId((ushort)i);
            var progress = rated[i].Progress ?? new(partition, log.Generation, 0, 0, 0);
            long Of(Fate fate) => fates.GetValueOrDefault((partition, fate, ParkReason.None)).Events;
            lines.Add(new(
                progress, counted[i], Of(Fate.Duplicate), Of(Fate.Conflict), Of(Fate.Voided),
                fates.Where(f => f.Key.Partition == partition && f.Key.Fate == Fate.Parked)
                    .ToDictionary(f => f.Key.Reason, f => f.Value.Events),
                fates.GetValueOrDefault((partition, Fate.Parked, ParkReason.HeaderCorrupt)).Rows,
                progress.Next == 0 ? 0 : accepted.TryGetValue(partition, out var sum) ? sum : null,
                archived.TryGetValue(partition, out var known) ? known : new(partition, log.Generation, 0, 0, 0, 0)));
        }

        return lines;
    }

    async ValueTask<(Rated[] Rated, long[] Counted)> CountedAsync(int partitions, CancellationToken cancellation)
    {
        var rated = new Rated[partitions];
        var counted = new long[partitions];
        var open = Enumerable.Range(0, partitions).ToHashSet();
        for (var attempt = exact.Begin(); ;)
        {
            foreach (var (at, progress) in await ProgressAsync(open, cancellation)) rated[at] = progress;
            var behind = new HashSet<int>();
            var sql = new SqlCall("SELECT partition, sum(t.count), max(t.position) FROM totals AS t FINAL")
                .Add($"WHERE partition IN ({string.Join(',', open)}) GROUP BY partition");
            await using (var rows = await link.QueryAsync(sql, cancellation))
            {
                while (await rows.NextAsync())
                {
                    for (var i = 0; i < rows.Count; i++)
                    {
                        var at = rows.Value<ushort>(0, i);
                        counted[at] = rows.Value<long>(1, i);
                        if (rows.Value<UInt128>(2, i) >= rated[at].Position) behind.Add(at);
                    }
                }
            }

            if (behind.Count == 0) return (rated, counted);
            open = behind;
            await attempt.AgainAsync(open.Select(at => new PartitionId((ushort)at)), cancellation);
        }
    }

    async ValueTask<List<(int At, Rated Rated)>> ProgressAsync(
        HashSet<int> partitions, CancellationToken cancellation)
    {
        var found = new List<(int, Rated)>();
        var sql = new SqlCall(
            """
            SELECT partition, position, last_checksum, log_time_ms, keys_next, keys_log_time_ms FROM progress FINAL
            """)
            .Add($"WHERE kind = 0 AND partition IN ({string.Join(',', partitions)})");
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var at = rows.Value<ushort>(0, i);
                var position = rows.Value<UInt128>(1, i);
                found.Add((at, new(position, new RatedProgress(
                    new(at), Positions.Generation(position), Positions.Offset(position), rows.Value<ulong>(2, i),
                    rows.Value<long>(3, i), rows.Value<long>(4, i), rows.Value<long>(5, i)))));
            }
        }

        return found;
    }

    async ValueTask<Dictionary<(PartitionId Partition, Fate Fate, ParkReason Reason), (long Events, long Rows)>>
        FatesAsync(Rated[] rated, CancellationToken cancellation)
    {
        // A reason says more only of what is parked.
        var sql = new SqlCall(
            $"""
            WITH {Positions.Sql(rated.Select(r => r.Position))} AS rated
            SELECT partition, fate, if(fate = {(byte)Fate.Parked}, reason, 0) AS why, sum(event_count), toInt64(count())
            FROM fates FINAL WHERE position < rated[partition + 1] GROUP BY partition, fate, why
            """);
        var sums = new Dictionary<(PartitionId, Fate, ParkReason), (long, long)>();
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                sums.Add(
                    (new(rows.Value<ushort>(0, i)), (Fate)rows.Value<byte>(1, i), (ParkReason)rows.Value<byte>(2, i)),
                    (rows.Value<long>(3, i), rows.Value<long>(4, i)));
            }
        }

        return sums;
    }

    /// <summary>The archive's running sum at exactly the rated position.</summary>
    async ValueTask<Dictionary<PartitionId, long>> AcceptedAsync(Rated[] rated, CancellationToken cancellation)
    {
        var sums = new Dictionary<PartitionId, long>();
        var last = rated.Where(r => r.Progress is { Next: > 0 }).Select(r => r.Progress!.Value)
            .Select(p => $"({p.Partition}, {p.Generation}, {p.Next - 1})").ToList();
        if (last.Count == 0) return sums;
        var sql = new SqlCall(
            $"""
            SELECT partition, any(accepted) FROM frames
            WHERE (partition, generation, offset) IN ({string.Join(", ", last)}) GROUP BY partition
            """);
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
            for (var i = 0; i < rows.Count; i++) sums.Add(new(rows.Value<ushort>(0, i)), rows.Value<long>(1, i));
        return sums;
    }

    readonly record struct Rated(UInt128 Position, RatedProgress? Progress);
}
