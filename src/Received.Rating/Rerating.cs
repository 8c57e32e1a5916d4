using System.Globalization;
using Received.Log;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Law 5: makes the totals anew from the log, and from the archive where the log was cut, and compares all that rating
/// wrote with the live store, line by line, at one position per partition. The live loops may go on meanwhile: the live
/// export is taken first, in one snapshot, and says up to where each partition is made anew.
/// Not its job: making scratch store and index (fresh, opened with the log's identity) or throwing them away.
/// </summary>
public sealed class Rerating(
    ILog log, IUsageStore live, IUsageStore scratch, IKeyIndex scratchKeys, RatingOptions options, TimeProvider time)
{
    public const int DifferencesMax = 20;

    /// <param name="exportPath">Where the live export rests meanwhile; about 150 bytes a total. Deleted at the
    /// end.</param>
    /// <exception cref="InvalidOperationException">The scratch store is not fresh, or neither log nor archive has a
    /// frame.</exception>
    public async Task<ReratingResult> RunAsync(string exportPath, CancellationToken cancellation = default)
    {
        var started = time.GetTimestamp();
        try
        {
            var anew = new RatingAnew(log, live, scratch, scratchKeys, options);
            foreach (var target in await ExportAsync(exportPath, cancellation))
                await anew.RateAsync(target, cancellation);
            var (lines, differences) = await CompareAsync(exportPath, cancellation);
            return new(
                differences.Count == 0, lines, anew.FrameCount, anew.EventCount, differences,
                time.GetElapsedTime(started));
        }
        finally
        {
            File.Delete(exportPath);
        }
    }

    /// <summary>Writes the live export and finds each partition's progress in it.</summary>
    async Task<List<RatedUpTo>> ExportAsync(string path, CancellationToken cancellation)
    {
        var targets = new List<RatedUpTo>();
        await using var file = new StreamWriter(path);
        await foreach (var line in live.ExportRatedAsync(cancellation))
        {
            if (line.StartsWith("progress ", StringComparison.Ordinal)) targets.Add(FromExport(line));
            await file.WriteLineAsync(line.AsMemory(), cancellation);
        }

        return targets;
    }

    /// <summary>"progress {partition} {generation} {next} ..."</summary>
    static RatedUpTo FromExport(string line)
    {
        var fields = line.Split(' ');
        return new(
            new(ushort.Parse(fields[1], CultureInfo.InvariantCulture)),
            ushort.Parse(fields[2], CultureInfo.InvariantCulture),
            long.Parse(fields[3], CultureInfo.InvariantCulture));
    }

    async Task<(long Lines, List<ReratingDifference> Differences)> CompareAsync(
        string path, CancellationToken cancellation)
    {
        var differences = new List<ReratingDifference>();
        var lines = 0L;
        using var file = new StreamReader(path);
        await foreach (var anew in scratch.ExportRatedAsync(cancellation))
        {
            var line = await file.ReadLineAsync(cancellation);
            lines++;
            if (line != anew && differences.Count < DifferencesMax) differences.Add(new(lines, line, anew));
        }

        while (await file.ReadLineAsync(cancellation) is { } line)
        {
            lines++;
            if (differences.Count < DifferencesMax) differences.Add(new(lines, line, null));
        }

        return (lines, differences);
    }
}
