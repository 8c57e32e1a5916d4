using System.ComponentModel.DataAnnotations;

namespace Received.Usage.DuckDb;

/// <summary>How the embedded usage store works. All of it is bounded: nothing is left at DuckDB's own
/// defaults.</summary>
public sealed class DuckDbOptions
{
    // 64 MiB: whatever is below was meant in another unit.
    const string MemoryLimitMin = "67108864";

    // A pebibyte: whatever is above is a typing error.
    const string BytesMax = "1125899906842624";

    /// <summary>
    /// The database file of what rating writes; the archive's is beside it. Their folder is made when it is missing,
    /// and also takes temporary files.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>The archive's database file: usage.archive.duckdb beside usage.duckdb.</summary>
    public string ArchivePath => System.IO.Path.ChangeExtension(Path, ".archive.duckdb");

    /// <summary>
    /// DuckDB's memory limit in bytes. Its own default, 80 % of the machine's memory, would starve the doors beside it.
    /// Past what flushes and the archive need at once it is a cache of the files: twice as much made no load faster.
    /// </summary>
    [Range(typeof(long), MemoryLimitMin, BytesMax)]
    public long MemoryLimit { get; init; } = 128L * 1024 * 1024;

    /// <summary>
    /// Threads of DuckDB, the caller's own among them. With one, flushes take 5 to 10 % less processor and no longer:
    /// more wait for each other by spinning. More help big reports where there are cores to spare.
    /// </summary>
    [Range(1, 256)]
    public int Threads { get; init; } = 1;

    /// <summary>
    /// Reads at the same time; more wait their turn. Rating and the archive have connections of their own.
    /// </summary>
    [Range(1, 256)]
    public int ReadersMax { get; init; } = 4;

    /// <summary>
    /// Bytes that DuckDB may spill to the temporary folder beside the database: a big report must not fill the disk.
    /// </summary>
    [Range(typeof(long), "0", BytesMax)]
    public long TempBytesMax { get; init; } = 4L * 1024 * 1024 * 1024;
}
