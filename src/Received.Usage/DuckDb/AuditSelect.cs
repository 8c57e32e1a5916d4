using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Law 3's figures from their three sources: totals, fates, and the archive's running sum. All of it in one
/// transaction, which is one snapshot.
/// </summary>
static class AuditSelect
{
    public static IReadOnlyList<AuditLine> Read(DuckDbSession session, LogIdentity log)
    {
        session.Begin();
        var counted = Sums(session, "SELECT partition, CAST(sum(count) AS BIGINT) FROM totals GROUP BY partition");
        var unknown = Sums(
            session,
            $"""
            SELECT partition, count(*) FROM fates
            WHERE "index" = {LogPosition.WholeFrame} AND reason = {(byte)ParkReason.HeaderCorrupt} GROUP BY partition
            """);
        var accepted = Sums(
            session,
            """
            SELECT p.partition, f.accepted FROM progress p JOIN archive.frames f
            ON f.partition = p.partition AND f.generation = p.generation AND f."offset" = p.next - 1
            """);
        var fates = ReadFates(session);
        var lines = new List<AuditLine>();
        for (var i = 0; i < log.PartitionCount; i++)
        {
            var partition = new PartitionId((ushort)i);
            var rated = RatingReads.Progress(session, partition) ?? new(partition, log.Generation, 0, 0, 0);
            var archived = ArchiveReads.Progress(session, partition) ?? new(partition, log.Generation, 0, 0, 0, 0);
            long Of(Fate fate) => fates.GetValueOrDefault((partition, fate, ParkReason.None));
            lines.Add(new(
                rated, counted.GetValueOrDefault(partition), Of(Fate.Duplicate), Of(Fate.Conflict), Of(Fate.Voided),
                fates.Where(f => f.Key.Partition == partition && f.Key.Fate == Fate.Parked)
                    .ToDictionary(f => f.Key.Reason, f => f.Value),
                unknown.GetValueOrDefault(partition),
                rated.Next == 0 ? 0 : accepted.TryGetValue(partition, out var sum) ? sum : null, archived));
        }

        session.Commit();
        return lines;
    }

    static Dictionary<PartitionId, long> Sums(DuckDbSession session, string sql)
    {
        using var rows = session.Query(sql);
        var sums = new Dictionary<PartitionId, long>();
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++) sums.Add(new(rows.Column<ushort>(0)[i]), rows.Column<long>(1)[i]);
        }

        return sums;
    }

    static Dictionary<(PartitionId Partition, Fate Fate, ParkReason Reason), long> ReadFates(DuckDbSession session)
    {
        // A reason says more only of what is parked.
        using var rows = session.Query(
            $"""
            SELECT partition, fate, CASE WHEN fate = {(byte)Fate.Parked} THEN reason ELSE 0 END::UTINYINT AS why,
                CAST(sum(event_count) AS BIGINT)
            FROM fates GROUP BY partition, fate, why
            """);
        var sums = new Dictionary<(PartitionId, Fate, ParkReason), long>();
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                sums.Add(
                    (new(rows.Column<ushort>(0)[i]), (Fate)rows.Column<byte>(1)[i],
                        (ParkReason)rows.Column<byte>(2)[i]),
                    rows.Column<long>(3)[i]);
            }
        }

        return sums;
    }
}
