using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Usage.Runs;

/// <summary>
/// Whether a folder's runs hold all that the usage store's progress stands for (law 2). A run says of each partition
/// how far the index went before it, the progress says how far it goes now: so one run that is gone, and a folder that
/// is older than the store, leave a gap. What had expired by the store's log time may be gone. Keys are written before
/// progress, so a crash leaves an index that goes further, which is none.
/// </summary>
public static class RunChain
{
    /// <summary>To be called before the index is opened. Deletes what a crash has left, as opening does.</summary>
    /// <param name="rated">The store's progress of every partition.</param>
    /// <returns>A sentence that says what is wrong, or null.</returns>
    public static string? FindGap(
        string folder, IReadOnlyList<RatedProgress> rated, TimeSpan dedupeWindow, ILogger logger)
    {
        folder = Path.GetFullPath(folder);
        var exists = Directory.Exists(folder);
        List<Run> runs;
        try
        {
            runs = exists ? RunFolder.Open(folder, logger) : [];
        }
        catch (KeyIndexCorruptException exception)
        {
            return $"The key index file {exception.FilePath} is corrupt: {exception.Finding}.";
        }

        var gap = rated.Select(progress => GapOf(runs, progress, dedupeWindow)).FirstOrDefault(gap => gap is not null);
        foreach (var run in runs) run.LetGo();
        if (gap is null) return null;
        return exists ? $"The key index {folder} is not whole: {gap}." : $"The key index {folder} is gone.";
    }

    static string? GapOf(List<Run> runs, RatedProgress progress, TimeSpan dedupeWindow)
    {
        var notBeforeMs = progress.LogTimeMs - (long)dedupeWindow.TotalMilliseconds;
        KeyMark reach = default;
        foreach (var run in runs)
        {
            if (run.Section(progress.Partition) is not { } section) continue;
            if (section.KeptFromMs > notBeforeMs)
                return $"of partition {progress.Partition} it has forgotten keys that the older store still needs";
            if (Gap(progress.Partition, reach, section.Previous, notBeforeMs) is { } gap) return gap;
            if (section.Reach.IsPast(reach)) reach = section.Reach;
        }

        return Gap(
            progress.Partition, reach, new(progress.Generation, progress.KeysNext, progress.KeysLogTimeMs),
            notBeforeMs);
    }

    static string? Gap(PartitionId partition, KeyMark reach, KeyMark needed, long notBeforeMs) =>
        needed.Next > 0 && needed.IsPast(reach) && needed.LogTimeMs >= notBeforeMs
            ? $"keys of partition {partition} before frame {needed.Next} are missing"
            : null;
}
