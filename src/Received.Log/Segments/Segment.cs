namespace Received.Log.Segments;

/// <summary>A segment of the log; what it holds of partition p is [Heads[p], the next segment's Heads[p]).</summary>
/// <param name="End">Behind its last group; of the active segment it is not known here.</param>
sealed record Segment(string Path, long Number, long[] Heads, long CreatedMs, long End)
{
    const string Prefix = "segment-";
    const string Suffix = ".log";

    public string SidecarPath => Path + ".index";

    public static string PathOf(string folder, long number) =>
        System.IO.Path.Combine(folder, $"{Prefix}{number:D16}{Suffix}");

    /// <summary>The number of a segment's file name, or null for any other file.</summary>
    public static long? NumberOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(Prefix.Length..^Suffix.Length), out var number) ? number : null;
}

/// <summary>A segment's file and index while somebody uses them.</summary>
sealed class OpenSegment(long number, LogFile file, SegmentIndex index)
{
    public long Number { get; } = number;

    public LogFile File { get; } = file;

    public SegmentIndex Index { get; } = index;

    /// <summary>Guarded by the cache's lock.</summary>
    public int Users { get; set; }

    /// <summary>Guarded by the cache's lock.</summary>
    public long LastUse { get; set; }
}
