using System.Runtime.InteropServices;
using DuckDB.NET.Native;
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
        MERGE INTO archive.progress t USING given s ON t.partition = s.partition
        WHEN MATCHED THEN UPDATE
        WHEN NOT MATCHED THEN INSERT
        """;

    static readonly DuckDbColumn[] ProgressColumns =
    [
        new("partition", DuckDBType.UnsignedSmallInt), new("generation", DuckDBType.UnsignedSmallInt),
        new("next", DuckDBType.BigInt), new("last_checksum", DuckDBType.UnsignedBigInt),
        new("accepted", DuckDBType.BigInt), new("unknown_frames", DuckDBType.BigInt),
    ];

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
            var progress = ArchiveReads.Progress(session);
            var fresh = new List<(ArchiveBatch Batch, long From)>();
            foreach (var batch in batches)
            {
                var isThere = progress.TryGetValue(batch.Partition, out var stored);
                if (isThere && !batch.Progress.IsAheadOf(stored)) continue;
                fresh.Add((batch, isThere && stored.Generation == batch.Generation ? stored.Next : 0));
            }

            // Once for what needs a query, once for the rows: decoding a frame again costs a fiftieth of writing it.
            var before = Intern(session, fresh);
            AppendAll(session, fresh, before);
            WriteProgress(session, fresh);
            Commit(session);
            whole = true;
        }
        finally
        {
            // Numbers given out in a transaction that is rolled back will be given to others.
            if (!whole) names.Forget();
        }
    }

    /// <summary>
    /// Where a checkpoint comes with it, row groups stay as they are. Nothing is ever deleted from the archive's
    /// tables, and merging small row groups into larger ones, again and again up to 122,880 frames, would write each
    /// body three times and more. The setting is the instance's: a checkpoint of the totals at the same time leaves the
    /// merging of its own row groups to the next one.
    /// </summary>
    static void Commit(DuckDbSession session)
    {
        session.Execute("SET GLOBAL max_vacuum_tasks = 0");
        try
        {
            session.Commit();
        }
        finally
        {
            session.Execute("RESET GLOBAL max_vacuum_tasks");
        }
    }

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

    static void WriteProgress(DuckDbSession session, List<(ArchiveBatch Batch, long From)> fresh)
    {
        using var to = session.Append(MergeProgress, ProgressColumns);
        foreach (var (batch, _) in fresh)
        {
            var progress = batch.Progress;
            to.Set(0, progress.Partition.Value);
            to.Set(1, progress.Generation);
            to.Set(2, progress.Next);
            to.Set(3, progress.LastChecksum);
            to.Set(4, progress.Accepted);
            to.Set(5, progress.UnknownFrames);
            to.EndRow();
        }

        to.Finish();
    }

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
