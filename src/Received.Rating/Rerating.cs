using System.Globalization;
using Received.Log;
using Received.Model;
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

    readonly FrameReader _reader = new();
    readonly EventColumns _events = new();
    long _frames;
    long _eventCount;

    /// <param name="exportPath">Where the live export rests meanwhile; about 150 bytes a total. Deleted at the
    /// end.</param>
    /// <exception cref="InvalidOperationException">The scratch store is not fresh, or neither log nor archive has a
    /// frame.</exception>
    public async Task<ReratingResult> RunAsync(string exportPath, CancellationToken cancellation = default)
    {
        var started = time.GetTimestamp();
        try
        {
            foreach (var target in await ExportAsync(exportPath, cancellation))
                await RateAsync(target, cancellation);
            var (lines, differences) = await CompareAsync(exportPath, cancellation);
            return new(
                differences.Count == 0, lines, _frames, _eventCount, differences, time.GetElapsedTime(started));
        }
        finally
        {
            File.Delete(exportPath);
        }
    }

    /// <summary>Writes the live export and finds each partition's progress in it.</summary>
    async Task<List<RatedProgress>> ExportAsync(string path, CancellationToken cancellation)
    {
        var targets = new List<RatedProgress>();
        await using var file = new StreamWriter(path);
        await foreach (var line in live.ExportRatedAsync(cancellation))
        {
            if (line.StartsWith("progress ", StringComparison.Ordinal)) targets.Add(FromExport(line));
            await file.WriteLineAsync(line.AsMemory(), cancellation);
        }

        return targets;
    }

    /// <summary>"progress {partition} {generation} {next} ..."</summary>
    static RatedProgress FromExport(string line)
    {
        var fields = line.Split(' ');
        return new(
            new(ushort.Parse(fields[1], CultureInfo.InvariantCulture)),
            ushort.Parse(fields[2], CultureInfo.InvariantCulture),
            long.Parse(fields[3], CultureInfo.InvariantCulture), 0, 0);
    }

    async Task RateAsync(RatedProgress target, CancellationToken cancellation)
    {
        if (target.Generation != log.Identity.Generation)
            throw new InvalidOperationException(
                $"Partition {target.Partition} is rated in generation {target.Generation}, the log is of another one.");
        var rater = new PartitionRater(
            target.Partition, log.Identity, new(scratchKeys, target.Partition, log.Identity), scratch,
            options.TotalsCachedMax, options.NamesCachedMax);
        await rater.OpenAsync(cancellation: cancellation);
        if (rater.Next != 0) throw new InvalidOperationException("The store to rate into is not fresh.");
        while (rater.Next < target.Next)
        {
            var start = log.Extent(target.Partition).Start;
            if (rater.Next < start)
                await RateArchivedAsync(rater, Math.Min(start, target.Next), cancellation);
            else
                await RateLoggedAsync(rater, target.Next, cancellation);
            if (rater.PendingEvents >= options.FlushEvents || rater.Next == target.Next)
                await FlushAsync(rater, cancellation);
        }
    }

    /// <summary>Rates archived frames before <paramref name="end"/>, as many as one flush takes.</summary>
    async Task RateArchivedAsync(PartitionRater rater, long end, CancellationToken cancellation)
    {
        var before = rater.Next;
        await foreach (var frame in live.ReplayAsync(rater.Partition, before, cancellation))
        {
            if (frame.Offset >= end) break;
            await RateAsync(rater, frame, cancellation);
            if (rater.PendingEvents < options.FlushEvents) continue;
            await FlushAsync(rater, cancellation);
            if (rater.Next != frame.Offset + 1) return;
        }

        if (rater.Next == before)
            throw new InvalidOperationException(
                $"Partition {rater.Partition}: frame {before} is neither in the log nor in the archive.");
    }

    async Task RateLoggedAsync(PartitionRater rater, long end, CancellationToken cancellation)
    {
        LogBatch batch;
        try
        {
            batch = await log.ReadAsync(rater.Partition, rater.Next, options.ReadBytes, cancellation);
        }
        catch (LogRangeException) when (log.Extent(rater.Partition).Start > rater.Next)
        {
            // Trimmed since we looked: the archive has it.
            return;
        }

        using (batch)
        {
            if (batch.Records.Count == 0)
                throw new InvalidOperationException(
                    $"Partition {rater.Partition} is rated up to frame {end}, but the log ends before {rater.Next}.");
            foreach (var record in batch.Records)
            {
                if (record.Offset >= end) break;
                await RateAsync(rater, _reader.Read(rater.Partition, record, _events), cancellation);
            }
        }
    }

    async Task RateAsync(PartitionRater rater, ArchivedFrame frame, CancellationToken cancellation)
    {
        await rater.RateAsync(frame, cancellation);
        _frames++;
        _eventCount += frame.EventCount;
    }

    async Task FlushAsync(PartitionRater rater, CancellationToken cancellation)
    {
        var outcome = await rater.CloseAsync(cancellation);
        if (outcome != RatedOutcome.Ready)
        {
            if (outcome == RatedOutcome.Overtaken)
                throw new InvalidOperationException("Someone else writes to the store to rate into.");
            await rater.OpenAsync(exact: true, cancellation);
            return;
        }

        if (rater.PendingKeys.Length > 0)
            await scratchKeys.AddAsync([new(rater.Partition, rater.PendingKeys)], cancellation);
        await scratch.WriteAsync([rater.Batch], cancellation);
        rater.Written();
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
