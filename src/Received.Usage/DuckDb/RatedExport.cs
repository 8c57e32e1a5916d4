using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Law 5: all that rating wrote as text lines, from one snapshot. Fields are separated by a space; text is quoted, with
/// \" \\ and \uXXXX (four hex digits, lower case) for control characters; ids and checksums are hex of fixed length;
/// numbers are plain decimal integers, quantities scaled by 10^12; a position is generation/partition/offset/index.
/// Partitions ascend; within one the lines are, each kind in the order of its key (text by UTF-8 bytes):
/// <code>
/// progress {partition} {generation} {next} {last checksum} {log time ms} {keys next} {keys log time ms}
/// series {partition} {id} {account} "{customer}" "{product}" "{currency}" "{entity}"
/// total {partition} {series} {window} {sum} {count} {min} {max} {last} {last at ms} {position}
/// fate {position} {account} {fate} {reason} {event count} {original position or -}
/// name {partition} {account} {kind} "{ref}" "{name}" {position} {time ms}
/// producer {partition} {id} {last number} {seen bits} {log time ms}
/// </code>
/// Nothing of the store's own (insertion order, how writes were batched) shows.
/// </summary>
static class RatedExport
{
    public static IEnumerable<IReadOnlyList<string>> Read(DuckDbSession session)
    {
        session.Begin();
        foreach (var partition in Partitions(session))
        {
            if (RatingReads.Progress(session, partition) is { } p)
                yield return [Progress(p)];
            foreach (var (sql, format) in Parts)
            {
                using var rows = session.Stream(sql, partition.Value);
                while (rows.Next())
                {
                    var page = new List<string>(rows.Count);
                    for (var i = 0; i < rows.Count; i++) page.Add(format(rows, i, partition));
                    yield return page;
                }
            }
        }

        session.Commit();
    }

    static readonly (string Sql, Func<DuckDbRows, int, PartitionId, string> Format)[] Parts =
    [
        ("""
         SELECT id, account, customer_ref, product_ref, currency,
             entity_ref FROM series WHERE partition = $1 ORDER BY id
         """, Series),
        ("""
         SELECT series, "window", sum, count, min, max, last, last_at_ms, generation, "offset", "index" FROM totals
         WHERE partition = $1 ORDER BY series, "window"
         """, Total),
        ("""
         SELECT generation, "offset", "index", account, fate, reason, event_count,
             original_generation, original_partition, original_offset, original_index
         FROM fates WHERE partition = $1 ORDER BY generation, "offset", "index"
         """, FateLine),
        ("""
         SELECT account, kind, ref, name, generation, "offset", "index", time_ms FROM names WHERE partition = $1
         ORDER BY account, kind, ref
         """, Name),
        ("""
         SELECT producer_id, last_number, seen_bits, log_time_ms FROM producers WHERE partition = $1
         ORDER BY producer_id
         """, Producer),
    ];

    static List<PartitionId> Partitions(DuckDbSession session)
    {
        using var rows = session.Query(
            """
            SELECT partition FROM progress UNION SELECT partition FROM series UNION SELECT partition FROM totals
            UNION SELECT partition FROM fates UNION SELECT partition FROM names UNION SELECT partition FROM producers
            ORDER BY partition
            """);
        var partitions = new List<PartitionId>();
        while (rows.Next())
        {
            foreach (var partition in rows.Column<ushort>(0)) partitions.Add(new(partition));
        }

        return partitions;
    }

    static string Progress(RatedProgress p) => Line(
        $"progress {p.Partition} {p.Generation} {p.Next} {p.LastChecksum:x16} {p.LogTimeMs} {p.KeysNext} "
        + $"{p.KeysLogTimeMs}");

    static string Series(DuckDbRows r, int i, PartitionId partition) => Line(
        $"series {partition} {r.Column<UInt128>(0)[i]:x32} {r.Column<uint>(1)[i]} {Quoted(r.Text(2, i))} "
        + $"{Quoted(r.Text(3, i))} {Quoted(r.Text(4, i))} {Quoted(r.Text(5, i))}");

    static string Total(DuckDbRows r, int i, PartitionId partition)
    {
        var t = RatingReads.Total(r, i, 0);
        var position = new LogPosition(t.Generation, partition, t.Offset, t.Index);
        return Line(
            $"total {partition} {t.Series:x32} {t.Window} {t.Sum} {t.Count} {t.Min} {t.Max} {t.Last} "
            + $"{t.LastAtMs} {position}");
    }

    static string FateLine(DuckDbRows r, int i, PartitionId partition)
    {
        var position = new LogPosition(r.Column<ushort>(0)[i], partition, r.Column<long>(1)[i], r.Column<int>(2)[i]);
        var original = r.IsNull(7, i)
            ? "-"
            : new LogPosition(
                r.Column<ushort>(7)[i], new(r.Column<ushort>(8)[i]), r.Column<long>(9)[i],
                    r.Column<int>(10)[i]).ToString();
        return Line(
            $"fate {position} {r.Column<uint>(3)[i]} {r.Column<byte>(4)[i]} {r.Column<byte>(5)[i]} "
            + $"{r.Column<int>(6)[i]} {original}");
    }

    static string Name(DuckDbRows r, int i, PartitionId partition)
    {
        var position = new LogPosition(r.Column<ushort>(4)[i], partition, r.Column<long>(5)[i], r.Column<int>(6)[i]);
        return Line(
            $"name {partition} {r.Column<uint>(0)[i]} {r.Column<byte>(1)[i]} {Quoted(r.Text(2, i))} "
            + $"{Quoted(r.Text(3, i))} {position} {r.Column<long>(7)[i]}");
    }

    static string Producer(DuckDbRows r, int i, PartitionId partition) => Line(
        $"producer {partition} {r.Column<ulong>(0)[i]:x16} {r.Column<long>(1)[i]} {r.Column<ulong>(2)[i]:x16} "
        + $"{r.Column<long>(3)[i]}");

    static string Line(ref DefaultInterpolatedStringHandler text) => text.ToStringAndClear();

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
