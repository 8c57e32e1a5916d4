using System.Runtime.InteropServices;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Archived events with their fates. Both progresses are read first: events before the archive's and fates before
/// rating's never change, so what is below them is one state, whatever is written meanwhile. A page of events is picked
/// in the table's order; its fates are looked up by position. An event that rating has passed and that has no stored
/// fate was counted.
/// </summary>
sealed class EventsSelect(ClickHouseLink link, RatingReads rating, ArchiveReads archive)
{
    const string Position =
        "bitOr(bitOr(bitShiftLeft(toUInt128(generation), 96), bitShiftLeft(toUInt128(offset), 32)), "
        + "toUInt128(toInt64(place) + 2147483648))";

    // The number of a whole frame, whose index is -1.
    const string FramePosition =
        "bitOr(bitOr(bitShiftLeft(toUInt128(generation), 96), bitShiftLeft(toUInt128(offset), 32)), "
        + "toUInt128(2147483647))";

    const string WholeFrames = "bitAnd(position, toUInt128(4294967295)) = toUInt128(2147483647)";

    const int KeyBytes = 18;

    const string Columns = """
        SELECT partition, generation, offset, place, account, CAST(customer_ref, 'String'),
            CAST(customer_name, 'String'), CAST(product_ref, 'String'), CAST(product_name, 'String'),
            CAST(currency, 'String'), CAST(entity_ref, 'String'), timestamp_ms, received_at_ms, quantity, key, data
        FROM events
        """;

    const string Order = "partition, generation, offset, place";

    public async ValueTask<IReadOnlyList<EventLine>> ReadAsync(
        EventsQuery query, int partitions, CancellationToken cancellation)
    {
        var rated = await rating.PositionsAsync(partitions, cancellation);
        var archived = await ArchivedAsync(partitions, cancellation);
        var lines = new List<EventLine>();
        // Rows that were written twice come twice until they merge, side by side: the page is filled up then.
        for (var after = query.After; lines.Count < query.Limit; after = lines[^1].Position)
        {
            var wanted = query.Limit - lines.Count;
            var sql = Begin(query.Account, archived)
                .AddText("AND customer_ref = {0}", query.CustomerRef)
                .AddText("AND product_ref = {0}", query.ProductRef)
                .AddIf("AND timestamp_ms >= {0}", query.FromMs).AddIf("AND timestamp_ms < {0}", query.ToMs);
            if (after is { } position) AddCursor(sql, position);
            if (query.Fate is { } fate) AddFate(sql, fate, query.Account, rated);
            sql.Add($"ORDER BY {Order}").Add("LIMIT {0}", wanted);
            if (await AddLinesAsync(sql, lines, cancellation) < wanted) break;
        }

        return await WithFatesAsync(lines, rated, cancellation);
    }

    public async ValueTask<EventLine?> FindAsync(
        AccountId account, LogPosition position, int partitions, CancellationToken cancellation)
    {
        var rated = await rating.PositionsAsync(partitions, cancellation);
        var sql = Begin(account, await ArchivedAsync(partitions, cancellation))
            .Add("AND partition = {0}", position.Partition.Value).Add("AND generation = {0}", position.Generation)
            .Add("AND offset = {0}", position.Offset).Add("AND place = {0}", position.Index).Add("LIMIT 1");
        var lines = new List<EventLine>();
        await AddLinesAsync(sql, lines, cancellation);
        return (await WithFatesAsync(lines, rated, cancellation)).FirstOrDefault();
    }

    async ValueTask<UInt128[]> ArchivedAsync(int partitions, CancellationToken cancellation)
    {
        var archived = new UInt128[partitions];
        foreach (var (partition, progress) in await archive.ProgressAsync(cancellation))
            archived[partition.Value] = Positions.Of(progress.Generation, progress.Next);
        return archived;
    }

    /// <summary>The account's events below the archive's progress.</summary>
    static SqlCall Begin(AccountId account, UInt128[] archived) =>
        new SqlCall($"WITH {Positions.Sql(archived)} AS archived {Columns}")
            .Add("WHERE account = {0}", account.Value).Add($"AND {FramePosition} < archived[partition + 1]");

    /// <summary>Said out so that the table's order serves.</summary>
    static void AddCursor(SqlCall sql, LogPosition after) => sql
        .Add("AND (partition > {0}", after.Partition.Value).Add("OR (partition = {0}", after.Partition.Value)
        .Add("AND (generation > {0}", after.Generation).Add("OR (generation = {0}", after.Generation)
        .Add("AND (offset > {0}", after.Offset).Add("OR (offset = {0}", after.Offset)
        .Add("AND place > {0}))))))", after.Index);

