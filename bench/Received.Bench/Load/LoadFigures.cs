namespace Received.Bench.Load;

/// <summary>One run of a load on a Received, from the first request until all is rated and archived.</summary>
sealed record LoadFigures
{
    public required long Events { get; init; }

    /// <summary>Events by the time until the last answer.</summary>
    public required double AcknowledgedPerS { get; init; }

    /// <summary>Events by the time until the totals held them all.</summary>
    public required double RatedPerS { get; init; }

    public required double P50Ms { get; init; }

    public required double P90Ms { get; init; }

    public required double P99Ms { get; init; }

    public required double MaxMs { get; init; }

    /// <summary>From the last answer until the totals held all.</summary>
    public required double RatedAfterS { get; init; }

    /// <summary>From the last answer until the archive held all.</summary>
    public required double ArchivedAfterS { get; init; }

    /// <summary>Of the server until the last answer: the door, and what rating and archive did beside it.</summary>
    public double? ServerNsPerEvent { get; init; }

    /// <summary>Of the server until all was rated and archived.</summary>
    public double? ServerNsPerEventInAll { get; init; }

    public required double GeneratorNsPerEvent { get; init; }

    /// <summary>Managed memory that the server allocated until all was archived.</summary>
    public required double AllocatedBytesPerEvent { get; init; }

    public required long Gen2Collections { get; init; }

    public required long Refused { get; init; }
}
