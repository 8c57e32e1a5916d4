using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Identities in a table ordered by partition and identity, five days of log time a partition of it. Goal: bulk
/// look-ups that read a few granules, a partition's keys as one ordered scan, old ones taken out by whole parts.
/// Invariant: an add is on the server's disk when it returns; an entry goes only when its log partition has said that
/// it may, by the callers' log time, never by anyone's clock, and five days when all that have entries in them have.
/// Adding again makes the same rows, which merge.
/// </summary>
public sealed class ClickHouseKeyIndex : IKeyIndex
{
    /// <summary>Log time of a partition of the table, five days: what is dropped at once.</summary>
    const long SpanMs = 5 * 86_400_000L;

    /// <summary>Identities of one look-up; their hex is the text of the query, 32 bytes each.</summary>
    const int FindMax = 20_000;

    readonly ClickHouseLink _link;
    readonly ClickHouseSchema _schema;
    readonly ILogger _logger;
    readonly ConcurrentDictionary<PartitionId, long> _expired = new();
    readonly ConcurrentBag<NativeBlock> _blocks = [];

    ClickHouseKeyIndex(ClickHouseOptions options, TimeProvider time, ILogger logger)
    {
        _link = new(options);
        _logger = logger;
        _schema = new(_link, time, logger);
    }

    /// <summary>Makes the tables where they are missing.</summary>
    /// <exception cref="StoreUnavailableException">The message says what to look at.</exception>
    public static async ValueTask<ClickHouseKeyIndex> OpenAsync(
        ClickHouseOptions options, TimeProvider? time = null, ILogger<ClickHouseKeyIndex>? logger = null,
        CancellationToken cancellation = default)
    {
        var index = new ClickHouseKeyIndex(
            options, time ?? TimeProvider.System, logger ?? NullLogger<ClickHouseKeyIndex>.Instance);
        try
        {
            await index._schema.ApplyAsync(cancellation);
            return index;
        }
        catch
        {
            await index.DisposeAsync();
            throw;
        }
    }

    public async ValueTask FindAsync(
        PartitionId partition, ReadOnlyMemory<UInt128> identities, long notBeforeMs, Memory<KeyEntry> found,
        CancellationToken cancellation = default)
    {
        found.Span[..identities.Length].Clear();
        for (var start = 0; start < identities.Length; start += FindMax)
        {
            var count = Math.Min(FindMax, identities.Length - start);
            await FindSomeAsync(
                partition, identities.Slice(start, count), notBeforeMs, found.Slice(start, count), cancellation);
        }
    }

