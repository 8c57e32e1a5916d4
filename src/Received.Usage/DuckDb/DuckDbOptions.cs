namespace Received.Usage.DuckDb;

/// <summary>How the embedded usage store works. All of it is bounded: nothing is left at DuckDB's own
/// defaults.</summary>
public sealed class DuckDbOptions
{
    /// <summary>The database file; its folder is made when it is missing, and also takes temporary files.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// DuckDB's memory limit in bytes. Its own default, 80 % of the machine's memory, would starve the doors beside it.
    /// </summary>
    public long MemoryLimit { get; init; } = 256L * 1024 * 1024;

    /// <summary>Threads of DuckDB: two keep a flush short on a small machine and leave cores to the doors.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Reads at the same time; more wait their turn. Rating and the archive have connections of their
    /// own.</summary>
    public int ReadersMax { get; init; } = 4;

    /// <summary>Spilling to the temporary folder beside the database ends here: a big report must not fill the
    /// disk.</summary>
    public long TempBytesMax { get; init; } = 4L * 1024 * 1024 * 1024;
}
