namespace Received.Rating;

/// <summary>A line that the live store and the totals made anew do not share. Null: that side has none.</summary>
public sealed record ReratingDifference(long Line, string? Live, string? Anew);

/// <summary>What making the totals anew came to.</summary>
/// <param name="Lines">Lines of the live store's export.</param>
/// <param name="Differences">The first ones, by line.</param>
public sealed record ReratingResult(
    bool Equal, long Lines, long Frames, long Events, IReadOnlyList<ReratingDifference> Differences,
    TimeSpan Duration);
