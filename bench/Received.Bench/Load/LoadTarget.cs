using Received.Bench.Servers;

namespace Received.Bench.Load;

/// <summary>
/// A load on a Received: runs that start with nothing pending and end when all of theirs is rated and archived, then a
/// comparison of every total with what was acknowledged.
/// </summary>
sealed class LoadTarget(ServerApi api, int? pid, LoadGenerator generator)
{
    public string? FirstRefusal { get; private set; }

    public async Task<LoadFigures> RunAsync(TimeSpan duration)
    {
        var before = await api.ReadAsync();
        var processor = Processor();
        var result = generator.Run(duration);
        var atDoor = Processor() - processor;
        FirstRefusal ??= result.FirstRefusal;
        var (rated, _) = await api.WaitAsync("Rating", reading => reading.Rated, before.Rated + result.Events);
        var (archived, after) = await api.WaitAsync(
            "The archive", reading => reading.Archived, before.Archived + result.Events);
        var events = Math.Max(1, result.Events);
        double? PerEvent(TimeSpan? time) => time?.TotalNanoseconds / events;
        return new()
        {
            Events = result.Events,
            AcknowledgedPerS = result.PerSecond,
            RatedPerS = result.Events / (result.Seconds + rated.TotalSeconds),
            P50Ms = result.Latencies.Ms(0.5),
            P90Ms = result.Latencies.Ms(0.9),
            P99Ms = result.Latencies.Ms(0.99),
            MaxMs = result.Latencies.Ms(1),
            RatedAfterS = rated.TotalSeconds,
            ArchivedAfterS = (rated + archived).TotalSeconds,
            ServerNsPerEvent = PerEvent(atDoor),
            ServerNsPerEventInAll = PerEvent(Processor() - processor),
            GeneratorNsPerEvent = PerEvent(result.Processor)!.Value,
            AllocatedBytesPerEvent = (double)(after.AllocatedBytes - before.AllocatedBytes) / events,
            Gen2Collections = after.Gen2Collections - before.Gen2Collections,
            Refused = result.Refused,
        };
    }

    TimeSpan? Processor() => pid is { } id ? OfProcess.Processor(id) : null;
}
