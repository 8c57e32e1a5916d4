using System.Runtime.InteropServices;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Writes frames and their events, in one transaction with the archive's progress. An event is a row of fixed-size
/// columns, filled a block at a time; its references and names are numbers of <see cref="ArchiveNames"/>, and what
/// nobody searches by is in the <see cref="ArchiveBodies"/> of its frame.
/// </summary>
sealed class ArchiveWrites(ArchiveNames names)
{
    const string MergeProgress = """
        MERGE INTO archive.progress t USING (
            SELECT $1 AS partition, $2 AS generation, $3 AS next, $4 AS last_checksum, $5 AS accepted,
                $6 AS unknown_frames) s
        ON t.partition = s.partition
        WHEN MATCHED THEN UPDATE SET generation = s.generation, next = s.next, last_checksum = s.last_checksum,
            accepted = s.accepted, unknown_frames = s.unknown_frames
        WHEN NOT MATCHED THEN INSERT VALUES (
            s.partition, s.generation, s.next, s.last_checksum, s.accepted, s.unknown_frames)
        """;

    readonly ArchiveBodies _bodies = new();
    readonly List<int> _customers = [];
    readonly List<int> _products = [];
    readonly List<int> _assertions = [];

    public void Write(DuckDbSession session, IReadOnlyList<ArchiveBatch> batches)
    {
        var whole = false;
        try
        {
            session.Begin();
            var fresh = new List<(ArchiveBatch Batch, long From)>();
            foreach (var batch in batches)
            {
                var stored = ArchiveReads.Progress(session, batch.Partition);
                if (stored is { } there && !batch.Progress.IsAheadOf(there)) continue;
                fresh.Add((batch, FirstOf(batch, stored)));
            }

            names.Intern(session, fresh.SelectMany(Decoded));
            using (var frames = session.Append("frames", Schema.Archive))
            {
                foreach (var (batch, from) in fresh) AppendFrames(frames, batch, from);
                frames.Finish();
            }

            AppendEvents(session, fresh);
            foreach (var (batch, _) in fresh) WriteProgress(session, batch.Progress);
            session.Commit();
            whole = true;
        }
        finally
        {
            // Numbers given out in a transaction that is rolled back will be given to others.
            if (!whole) names.Forget();
        }
    }

    static long FirstOf(ArchiveBatch batch, ArchiveProgress? stored) =>
        stored is { } s && s.Generation == batch.Generation ? s.Next : 0;

    static IEnumerable<EventColumns> Decoded((ArchiveBatch Batch, long From) item) =>
        from frame in item.Batch.Frames
        where frame.Offset >= item.From && frame.Events is not null
        select frame.Events;

    static void WriteProgress(DuckDbSession session, ArchiveProgress progress) => session.Execute(
        MergeProgress, progress.Partition.Value, progress.Generation, progress.Next, progress.LastChecksum,
        progress.Accepted, progress.UnknownFrames);

    /// <summary>The running sum is made backwards from the batch's progress, so it does not depend on what was
    /// stored.</summary>
    void AppendFrames(DuckDbAppender to, ArchiveBatch batch, long from)
    {
        var accepted = batch.Progress.Accepted;
        for (var i = batch.Frames.Count - 1; i >= 0; i--)
        {
            var frame = batch.Frames[i];
            if (frame.Offset < from) break;
            to.Set(0, batch.Partition.Value);
            to.Set(1, batch.Generation);
            to.Set(2, frame.Offset);
            to.Set(3, frame.EventCount);
            to.Set(4, frame.TimeMs);
            to.Set(5, frame.ProducerId);
            to.Set(6, frame.ProducerNumber);
            to.Set(7, frame.Checksum);
            to.Set(8, (byte)frame.Broken);
            to.Set(9, accepted);
            to.SetBytes(10, frame.Events is { } events ? _bodies.Pack(events) : []);
            to.EndRow();
            accepted -= frame.EventCount;
        }
    }

    void AppendEvents(DuckDbSession session, List<(ArchiveBatch Batch, long From)> fresh)
    {
        using var to = session.Append("events", Schema.Archive);
        foreach (var (batch, from) in fresh)
        {
            foreach (var frame in batch.Frames)
            {
                if (frame.Offset >= from && frame.Events is { } events) AppendEvents(to, batch, frame.Offset, events);
            }
        }

        to.Finish();
    }

    void AppendEvents(DuckDbAppender to, ArchiveBatch batch, long offset, EventColumns events)
    {
        Number(_customers, ArchiveNames.Customer, events.Customers);
        Number(_products, ArchiveNames.Product, events.Products);
        Number(_assertions, ArchiveNames.Assertion, events.Assertions);
        for (var start = 0; start < events.Count;)
        {
            var count = Math.Min(to.Room, events.Count - start);
            to.Block<ushort>(0)[..count].Fill(batch.Partition.Value);
            to.Block<ushort>(1)[..count].Fill(batch.Generation);
            to.Block<long>(2)[..count].Fill(offset);
            var index = to.Block<int>(3);
            for (var i = 0; i < count; i++) index[i] = start + i;
            Accounts(to.Block<uint>(4)[..count], events, start);
            Translate(to.Block<int>(5)[..count], events.Customer[start..], CollectionsMarshal.AsSpan(_customers));
            Translate(to.Block<int>(6)[..count], events.Product[start..], CollectionsMarshal.AsSpan(_products));
            Translate(to.Block<int>(7)[..count], events.Assertion[start..], CollectionsMarshal.AsSpan(_assertions));
            events.TimestampMs.Slice(start, count).CopyTo(to.Block<long>(8));
            to.Advance(count);
            start += count;
        }
    }

    void Number(List<int> numbers, byte kind, NamedTable table)
    {
        numbers.Clear();
        for (var i = 0; i < table.Count; i++) numbers.Add(names.NumberOf(kind, table, i));
    }

    static void Accounts(Span<uint> target, EventColumns events, int start)
    {
        var customer = events.Customer.Slice(start, target.Length);
        for (var i = 0; i < target.Length; i++) target[i] = events.Customers.Account(customer[i]).Value;
    }

    static void Translate(Span<int> target, ReadOnlySpan<int> local, Span<int> numbers)
    {
        for (var i = 0; i < target.Length; i++) target[i] = numbers[local[i]];
    }
}
