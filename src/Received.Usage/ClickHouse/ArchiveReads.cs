using System.Runtime.CompilerServices;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>The archive's progress, and its frames again as rating read them.</summary>
sealed class ArchiveReads(ClickHouseLink link)
{
    /// <summary>
    /// Events of a page, all in memory at once: enough that a query's fixed cost (some ms) does not show, and a frame
    /// is never larger.
    /// </summary>
    const int PageEvents = 65_536;

    const int PageFrames = 512;

    public async ValueTask<Dictionary<PartitionId, ArchiveProgress>> ProgressAsync(CancellationToken cancellation)
    {
        await using var rows = await link.QueryAsync(
            new("SELECT partition, position, last_checksum, accepted, unknown_frames FROM archive_progress FINAL"),
            cancellation);
        var found = new Dictionary<PartitionId, ArchiveProgress>();
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var partition = new PartitionId(rows.Value<ushort>(0, i));
                var position = rows.Value<UInt128>(1, i);
                found.Add(partition, new(
                    partition, Positions.Generation(position), Positions.Offset(position), rows.Value<ulong>(2, i),
                    rows.Value<long>(3, i), rows.Value<long>(4, i)));
            }
        }

        return found;
    }

    /// <summary>Pages of frames up to the progress at the beginning. The columns are used again for the next
    /// page.</summary>
    public async IAsyncEnumerable<ArchivedFrame> ReplayAsync(
        PartitionId partition, long offset, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (!(await ProgressAsync(cancellation)).TryGetValue(partition, out var progress)) yield break;
        var columns = new List<EventColumns>();
        foreach (var generation in await GenerationsAsync(partition, cancellation))
        {
            if (generation > progress.Generation) break;
            var end = generation == progress.Generation ? progress.Next : long.MaxValue;
            for (var next = offset; ;)
            {
                var frames = await FramesAsync(partition, generation, next, end, cancellation);
                if (frames.Count == 0) break;
                await EventsAsync(partition, generation, frames, columns, cancellation);
                foreach (var frame in frames) yield return frame;
                next = frames[^1].Offset + 1;
            }
        }
    }

    async ValueTask<List<ushort>> GenerationsAsync(PartitionId partition, CancellationToken cancellation)
    {
        var sql = new SqlCall("SELECT DISTINCT generation FROM frames").Add("WHERE partition = {0}", partition.Value)
            .Add("ORDER BY generation");
        await using var rows = await link.QueryAsync(sql, cancellation);
        var generations = new List<ushort>();
        while (await rows.NextAsync())
            for (var i = 0; i < rows.Count; i++) generations.Add(rows.Value<ushort>(0, i));
        return generations;
    }

    /// <summary>Frames without their events, each once.</summary>
    async ValueTask<List<ArchivedFrame>> FramesAsync(
        PartitionId partition, ushort generation, long offset, long end, CancellationToken cancellation)
    {
        var sql = new SqlCall(
            """
            SELECT offset, event_count, time_ms, producer_id, producer_number, checksum, broken FROM frames
            """).Add("WHERE partition = {0}", partition.Value).Add("AND generation = {0}", generation)
            .Add("AND offset >= {0}", offset).Add("AND offset < {0}", end)
            .Add($"ORDER BY partition, generation, offset LIMIT 1 BY offset LIMIT {PageFrames}");
        await using var rows = await link.QueryAsync(sql, cancellation);
        var frames = new List<ArchivedFrame>();
        var events = 0;
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var count = rows.Value<int>(1, i);
                if (frames.Count > 0 && events + count > PageEvents) return frames;
                events += count;
                frames.Add(new(
                    rows.Value<long>(0, i), count, rows.Value<long>(2, i), rows.Value<ulong>(3, i),
                    rows.Value<long>(4, i), rows.Value<ulong>(5, i), (ParkReason)rows.Value<byte>(6, i), null));
            }
        }

        return frames;
    }

    async ValueTask EventsAsync(
        PartitionId partition, ushort generation, List<ArchivedFrame> frames, List<EventColumns> columns,
        CancellationToken cancellation)
    {
        for (var i = 0; i < frames.Count; i++)
        {
            if (i == columns.Count) columns.Add(new());
            columns[i].Clear();
            if (frames[i].Broken == ParkReason.None) frames[i] = frames[i] with { Events = columns[i] };
        }

        var sql = new SqlCall(
            """
            SELECT offset, place, account, CAST(customer_ref, 'String'), CAST(customer_name, 'String'),
                CAST(product_ref, 'String'), CAST(product_name, 'String'), CAST(entity_ref, 'String'),
                CAST(currency, 'String'), timestamp_ms, received_at_ms, quantity, key, data FROM events
            """).Add("WHERE partition = {0}", partition.Value).Add("AND generation = {0}", generation)
            .Add("AND offset >= {0}", frames[0].Offset).Add("AND offset <= {0}", frames[^1].Offset)
            .Add("ORDER BY partition, generation, offset, place");
        await using var rows = await link.QueryAsync(sql, cancellation);
        var at = 0;
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                while (frames[at].Offset != rows.Value<long>(0, i)) at++;
                // What was written twice comes twice, side by side.
                if (frames[at].Events is { } events && rows.Value<int>(1, i) == events.Count) Add(events, rows, i);
            }
        }

        foreach (var frame in frames)
        {
            if (frame.Events is { } events && events.Count != frame.EventCount)
                throw new InvalidDataException(
                    $"The archive has {events.Count} of {frame.EventCount} events of frame "
                    + $"{partition}/{frame.Offset}.");
        }
    }

    static void Add(EventColumns events, NativeRows rows, int i)
    {
        var account = new AccountId(rows.Value<uint>(2, i));
        // Interning finds the empty assertion, which every frame's table begins with.
        events.Add(
            events.Customers.Intern(account, rows.Bytes(3, i), rows.Bytes(4, i)),
            events.Products.Intern(account, rows.Bytes(5, i), rows.Bytes(6, i)),
            events.Assertions.Intern(default, rows.Bytes(7, i), rows.Bytes(8, i)),
            rows.Value<long>(9, i), rows.Value<long>(10, i), rows.Value<Int128>(11, i), rows.Bytes(12, i),
            rows.Bytes(13, i));
    }
}
