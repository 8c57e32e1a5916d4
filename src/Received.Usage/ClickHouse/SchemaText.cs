using System.Text.RegularExpressions;

namespace Received.Usage.ClickHouse;

/// <summary>
/// The schema's files, and what their placeholders mean on one server and on a cluster. On a cluster a table is a
/// replicated one on every shard, named ..._local, and a distributed one before it that has the name and chooses the
/// shard by the log's partition: all rows of a customer, and a partition's progress, are on one shard.
/// </summary>
static partial class SchemaText
{
    const string Prefix = "Received.Usage.ClickHouse.";

    // Part and directory are on the disk when an insert is answered, and a merged part is before those that it was made
    // of are deleted. No deduplication by block: after a crash it may take a part for written that is not there.
    const string Durable =
        "fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, "
        + "min_compressed_bytes_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_fetch = 1";

    const string OneServer = ", non_replicated_deduplication_window = 0";
    const string Replicated = ", replicated_deduplication_window = 0";

    /// <summary>Versions that this program knows, ascending, with their statements as they are in the files.</summary>
    public static IReadOnlyList<(int Version, string Text)> Files { get; } = ReadFiles();

    public static int Version => Files[^1].Version;

    /// <param name="cluster">Empty for one server.</param>
    public static IReadOnlyList<string> Statements(string text, string cluster)
    {
        var bare = Comment().Replace(text, "");
        return [.. bare.Split(";\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(statement => Placeholder().Replace(
                statement, match => Expand(match.Groups[1].Value, match.Groups[2].Value, cluster)))
            .Where(statement => statement.Length > 0)];
    }

    static string Expand(string name, string argument, string cluster) => name switch
    {
        "cluster" => OnCluster(cluster),
        "local" => cluster.Length == 0 ? "" : "_local",
        "durable" => Durable + (cluster.Length == 0 ? OneServer : Replicated),
        "replacing" when cluster.Length == 0 => $"ReplacingMergeTree({argument})",
        "replacing" => "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
            + (argument.Length == 0 ? ")" : $", {argument})"),
        "distributed" when cluster.Length == 0 => "",
        "distributed" => $"CREATE TABLE IF NOT EXISTS {argument} {OnCluster(cluster)} AS {argument}_local "
            + $"ENGINE = Distributed('{cluster}', currentDatabase(), {argument}_local, partition)",
        _ => throw new InvalidOperationException($"Placeholder {name} is not known."),
    };

    public static string OnCluster(string cluster) => cluster.Length == 0 ? "" : $"ON CLUSTER '{cluster}'";

    static List<(int Version, string Text)> ReadFiles()
    {
        var assembly = typeof(SchemaText).Assembly;
        var files = new List<(int Version, string Text)>();
        foreach (var name in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            files.Add((int.Parse(name.AsSpan(Prefix.Length, 3), provider: null), reader.ReadToEnd()));
        }

        return files;
    }

    [GeneratedRegex(@"\$\{(\w+)(?::(\w*))?\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("--[^\n]*\n")]
    private static partial Regex Comment();
}
