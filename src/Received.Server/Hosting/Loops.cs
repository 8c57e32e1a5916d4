using Received.Log;
using Received.Model;
using Received.Rating;
using Received.Server.Options;

namespace Received.Server.Hosting;

/// <summary>The loops behind the log, made from an open engine. They run as hosted services; see Compose.</summary>
sealed class Loops
{
    static readonly TimeSpan CatchUpLook = TimeSpan.FromMilliseconds(50);

    readonly TimeProvider _time;

    public Loops(Engine engine, Settings settings, RatingMetrics metrics, TimeProvider time, ILoggerFactory logging)
    {
        _time = time;
        var partitions = Ownership.OfAll(engine.Log.Identity);
        Rating = new(
            engine.Log, engine.Store, engine.Keys, partitions, settings.Rating, metrics, time,
            logging.CreateLogger<RatingLoop>());
        Archive = new(
            engine.Log, engine.Store, partitions, settings.Rating, () => Rating.Behind, metrics, time,
            logging.CreateLogger<ArchiveLoop>());
        Retention = new(engine.Log, engine.Store, settings.Rating, time, logging.CreateLogger<RetentionLoop>());
    }

    public RatingLoop Rating { get; }

    public ArchiveLoop Archive { get; }

    public RetentionLoop Retention { get; }

    /// <summary>Each loop's name and what is wrong with it; none where all run.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, status) in new[] { ("rating", Rating.Status), ("archive", Archive.Status) })
            if (status.State != LoopState.Running)
                yield return $"{name}: {status.State.ToString().ToLowerInvariant()}. {status.Message}".TrimEnd();
    }

    /// <summary>
    /// Returns when all that the log held at the call is rated and archived, or a loop has refused, which its log
    /// message says.
    /// </summary>
    public async Task CaughtUpAsync(Engine engine, CancellationToken cancellation)
    {
        var heads = Enumerable.Range(0, engine.Log.Identity.PartitionCount)
            .Select(number => new PartitionId((ushort)number))
            .Select(partition => (Partition: partition, engine.Log.Extent(partition).Head)).ToList();
        foreach (var (partition, head) in heads)
        {
            while (IsWorking(Rating.Status) && IsWorking(Archive.Status)
                && ((await engine.Store.ReadRatedAsync(partition, cancellation)).Next < head
                    || (await engine.Store.ReadArchivedAsync(partition, cancellation)).Next < head))
                await Task.Delay(CatchUpLook, _time, cancellation);
        }
    }

    static bool IsWorking(LoopStatus status) => status.State switch
    {
        LoopState.Starting or LoopState.Running or LoopState.Waiting => true,
        LoopState.Refused or LoopState.Stopped => false,
    };
}