    static void AddFate(SqlCall sql, Fate fate, AccountId account, UInt128[] rated)
    {
        sql.Add($"AND {FramePosition} < {Positions.Sql(rated)}[partition + 1]");
        var not = fate == Fate.Counted ? "NOT" : "";
        var (or, only) = fate == Fate.Counted ? ("AND", "") : ("OR", "AND fate = {0}");
        sql.Add($"AND ((partition, {Position}) {not} IN (SELECT partition, position FROM fates")
            .Add("WHERE account = {0}", account.Value).Add(only + ")", (byte)fate);
        sql.Add($"{or} (partition, {FramePosition}) {not} IN (SELECT partition, position FROM fates")
            .Add($"WHERE {WholeFrames}").Add(only + "))", (byte)fate);
    }

    /// <summary>Adds the answer's lines, each once.</summary>
    /// <returns>How many rows the answer had.</returns>
    async ValueTask<int> AddLinesAsync(SqlCall sql, List<EventLine> lines, CancellationToken cancellation)
    {
        var count = 0;
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++, count++)
                if (lines.Count == 0 || lines[^1].Position != PositionOf(rows, i)) lines.Add(Line(rows, i));
        }

        return count;
    }

    async ValueTask<List<EventLine>> WithFatesAsync(
        List<EventLine> lines, UInt128[] rated, CancellationToken cancellation)
    {
        var fates = await FatesAsync(lines, cancellation);
        for (var i = 0; i < lines.Count; i++)
        {
            var (partition, position) = (lines[i].Position.Partition, Positions.Of(lines[i].Position));
            if (position >= rated[partition.Value]) continue;
            if (!fates.TryGetValue((partition, position), out var fate)
                && !fates.TryGetValue((partition, Frame(lines[i].Position)), out fate))
                fate = new(Fate.Counted, ParkReason.None, null);
            lines[i] = lines[i] with { Fate = fate.Fate, Reason = fate.Reason, Original = fate.Original };
        }

        return lines;
    }

    static UInt128 Frame(LogPosition position) => Positions.Of(position with { Index = LogPosition.WholeFrame });

    /// <summary>Of the lines and of the frames that they are in, by partition and position.</summary>
    async ValueTask<Dictionary<(PartitionId, UInt128), StoredFate>> FatesAsync(
        List<EventLine> lines, CancellationToken cancellation)
    {
        var found = new Dictionary<(PartitionId, UInt128), StoredFate>();
        if (lines.Count == 0) return found;
        var sql = new SqlCall(
            $"""
            SELECT partition, position, fate, reason, original_partition, original FROM fates
            WHERE (partition, position) IN (SELECT p, at FROM format(
                RowBinary, 'p UInt16, at UInt128', unhex('{Convert.ToHexString(Keys(lines))}')))
            """);
        await using var rows = await link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var original = rows.Value<UInt128>(5, i);
                found[(new(rows.Value<ushort>(0, i)), rows.Value<UInt128>(1, i))] = new(
                    (Fate)rows.Value<byte>(2, i), (ParkReason)rows.Value<byte>(3, i),
                    original == 0 ? null : Positions.In(new(rows.Value<ushort>(4, i)), original));
            }
        }

        return found;
    }

    static byte[] Keys(List<EventLine> lines)
    {
        var bytes = new byte[lines.Count * 2 * KeyBytes];
        var rest = bytes.AsSpan();
        foreach (var line in lines)
        {
            foreach (var position in (ReadOnlySpan<UInt128>)[Positions.Of(line.Position), Frame(line.Position)])
            {
                MemoryMarshal.Write(rest, line.Position.Partition.Value);
                MemoryMarshal.Write(rest[sizeof(ushort)..], position);
                rest = rest[KeyBytes..];
            }
        }

        return bytes;
    }

    static LogPosition PositionOf(NativeRows rows, int i) => new(
        rows.Value<ushort>(1, i), new(rows.Value<ushort>(0, i)), rows.Value<long>(2, i), rows.Value<int>(3, i));

    static EventLine Line(NativeRows rows, int i) => new(
        PositionOf(rows, i), new(rows.Value<uint>(4, i)), rows.Text(5, i), rows.Text(6, i), rows.Text(7, i),
        rows.Text(8, i),
        rows.Text(9, i), rows.Text(10, i), rows.Value<long>(11, i), rows.Value<long>(12, i),
        rows.Value<Int128>(13, i), rows.Bytes(14, i).ToArray(), rows.Bytes(15, i).ToArray(), null, ParkReason.None,
        null);

    readonly record struct StoredFate(Fate Fate, ParkReason Reason, LogPosition? Original);
}
