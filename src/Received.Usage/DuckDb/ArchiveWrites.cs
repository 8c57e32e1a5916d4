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

            // Once for what needs a query, once for the rows: decoding a frame again costs a fiftieth of writing it.
            var before = Intern(session, fresh);
            AppendAll(session, fresh, before);
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

    /// <summary>Makes the names of all frames known.</summary>
    /// <returns>What was accepted before each batch: made backwards from its progress, so that it does not depend on
    /// what was stored.</returns>
    long[] Intern(DuckDbSession session, List<(ArchiveBatch Batch, long From)> fresh)
    {
        var before = new long[fresh.Count];
        names.Begin();
        for (var i = 0; i < before.Length; i++)
        {
            var (batch, from) = fresh[i];
            before[i] = batch.Progress.Accepted;
            foreach (var frame in batch.Frames)
            {
                before[i] -= frame.EventCount;
                if (frame.Offset >= from && frame.Events is { } events) names.Meet(events);
            }
        }

        names.Intern(session);
        return before;
    }

    void AppendAll(DuckDbSession session, List<(ArchiveBatch Batch, long From)> fresh, long[] before)
    {
        using var frames = session.Append("frames", Schema.Archive);
        using var rows = session.Append("events", Schema.Archive);
        for (var i = 0; i < before.Length; i++)
        {
            var (batch, from) = fresh[i];
            var accepted = before[i];
            foreach (var frame in batch.Frames)
            {
                accepted += frame.EventCount;
                if (frame.Offset < from) continue;
                AppendFrame(frames, batch, frame, accepted);
                if (frame.Events is { } events) AppendEvents(rows, batch, frame.Offset, events);
            }
        }

        frames.Finish();
        rows.Finish();
    }

    static void WriteProgress(DuckDbSession session, ArchiveProgress progress) => session.Execute(
        MergeProgress, progress.Partition.Value, progress.Generation, progress.Next, progress.LastChecksum,
        progress.Accepted, progress.UnknownFrames);

    void AppendFrame(DuckDbAppender to, ArchiveBatch batch, in ArchivedFrame frame, long accepted)
    {
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
