using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Received.Model;

namespace Received.Usage;

/// <summary>
/// Law 5: all that rating wrote as text lines, the same from every store. Fields are separated by a space; text is
/// quoted, with \" \\ and \uXXXX (four hex digits, lower case) for control characters; ids and checksums are hex of
/// fixed length; numbers are plain decimal integers, quantities scaled by 10^12; a position is
/// generation/partition/offset/index. Partitions ascend; within one the lines are, each kind in the order of its key
/// (text by UTF-8 bytes):
/// <code>
/// progress {partition} {generation} {next} {last checksum} {log time ms} {keys next} {keys log time ms}
/// series {partition} {id} {account} "{customer}" "{product}" "{currency}" "{entity}"
/// total {partition} {series} {window} {sum} {count} {min} {max} {last} {last at ms} {position}
/// fate {position} {account} {fate} {reason} {event count} {original position or -}
/// name {partition} {account} {kind} "{ref}" "{name}" {position} {time ms}
/// producer {partition} {id} {last number} {seen bits} {log time ms}
/// </code>
/// Nothing of a store's own (insertion order, how writes were batched) shows.
/// </summary>
static class RatedText
{
    public static string Line(RatedProgress row) => Invariant(
        $"progress {row.Partition} {row.Generation} {row.Next} {row.LastChecksum:x16} {row.LogTimeMs} "
        + $"{row.KeysNext} {row.KeysLogTimeMs}");

    public static string Line(PartitionId partition, SeriesRow row) => Invariant(
        $"series {partition} {row.Id:x32} {row.Account} {Quoted(row.CustomerRef)} {Quoted(row.ProductRef)} "
        + $"{Quoted(row.Currency)} {Quoted(row.EntityRef)}");

    public static string Line(PartitionId partition, in TotalRow row) => Invariant(
        $"total {partition} {row.Series:x32} {row.Window} {row.Sum} {row.Count} {row.Min} {row.Max} {row.Last} "
        + $"{row.LastAtMs} {new LogPosition(row.Generation, partition, row.Offset, row.Index)}");

    public static string Line(PartitionId partition, in FateRow row) => Invariant(
        $"fate {new LogPosition(row.Generation, partition, row.Offset, row.Index)} {row.Account} {(byte)row.Fate} "
        + $"{(byte)row.Reason} {row.EventCount} {row.Original?.ToString() ?? "-"}");

    public static string Line(PartitionId partition, in NameRow row) => Invariant(
        $"name {partition} {row.Account} {(byte)row.Kind} {Quoted(row.Ref)} {Quoted(row.Name)} "
        + $"{new LogPosition(row.Generation, partition, row.Offset, row.Index)} {row.TimeMs}");

    public static string Line(PartitionId partition, in ProducerRow row) => Invariant(
        $"producer {partition} {row.ProducerId:x16} {row.LastNumber} {row.SeenBits:x16} {row.LogTimeMs}");

    static string Invariant(ref DefaultInterpolatedStringHandler text) => text.ToStringAndClear();

    static string Quoted(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (c < ' ') quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}
