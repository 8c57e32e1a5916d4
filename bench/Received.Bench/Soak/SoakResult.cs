using Received.Bench.Load;

namespace Received.Bench.Soak;

/// <summary>What a soak came to, as JSON.</summary>
sealed record SoakResult
{
    public required string What { get; init; }

    public required LoadShape Shape { get; init; }

    public required LoadFigures Figures { get; init; }

    public required IReadOnlyList<SoakSample> Samples { get; init; }

    /// <summary>What was wrong; empty where nothing was.</summary>
    public required IReadOnlyList<string> Findings { get; init; }
}

/// <summary>The server at a moment.</summary>
/// <param name="AtS">Since the load began.</param>
/// <param name="HeapMib">The managed heap after its last collection.</param>
/// <param name="LogMib">The log's files; segments that are laid out ahead count whole.</param>
/// <param name="DiskMib">The whole data folder.</param>
sealed record SoakSample(
    double AtS, long ResidentMib, long HeapMib, long LogMib, long DiskMib, double RatingLagS, double ArchiveLagS,
    long Gen2Collections, long Rated, long Archived);
