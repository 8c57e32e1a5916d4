using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>The archive's progress, and its frames again as rating read them.</summary>
static class ArchiveReads
{
    /// <summary>
    /// Events of a page, all in memory at once: enough that a query's fixed cost (a few ms) does not show, and a frame
    /// is never larger.
    /// </summary>
    const int PageEvents = 65_536;

    const int PageFrames = 512;

    const string EventsOfPage =
        "FROM archive.events WHERE partition = $1 AND generation = $2 AND \"offset\" BETWEEN $3 AND $4";

    /// <summary>Of every partition that has one.</summary>
    public static Dictionary<PartitionId, ArchiveProgress> Progress(DuckDbSession session)
    {
        using var rows = session.Query(
            "SELECT partition, generation, next, last_checksum, accepted, unknown_frames FROM archive.progress");
        var found = new Dictionary<PartitionId, ArchiveProgress>();
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var partition = new PartitionId(rows.Column<ushort>(0)[i]);
                found.Add(partition, new(
                    partition, rows.Column<ushort>(1)[i], rows.Column<long>(2)[i], rows.Column<ulong>(3)[i],
                    rows.Column<long>(4)[i], rows.Column<long>(5)[i]));
            }
        }

        return found;
    }

    /// <summary>Null if the partition has none yet.</summary>
    public static ArchiveProgress? Progress(DuckDbSession session, PartitionId partition) =>
        Progress(session).TryGetValue(partition, out var progress) ? progress : null;

    /// <summary>
    /// Pages of frames, each page from a snapshot of its own: archived frames never change. The columns are used again
    /// for the next page.
    /// </summary>
    public static IEnumerable<IReadOnlyList<ArchivedFrame>> Replay(
        DuckDbSession session, PartitionId partition, long offset)
    {
        var columns = new List<EventColumns>();
        var bodies = new List<byte[]>();
        foreach (var generation in Generations(session, partition))
        {
            for (var next = offset; ;)
            {
                var frames = ReadFrames(session, partition, generation, next, bodies);
                if (frames.Count == 0) break;
                ReadEvents(session, partition, generation, frames, bodies, columns);
                yield return frames;
                next = frames[^1].Offset + 1;
            }
        }
    }

    static List<ushort> Generations(DuckDbSession session, PartitionId partition)
    {
        using var rows = session.Query(
            "SELECT DISTINCT generation FROM archive.frames WHERE partition = $1 ORDER BY generation", partition.Value);
        var generations = new List<ushort>();
        while (rows.Next()) generations.AddRange(rows.Column<ushort>(0));
        return generations;
    }

    /// <summary>Frames without their events.</summary>
    /// <param name="bodies">Filled with each frame's <see cref="ArchiveBodies"/>.</param>
    static List<ArchivedFrame> ReadFrames(
        DuckDbSession session, PartitionId partition, ushort generation, long offset, List<byte[]> bodies)
    {
        bodies.Clear();
        using var rows = session.Query(
            $"""
            SELECT "offset", event_count, time_ms, producer_id, producer_number, checksum, broken, bodies
            FROM archive.frames WHERE partition = $1 AND generation = $2 AND "offset" >= $3
            ORDER BY "offset" LIMIT {PageFrames}
            """, partition.Value, generation, offset);
        var frames = new List<ArchivedFrame>();
        var events = 0;
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var count = rows.Column<int>(1)[i];
                if (frames.Count > 0 && events + count > PageEvents) return frames;
                events += count;
                bodies.Add(rows.Bytes(7, i).ToArray());
                frames.Add(new(
                    rows.Column<long>(0)[i], count, rows.Column<long>(2)[i], rows.Column<ulong>(3)[i],
                    rows.Column<long>(4)[i], rows.Column<ulong>(5)[i], (ParkReason)rows.Column<byte>(6)[i], null));
            }
        }

        return frames;
    }

    static void ReadEvents(
        DuckDbSession session, PartitionId partition, ushort generation, List<ArchivedFrame> frames,
        List<byte[]> bodies, List<EventColumns> columns)
    {
        for (var i = 0; i < frames.Count; i++)
        {
            if (i == columns.Count) columns.Add(new());
            columns[i].Clear();
            if (frames[i].Broken == ParkReason.None) frames[i] = frames[i] with { Events = columns[i] };
        }

        var (first, last) = (frames[0].Offset, frames[^1].Offset);
        var names = ReadNames(session, partition, generation, first, last);
        using var rows = session.Query(
            $"""
            SELECT "offset", customer, product, assertion, timestamp_ms
            {EventsOfPage} ORDER BY "offset", "index"
            """, partition.Value, generation, first, last);
        var at = -1;
        var local = new LocalNames(names);
        while (rows.Next())
        {
            var offsets = rows.Column<long>(0);
            for (var i = 0; i < rows.Count; i++)
            {
                if (at < 0 || frames[at].Offset != offsets[i])
                {
                    do at++;
                    while (frames[at].Offset != offsets[i]);
                    local.Start(frames[at], bodies[at]);
                }

                local.Add(rows, i);
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

    static Dictionary<int, ArchivedName> ReadNames(
        DuckDbSession session, PartitionId partition, ushort generation, long first, long last)
    {
        using var rows = session.Query(
            $"""
            SELECT num, account, ref, name FROM archive.names WHERE num IN (
                SELECT customer {EventsOfPage} UNION SELECT product {EventsOfPage}
                UNION SELECT assertion {EventsOfPage})
            """, partition.Value, generation, first, last);
        var names = new Dictionary<int, ArchivedName>();
        while (rows.Next())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                names.Add(rows.Column<int>(0)[i], new(
                    new(rows.Column<uint>(1)[i]), rows.Bytes(2, i).ToArray(), rows.Bytes(3, i).ToArray()));
            }
        }

        return names;
    }
}

sealed record ArchivedName(AccountId Account, byte[] Ref, byte[] Name);

/// <summary>From the archive's numbers back to the indices of a frame's own tables, in order of first
/// appearance.</summary>
sealed class LocalNames(Dictionary<int, ArchivedName> names)
{
    readonly Dictionary<int, int> _customers = [];
    readonly Dictionary<int, int> _products = [];
    readonly Dictionary<int, int> _assertions = [];
    readonly ArchiveBodies _bodies = new();
    EventColumns _events = new();

    /// <summary>The next events of the frame that was started.</summary>
    /// <exception cref="InvalidDataException">There are more than the frame has.</exception>
    public void Add(DuckDbRows rows, int row)
    {
        var (events, at) = (_events, _events.Count);
        if (at >= _bodies.Count) throw new InvalidDataException("The archive has an event twice.");
        events.Add(
            Index(_customers, events.Customers, rows.Column<int>(1)[row]),
            Index(_products, events.Products, rows.Column<int>(2)[row]),
            Index(_assertions, events.Assertions, rows.Column<int>(3)[row]),
            rows.Column<long>(4)[row], _bodies.ReceivedAtMs[at], _bodies.Quantity[at], _bodies.Keys[at],
            _bodies.Data[at]);
    }

    public void Start(in ArchivedFrame frame, byte[] bodies)
    {
        _events = frame.Events!;
        _bodies.Unpack(bodies, frame.EventCount);
        _customers.Clear();
        _products.Clear();
        _assertions.Clear();
    }

    int Index(Dictionary<int, int> known, NamedTable table, int number)
    {
        if (known.TryGetValue(number, out var index)) return index;
        var name = names[number];
        // Interning finds the empty assertion, which every frame's table begins with.
        index = table.Intern(name.Account, name.Ref, name.Name);
        known.Add(number, index);
        return index;
    }
}