    public async ValueTask AddAsync(IReadOnlyList<KeyBatch> batches, CancellationToken cancellation = default)
    {
        if (!_blocks.TryTake(out var block))
        {
            block = new(
                "keys", ("partition", "UInt16"), ("identity", "UInt128"), ("event_hash", "UInt64"),
                ("generation", "UInt16"), ("offset", "Int64"), ("place", "Int32"), ("log_time_ms", "Int64"));
        }

        try
        {
            block.Clear();
            foreach (var batch in batches) Add(block, batch.Partition, batch.Entries.Span);
            await _link.InsertAsync(block, cancellation);
        }
        finally
        {
            _blocks.Add(block);
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<KeyEntry>> StreamAsync(
        PartitionId partition, long notBeforeMs, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var sql = new SqlCall("SELECT identity, event_hash, generation, offset, place, log_time_ms FROM keys")
            .Add("WHERE partition = {0}", partition.Value).Add("AND log_time_ms >= {0}", notBeforeMs);
        await using var rows = await _link.QueryAsync(sql, cancellation);
        var chunk = Array.Empty<KeyEntry>();
        while (await rows.NextAsync())
        {
            if (chunk.Length < rows.Count) chunk = new KeyEntry[rows.Count];
            for (var i = 0; i < rows.Count; i++) chunk[i] = Entry(rows, i);
            yield return chunk.AsMemory(0, rows.Count);
        }
    }

    /// <summary>
    /// Costs a query in five days and partition. An idle partition holds the spans back in which it has entries: that
    /// takes room and changes no answer.
    /// </summary>
    public async ValueTask ExpireAsync(
        PartitionId partition, long beforeMs, CancellationToken cancellation = default)
    {
        // Whole spans that lie before the bound.
        var span = beforeMs / SpanMs;
        if (span <= _expired.GetValueOrDefault(partition)) return;
        var block = new NativeBlock(
            "key_horizons", ("partition", "UInt16"), ("before_ms", "Int64"), ("version", "UInt64"));
        block.Set(0, partition.Value);
        block.Set(1, beforeMs);
        block.Set(2, (ulong)beforeMs);
        block.EndRow();
        await _link.InsertAsync(block, cancellation);
        await DropAsync(span, cancellation);
        _expired[partition] = span;
    }

    public ValueTask DisposeAsync()
    {
        _link.Dispose();
        return default;
    }

    static void Add(NativeBlock block, PartitionId partition, ReadOnlySpan<KeyEntry> entries)
    {
        block.Block<ushort>(0, entries.Length).Fill(partition.Value);
        var identity = block.Block<UInt128>(1, entries.Length);
        var eventHash = block.Block<ulong>(2, entries.Length);
        var generation = block.Block<ushort>(3, entries.Length);
        var offset = block.Block<long>(4, entries.Length);
        var place = block.Block<int>(5, entries.Length);
        var logTimeMs = block.Block<long>(6, entries.Length);
        for (var i = 0; i < entries.Length; i++)
        {
            ref readonly var entry = ref entries[i];
            identity[i] = entry.Identity;
            eventHash[i] = entry.EventHash;
            generation[i] = entry.Generation;
            offset[i] = entry.Offset;
            place[i] = entry.Index;
            logTimeMs[i] = entry.LogTimeMs;
        }

        block.Advance(entries.Length);
    }

    async ValueTask FindSomeAsync(
        PartitionId partition, ReadOnlyMemory<UInt128> identities, long notBeforeMs, Memory<KeyEntry> found,
        CancellationToken cancellation)
    {
        var sql = new SqlCall("SELECT identity, event_hash, generation, offset, place, log_time_ms FROM keys")
            .Add("WHERE partition = {0}", partition.Value).Add("AND log_time_ms >= {0}", notBeforeMs)
            .Add($"AND identity IN (SELECT id FROM format(RowBinary, 'id UInt128', unhex('{Hex(identities.Span)}')))");
        var earliest = new Dictionary<UInt128, KeyEntry>();
        await using (var rows = await _link.QueryAsync(sql, cancellation))
        {
            while (await rows.NextAsync())
            {
                for (var i = 0; i < rows.Count; i++)
                {
                    var entry = Entry(rows, i);
                    if (!earliest.TryGetValue(entry.Identity, out var known) || Compare(entry, known) < 0)
                        earliest[entry.Identity] = entry;
                }
            }
        }

        for (var i = 0; i < identities.Length; i++)
            found.Span[i] = earliest.GetValueOrDefault(identities.Span[i]);
    }

    static int Compare(in KeyEntry left, in KeyEntry right) =>
        (left.Generation, left.Offset, left.Index).CompareTo((right.Generation, right.Offset, right.Index));

    /// <summary>Our own hashes as bytes, so that the query has one constant however many they are.</summary>
    static string Hex(ReadOnlySpan<UInt128> identities) =>
        Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(identities));

    static KeyEntry Entry(NativeRows rows, int i) => new(
        rows.Value<UInt128>(0, i), rows.Value<ulong>(1, i), rows.Value<ushort>(2, i), rows.Value<long>(3, i),
        rows.Value<int>(4, i), rows.Value<long>(5, i));

    /// <summary>
    /// Takes the entries out of the spans before that one in which only partitions have entries that have allowed it.
    /// By the names of those, never the span as a whole: another partition, far behind in log time, may add entries to
    /// it between the look and the delete. An older entry that comes back afterwards is one that no look-up finds.
    /// </summary>
    async ValueTask DropAsync(long span, CancellationToken cancellation)
    {
        var spans = await AllowedAsync(span, cancellation);
        var table = _link.IsCluster ? $"keys_local {SchemaText.OnCluster(_link.Cluster)}" : "keys";
        foreach (var (old, partitions) in spans)
        {
            var which = string.Create(
                CultureInfo.InvariantCulture,
                $"IN PARTITION {old} WHERE partition IN ({string.Join(", ", partitions)})");
            // All rows of a part go, so that none is written anew; waited for, so that a next look finds none of them.
            await _link.ExecuteAsync(
                $"ALTER TABLE {table} DELETE {which} SETTINGS mutations_sync = 1", cancellation);
        }

        if (spans.Count > 0) ClickHouseMessages.KeysDropped(_logger, spans.Count);
    }

    /// <summary>The spans before that one that may go, oldest first, and the partitions that have entries in
    /// them.</summary>
    async ValueTask<List<(long Span, List<ushort> Partitions)>> AllowedAsync(
        long span, CancellationToken cancellation)
    {
        var sql = new SqlCall(
            $"""
            SELECT k.span AS span, k.partition AS partition, h.before_ms AS before_ms FROM
                (SELECT DISTINCT intDiv(log_time_ms, {SpanMs}) AS span, partition FROM keys
            """);
        sql.Add("WHERE log_time_ms < {0}) k", span * SpanMs);
        sql.Add("LEFT JOIN (SELECT partition, before_ms FROM key_horizons FINAL) h ON h.partition = k.partition");
        sql.Add("ORDER BY span, partition");
        var found = new SortedDictionary<long, List<ushort>>();
        var heldBack = new HashSet<long>();
        await using var rows = await _link.QueryAsync(sql, cancellation);
        while (await rows.NextAsync())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var old = rows.Value<long>(0, i);
                if (rows.Value<long>(2, i) < (old + 1) * SpanMs) heldBack.Add(old);
                if (!found.TryGetValue(old, out var partitions)) found.Add(old, partitions = []);
                partitions.Add(rows.Value<ushort>(1, i));
            }
        }

        return [.. found.Where(one => !heldBack.Contains(one.Key)).Select(one => (one.Key, one.Value))];
    }
}
