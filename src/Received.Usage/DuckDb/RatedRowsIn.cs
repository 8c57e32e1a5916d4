using System.Runtime.InteropServices;
using DuckDB.NET.Native;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>Rows of a batch to an appender, column by column in the order of Usage.sql.</summary>
static class RatedRowsIn
{
    public static readonly DuckDbColumn[] ProgressColumns =
    [
        new("partition", DuckDBType.UnsignedSmallInt), new("generation", DuckDBType.UnsignedSmallInt),
        new("next", DuckDBType.BigInt), new("last_checksum", DuckDBType.UnsignedBigInt),
        new("log_time_ms", DuckDBType.BigInt), new("keys_next", DuckDBType.BigInt),
        new("keys_log_time_ms", DuckDBType.BigInt),
    ];

    public static readonly DuckDbColumn[] SeriesColumns =
    [
        new("partition", DuckDBType.UnsignedSmallInt), new("id", DuckDBType.UnsignedHugeInt),
        new("account", DuckDBType.UnsignedInteger), new("customer_ref", DuckDBType.Varchar),
        new("product_ref", DuckDBType.Varchar), new("currency", DuckDBType.Varchar),
        new("entity_ref", DuckDBType.Varchar),
    ];

    public static readonly DuckDbColumn[] TotalKeyColumns =
    [
        new("partition", DuckDBType.UnsignedSmallInt), new("series", DuckDBType.UnsignedHugeInt),
        new("window", DuckDBType.Integer),
    ];

    public static readonly DuckDbColumn[] TotalColumns =
    [
        .. TotalKeyColumns, new("sum", DuckDBType.HugeInt), new("count", DuckDBType.BigInt),
        new("min", DuckDBType.HugeInt), new("max", DuckDBType.HugeInt), new("last", DuckDBType.HugeInt),
        new("last_at_ms", DuckDBType.BigInt), new("generation", DuckDBType.UnsignedSmallInt),
        new("offset", DuckDBType.BigInt), new("index", DuckDBType.Integer),
    ];

    public static readonly DuckDbColumn[] NameKeyColumns =
    [
        new("partition", DuckDBType.UnsignedSmallInt), new("account", DuckDBType.UnsignedInteger),
        new("kind", DuckDBType.UnsignedTinyInt), new("ref", DuckDBType.Varchar),
    ];

    public static readonly DuckDbColumn[] NameColumns =
    [
        .. NameKeyColumns, new("name", DuckDBType.Varchar), new("generation", DuckDBType.UnsignedSmallInt),
        new("offset", DuckDBType.BigInt), new("index", DuckDBType.Integer), new("time_ms", DuckDBType.BigInt),
    ];

    public static readonly DuckDbColumn[] ProducerColumns =
    [
        new("partition", DuckDBType.UnsignedSmallInt), new("producer_id", DuckDBType.UnsignedBigInt),
        new("last_number", DuckDBType.BigInt), new("seen_bits", DuckDBType.UnsignedBigInt),
        new("log_time_ms", DuckDBType.BigInt),
    ];

    public static readonly DuckDbColumn[] HeartbeatColumns =
    [
        new("partition", DuckDBType.UnsignedSmallInt), new("head", DuckDBType.BigInt),
        new("observed_at_ms", DuckDBType.BigInt), new("rated", DuckDBType.BigInt),
    ];

    public static void Progress(DuckDbAppender to, RatedBatch batch)
    {
        var row = batch.Progress;
        to.Set(0, row.Partition.Value);
        to.Set(1, row.Generation);
        to.Set(2, row.Next);
        to.Set(3, row.LastChecksum);
        to.Set(4, row.LogTimeMs);
        to.Set(5, row.KeysNext);
        to.Set(6, row.KeysLogTimeMs);
        to.EndRow();
    }

    public static void Series(DuckDbAppender to, RatedBatch batch)
    {
        foreach (var row in batch.Series)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Id);
            to.Set(2, row.Account.Value);
            to.SetBytes(3, DuckDbSession.Utf8(row.CustomerRef));
            to.SetBytes(4, DuckDbSession.Utf8(row.ProductRef));
            to.SetBytes(5, DuckDbSession.Utf8(row.Currency));
            to.SetBytes(6, DuckDbSession.Utf8(row.EntityRef));
            to.EndRow();
        }
    }

    public static void Totals(DuckDbAppender to, RatedBatch batch)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(batch.Totals))
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Series);
            to.Set(2, row.Window);
            to.Set(3, row.Sum);
            to.Set(4, row.Count);
            to.Set(5, row.Min);
            to.Set(6, row.Max);
            to.Set(7, row.Last);
            to.Set(8, row.LastAtMs);
            to.Set(9, row.Generation);
            to.Set(10, row.Offset);
            to.Set(11, row.Index);
            to.EndRow();
        }
    }

    public static void TotalKeys(DuckDbAppender to, RatedBatch batch)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(batch.Totals))
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Series);
            to.Set(2, row.Window);
            to.EndRow();
        }
    }

    /// <param name="stored">Progress by partition: fates are immutable, and those of frames before it are
    /// there.</param>
    public static void Fates(
        DuckDbAppender to, RatedBatch batch, IReadOnlyDictionary<PartitionId, RatedProgress> stored)
    {
        stored.TryGetValue(batch.Partition, out var from);
        foreach (var row in batch.Fates)
        {
            if ((row.Generation, row.Offset).CompareTo((from.Generation, from.Next)) < 0) continue;
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Generation);
            to.Set(2, row.Offset);
            to.Set(3, row.Index);
            to.Set(4, row.Account.Value);
            to.Set(5, (byte)row.Fate);
            to.Set(6, (byte)row.Reason);
            to.Set(7, row.EventCount);
            if (row.Original is { } original)
            {
                to.Set(8, original.Partition.Value);
                to.Set(9, original.Generation);
                to.Set(10, original.Offset);
                to.Set(11, original.Index);
            }
            else
            {
                for (var column = 8; column <= 11; column++) to.SetNull(column);
            }

            to.EndRow();
        }
    }

    public static void Names(DuckDbAppender to, RatedBatch batch)
    {
        foreach (var row in batch.Names)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Account.Value);
            to.Set(2, (byte)row.Kind);
            to.SetBytes(3, DuckDbSession.Utf8(row.Ref));
            to.SetBytes(4, DuckDbSession.Utf8(row.Name));
            to.Set(5, row.Generation);
            to.Set(6, row.Offset);
            to.Set(7, row.Index);
            to.Set(8, row.TimeMs);
            to.EndRow();
        }
    }

    public static void NameKeys(DuckDbAppender to, RatedBatch batch)
    {
        foreach (var row in batch.Names)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Account.Value);
            to.Set(2, (byte)row.Kind);
            to.SetBytes(3, DuckDbSession.Utf8(row.Ref));
            to.EndRow();
        }
    }

    public static void Producers(DuckDbAppender to, RatedBatch batch)
    {
        foreach (var row in batch.Producers)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.ProducerId);
            to.Set(2, row.LastNumber);
            to.Set(3, row.SeenBits);
            to.Set(4, row.LogTimeMs);
            to.EndRow();
        }
    }

    public static void Heartbeat(DuckDbAppender to, Heartbeat row)
    {
        to.Set(0, row.Partition.Value);
        to.Set(1, row.Head);
        to.Set(2, row.ObservedAtMs);
        to.Set(3, row.Rated);
        to.EndRow();
    }
}
