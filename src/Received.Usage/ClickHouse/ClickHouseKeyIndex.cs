using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Identities in a table ordered by partition and identity, a day of log time a partition of it. Goal: bulk look-ups
/// that read a few granules, a partition's keys as one ordered scan, whole days dropped. Invariant: an add is on the
/// server's disk when it returns; a day is dropped only when every log partition that has entries in it has said that
/// it may go, by the callers' log time, never by anyone's clock. Adding again makes the same rows, which merge.
/// </summary>
public sealed class ClickHouseKeyIndex : IKeyIndex
{
    const long DayMs = 86_400_000;

    /// <summary>Identities of one look-up; their hex is the text of the query, 32 bytes each.</summary>
    const int FindMax = 20_000;

    readonly ClickHouseLink _link;
    readonly ClickHouseSchema _schema;
    readonly ILogger _logger;
    readonly ConcurrentDictionary<PartitionId, long> _expiredDays = new();

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

    public ValueTask AddAsync(IReadOnlyList<KeyBatch> batches, CancellationToken cancellation = default)
    {
        var block = new NativeBlock(
            "keys", ("partition", "UInt16"), ("identity", "UInt128"), ("event_hash", "UInt64"),
            ("generation", "UInt16"), ("offset", "Int64"), ("place", "Int32"), ("log_time_ms", "Int64"));
        foreach (var batch in batches)
        {
            var entries = batch.Entries.Span;
            block.Block<ushort>(0, entries.Length).Fill(batch.Partition.Value);
            var identity = block.Block<UInt128>(1, entries.Length);
            var eventHash = block.Block<ulong>(2, entries.Length);
            var generation = block.Block<ushort>(3, entries.Length);
            var offset = block.Block<long>(4, entries.Length);
            var index = block.Block<int>(5, entries.Length);
            var logTimeMs = block.Block<long>(6, entries.Length);
            for (var i = 0; i < entries.Length; i++)
            {
                ref readonly var entry = ref entries[i];
                identity[i] = entry.Identity;
                eventHash[i] = entry.EventHash;
                generation[i] = entry.Generation;
                offset[i] = entry.Offset;
                index[i] = entry.Index;
                logTimeMs[i] = entry.LogTimeMs;
            }

            block.Advance(entries.Length);
        }

        return _link.InsertAsync(block, cancellation);
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
    /// Costs a query a day and partition. An idle partition holds the days back in which it has entries: that takes
    /// room and changes no answer.
    /// </summary>
    public async ValueTask ExpireAsync(
        PartitionId partition, long beforeMs, CancellationToken cancellation = default)
    {
        // Whole days that lie before the bound.
        var day = beforeMs / DayMs;
        if (day <= _expiredDays.GetValueOrDefault(partition)) return;
        var block = new NativeBlock(
            "key_horizons", ("partition", "UInt16"), ("before_ms", "Int64"), ("version", "UInt64"));
        block.Set(0, partition.Value);
        block.Set(1, beforeMs);
        block.Set(2, (ulong)beforeMs);
        block.EndRow();
        await _link.InsertAsync(block, cancellation);
        await DropDaysAsync(day, cancellation);
        _expiredDays[partition] = day;
    }

    public ValueTask DisposeAsync()
    {
        _link.Dispose();
        return default;
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
    /// Days before that one which only partitions have entries in that have allowed it. An older entry that comes back
    /// afterwards is one that no look-up finds.
    /// </summary>
    async ValueTask DropDaysAsync(long day, CancellationToken cancellation)
    {
        var sql = new SqlCall(
            $"""
            SELECT k.day FROM
                (SELECT DISTINCT intDiv(log_time_ms, {DayMs}) AS day, partition FROM keys
            """);
        sql.Add("WHERE log_time_ms < {0}) k", day * DayMs);
        sql.Add("LEFT JOIN (SELECT partition, before_ms FROM key_horizons FINAL) h ON h.partition = k.partition");
        sql.Add($"GROUP BY k.day HAVING min(h.before_ms) >= (k.day + 1) * {DayMs} ORDER BY k.day");
        var days = new List<long>();
        await using (var rows = await _link.QueryAsync(sql, cancellation))
        {
            while (await rows.NextAsync())
                for (var i = 0; i < rows.Count; i++) days.Add(rows.Value<long>(0, i));
        }

        if (days.Count == 0) return;
        var drops = new StringBuilder();
        foreach (var gone in days)
        {
            drops.Append(drops.Length == 0 ? "" : ", ");
            drops.Append(CultureInfo.InvariantCulture, $"DROP PARTITION {gone}");
        }

        var table = _link.IsCluster ? $"keys_local {SchemaText.OnCluster(_link.Cluster)}" : "keys";
        await _link.ExecuteAsync($"ALTER TABLE {table} {drops}", cancellation);
        ClickHouseMessages.KeysDropped(_logger, days.Count);
    }
}
