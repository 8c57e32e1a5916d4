using System.Runtime.InteropServices;

namespace Received.Usage.ClickHouse;

/// <summary>What of a batch goes into which table. Stored in the journal: never renumber.</summary>
enum RatedKind : byte
{
    Fates = 0,
    Names = 1,
    Series = 2,
    Totals = 3,
    Progress = 4,
}

/// <summary>A batch's rows as blocks of the tables, in the order of <see cref="RatedKind"/>.</summary>
sealed class RatedRowsOut
{
    public static readonly IReadOnlyList<RatedKind> Kinds = Enum.GetValues<RatedKind>();

    readonly NativeBlock[] _blocks =
    [
        new(
            "fates", ("partition", "UInt16"), ("position", "UInt128"), ("account", "UInt32"), ("fate", "UInt8"),
            ("reason", "UInt8"), ("event_count", "Int32"), ("original_partition", "UInt16"), ("original", "UInt128")),
        new(
            "names", ("partition", "UInt16"), ("account", "UInt32"), ("kind", "UInt8"), ("ref", "String"),
            ("name", "String"), ("position", "UInt128"), ("time_ms", "Int64")),
        new(
            "series", ("partition", "UInt16"), ("id", "UInt128"), ("account", "UInt32"), ("customer_ref", "String"),
            ("product_ref", "String"), ("currency", "String"), ("entity_ref", "String"), ("rank", "UInt128")),
        new(
            "totals", ("partition", "UInt16"), ("series", "UInt128"), ("window", "Int32"), ("position", "UInt128"),
            ("sum", "Int128"), ("count", "Int64"), ("min", "Int128"), ("max", "Int128"), ("last", "Int128"),
            ("last_at_ms", "Int64")),
        new(
            "progress", ("partition", "UInt16"), ("kind", "UInt8"), ("producer_id", "UInt64"),
            ("position", "UInt128"), ("last_checksum", "UInt64"), ("log_time_ms", "Int64"), ("keys_next", "Int64"),
            ("keys_log_time_ms", "Int64"), ("last_number", "Int64"), ("seen_bits", "UInt64")),
    ];

    public static string Insert(RatedKind kind) => Statements[(int)kind];

    static readonly string[] Statements = [.. new RatedRowsOut()._blocks.Select(block => block.Insert)];

    /// <summary>The batch's block of that kind; valid until the next.</summary>
    public NativeBlock Fill(RatedKind kind, RatedBatch batch)
    {
        var block = _blocks[(int)kind];
        block.Clear();
        switch (kind)
        {
            case RatedKind.Fates: Fates(block, batch); break;
            case RatedKind.Names: Names(block, batch); break;
            case RatedKind.Series: Series(block, batch); break;
            case RatedKind.Totals: Totals(block, batch); break;
            case RatedKind.Progress: Progress(block, batch); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind));
        }

        return block;
    }

    static void Fates(NativeBlock to, RatedBatch batch)
    {
        foreach (var row in batch.Fates)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, Positions.Of(row.Generation, row.Offset, row.Index));
            to.Set(2, row.Account.Value);
            to.Set(3, (byte)row.Fate);
            to.Set(4, (byte)row.Reason);
            to.Set(5, row.EventCount);
            to.Set(6, row.Original is { } of ? of.Partition.Value : (ushort)0);
            to.Set(7, row.Original is { } original ? Positions.Of(original) : UInt128.Zero);
            to.EndRow();
        }
    }

    static void Names(NativeBlock to, RatedBatch batch)
    {
        foreach (var row in batch.Names)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Account.Value);
            to.Set(2, (byte)row.Kind);
            to.Set(3, row.Ref);
            to.Set(4, row.Name);
            to.Set(5, Positions.Of(row.Generation, row.Offset, row.Index));
            to.Set(6, row.TimeMs);
            to.EndRow();
        }
    }

    static void Series(NativeBlock to, RatedBatch batch)
    {
        var rank = SeriesRank(Positions.Of(batch.Progress.Generation, batch.Progress.Next));
        foreach (var row in batch.Series)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Id);
            to.Set(2, row.Account.Value);
            to.Set(3, row.CustomerRef);
            to.Set(4, row.ProductRef);
            to.Set(5, row.Currency);
            to.Set(6, row.EntityRef);
            to.Set(7, rank);
            to.EndRow();
        }
    }

    /// <summary>Of the progress that a series came with: the earlier, the higher, since the highest is kept.</summary>
    public static UInt128 SeriesRank(UInt128 progress) => UInt128.MaxValue - progress;

    static void Totals(NativeBlock to, RatedBatch batch)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(batch.Totals))
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, row.Series);
            to.Set(2, row.Window);
            to.Set(3, Positions.Of(row.Generation, row.Offset, row.Index));
            to.Set(4, row.Sum);
            to.Set(5, row.Count);
            to.Set(6, row.Min);
            to.Set(7, row.Max);
            to.Set(8, row.Last);
            to.Set(9, row.LastAtMs);
            to.EndRow();
        }
    }

    static void Progress(NativeBlock to, RatedBatch batch)
    {
        var progress = batch.Progress;
        Row(0, 0, progress.LogTimeMs);
        to.Set(4, progress.LastChecksum);
        to.Set(6, progress.KeysNext);
        to.Set(7, progress.KeysLogTimeMs);
        to.Set(8, 0L);
        to.Set(9, 0UL);
        foreach (var row in batch.Producers)
        {
            Row(1, row.ProducerId, row.LogTimeMs);
            to.Set(4, 0UL);
            to.Set(6, 0L);
            to.Set(7, 0L);
            to.Set(8, row.LastNumber);
            to.Set(9, row.SeenBits);
        }

        void Row(byte kind, ulong producer, long logTimeMs)
        {
            to.Set(0, batch.Partition.Value);
            to.Set(1, kind);
            to.Set(2, producer);
            to.Set(3, Positions.Of(progress.Generation, progress.Next));
            to.Set(5, logTimeMs);
            to.EndRow();
        }
    }
}
