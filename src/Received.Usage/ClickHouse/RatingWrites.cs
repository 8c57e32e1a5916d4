using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Writes what rating made: the batch whole to the journal, then its rows, then its progress, each step durable before
/// the next. The journal's insert is one block into a table without partitions, which the engine makes visible whole or
/// not at all: it is the commit. What a crash leaves after it, <see cref="RollForwardAsync"/> finishes, so rows past a
/// progress are never there for good: they could not be turned back, since merges drop older rows.
/// Rows carry their position: late owners and repeats change nothing. Invariant: the newest entry of the journal holds
/// all changes from a progress that is wholly in the tables up to its own.
/// </summary>
sealed class RatingWrites(ClickHouseLink link, ILogger logger)
{
    const string Journal = "INSERT INTO journal (partition, kind, position, payload) FORMAT Native";

    readonly ConcurrentBag<Buffers> _buffers = [];

    public async ValueTask WriteAsync(IReadOnlyList<RatedBatch> batches, CancellationToken cancellation)
    {
        if (batches.Count == 0) return;
        if (!_buffers.TryTake(out var buffers)) buffers = new();
        try
        {
            buffers.Fill(batches);
            await link.InsertAsync(Journal, [buffers.Journal.WrittenMemory], cancellation);
            await ApplyAsync(kind => buffers.Blocks(kind), cancellation);
        }
        finally
        {
            _buffers.Add(buffers);
        }
    }

    /// <summary>Writes the partition's newest entry of the journal, if its progress is not there yet.</summary>
    /// <returns>Whether anything was written.</returns>
    public async ValueTask<bool> RollForwardAsync(PartitionId partition, CancellationToken cancellation)
    {
        var sql = new SqlCall("SELECT kind, payload FROM journal").Add("WHERE partition = {0}", partition.Value)
            .Add("AND position = (SELECT max(position) FROM journal WHERE partition = {0})", partition.Value)
            .Add("AND position > (SELECT max(position) FROM progress WHERE kind = 0 AND partition = {0})",
                partition.Value);
        var payloads = RatedRowsOut.Kinds.ToDictionary(kind => kind, _ => new List<ReadOnlyMemory<byte>>());
        var found = 0;
        await using (var rows = await link.QueryAsync(sql, cancellation))
        {
            while (await rows.NextAsync())
            {
                for (var i = 0; i < rows.Count; i++, found++)
                {
                    var payload = rows.Bytes(1, i);
                    // Two owners may have come to the same position: the rows of both are right.
                    if (payload.Length > 0) payloads[(RatedKind)rows.Value<byte>(0, i)].Add(payload.ToArray());
                }
            }
        }

        if (found == 0) return false;
        await ApplyAsync(kind => payloads[kind], cancellation);
        ClickHouseMessages.RolledForward(logger, partition.Value);
        return true;
    }

    public ValueTask WriteHeartbeatsAsync(IReadOnlyList<Heartbeat> heartbeats, CancellationToken cancellation)
    {
        var block = new NativeBlock(
            "heartbeats", ("partition", "UInt16"), ("observed_at_ms", "Int64"), ("version", "UInt64"),
            ("head", "Int64"), ("rated", "Int64"));
        foreach (var row in heartbeats)
        {
            block.Set(0, row.Partition.Value);
            block.Set(1, row.ObservedAtMs);
            block.Set(2, unchecked((ulong)row.ObservedAtMs ^ (1UL << 63)));
            block.Set(3, row.Head);
            block.Set(4, row.Rated);
            block.EndRow();
        }

        return link.InsertAsync(block, cancellation);
    }

    /// <summary>Rows first, at once, and when all are durable their progress.</summary>
    async ValueTask ApplyAsync(
        Func<RatedKind, IReadOnlyList<ReadOnlyMemory<byte>>> blocks, CancellationToken cancellation)
    {
        RatedKind[] rows = [RatedKind.Fates, RatedKind.Names, RatedKind.Series, RatedKind.Totals];
        await Task.WhenAll(rows.Select(kind => InsertAsync(kind, blocks(kind), cancellation)));
        await InsertAsync(RatedKind.Progress, blocks(RatedKind.Progress), cancellation);
    }

    Task InsertAsync(RatedKind kind, IReadOnlyList<ReadOnlyMemory<byte>> blocks, CancellationToken cancellation) =>
        link.InsertAsync(RatedRowsOut.Insert(kind), blocks, cancellation).AsTask();

    /// <summary>The bytes of one write; kept for the next, since flushes have some megabytes.</summary>
    sealed class Buffers
    {
        readonly RatedRowsOut _rows = new();
        readonly ArrayBufferWriter<byte>[] _kinds = [.. RatedRowsOut.Kinds.Select(_ => new ArrayBufferWriter<byte>())];

        readonly NativeBlock _journal = new(
            "journal", ("partition", "UInt16"), ("kind", "UInt8"), ("position", "UInt128"), ("payload", "String"));

        public ArrayBufferWriter<byte> Journal { get; } = new();

        public IReadOnlyList<ReadOnlyMemory<byte>> Blocks(RatedKind kind) =>
            _kinds[(int)kind].WrittenCount == 0 ? [] : [_kinds[(int)kind].WrittenMemory];

        public void Fill(IReadOnlyList<RatedBatch> batches)
        {
            Journal.ResetWrittenCount();
            _journal.Clear();
            foreach (var kind in _kinds) kind.ResetWrittenCount();
            foreach (var batch in batches)
            {
                if (batch.Progress.Partition != batch.Partition)
                    throw new ArgumentException("A batch's progress is of another partition.", nameof(batches));
                foreach (var kind in RatedRowsOut.Kinds) Fill(kind, batch);
            }

            _journal.WriteTo(Journal);
        }

        void Fill(RatedKind kind, RatedBatch batch)
        {
            var target = _kinds[(int)kind];
            var start = target.WrittenCount;
            var block = _rows.Fill(kind, batch);
            if (block.Rows > 0) block.WriteTo(target);
            _journal.Set(0, batch.Partition.Value);
            _journal.Set(1, (byte)kind);
            _journal.Set(2, Positions.Of(batch.Progress.Generation, batch.Progress.Next));
            // All kinds, empty ones too: together they replace those of the entry before.
            _journal.Set(3, target.WrittenSpan[start..]);
            _journal.EndRow();
        }
    }
}
