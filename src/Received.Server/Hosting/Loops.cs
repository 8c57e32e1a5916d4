using Received.Log;
using Received.Rating;
using Received.Server.Options;

namespace Received.Server.Hosting;

/// <summary>
/// The loops behind the log that this process's roles ask for, made from an open engine. They run as hosted services;
/// see Compose.
/// </summary>
sealed class Loops
{
    static readonly TimeSpan CatchUpLook = TimeSpan.FromMilliseconds(50);

    readonly TimeProvider _time;

    public Loops(Engine engine, Settings settings, RatingMetrics metrics, TimeProvider time, ILoggerFactory logging)
    {
        _time = time;
        if (settings.Roles.HasFlag(ServerRoles.Rate))
        {
            Rated = Owned(settings, engine, time);
            Rating = new(
                engine.Log, engine.Store, engine.Keys, Rated, settings.Rating, metrics, time,
                logging.CreateLogger<RatingLoop>());
        }

        if (settings.Roles.HasFlag(ServerRoles.Archive))
        {
            Archived = Owned(settings, engine, time);
            Archive = new(
                engine.Log, engine.Store, Archived, settings.Rating, RatingBehind, SpentBy(settings.Roles), metrics,
                time, logging.CreateLogger<ArchiveLoop>());
        }

        // Kafka's frames go by its own retention.
        if (engine.Segments is { } segments)
            Retention = new(segments, engine.Store, settings.Rating, time, logging.CreateLogger<RetentionLoop>());
    }

    /// <summary>Null where others rate.</summary>
    public RatingLoop? Rating { get; }

    /// <summary>Null where others archive.</summary>
    public ArchiveLoop? Archive { get; }

    public RetentionLoop? Retention { get; }

    /// <summary>What <see cref="Rating"/> owns; null where others rate.</summary>
    public Ownership? Rated { get; }

    /// <summary>What <see cref="Archive"/> owns; null where others archive.</summary>
    public Ownership? Archived { get; }

    /// <summary>Each loop's name and what is wrong with it; none where all run.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, status) in new[] { ("rating", Rating?.Status), ("archive", Archive?.Status) })
            if (status is not null && (status.State != LoopState.Running || status.Message is not null))
                yield return $"{name}: {status.State.ToString().ToLowerInvariant()}. {status.Message}".TrimEnd();
    }

    /// <summary>
    /// Returns when all that was acknowledged before the call is rated and archived, by whomever, or a loop of this
    /// process has refused, which its log message says.
    /// </summary>
    public async Task CaughtUpAsync(Engine engine, CancellationToken cancellation)
    {
        var partitions = engine.Log.Identity.AllPartitions();
        var heads = new long[partitions.Length];
        await engine.Log.ObserveHeadsAsync(partitions, heads, cancellation);
        foreach (var (partition, head) in partitions.Zip(heads))
        {
            while (IsWorking(Rating?.Status) && IsWorking(Archive?.Status)
                && ((await engine.Store.ReadRatedAsync(partition, cancellation)).Next < head
                    || (await engine.Store.ReadArchivedAsync(partition, cancellation)).Next < head))
                await Task.Delay(CatchUpLook, _time, cancellation);
        }
    }

    /// <summary>Where rating is another process's, that has cores of its own.</summary>
    TimeSpan RatingBehind() => Rating?.Behind ?? TimeSpan.Zero;

    /// <summary>What only archives has nobody in its process to leave the cores to.</summary>
    static Func<TimeSpan> SpentBy(ServerRoles roles) =>
        roles == ServerRoles.Archive ? () => TimeSpan.Zero : () => Environment.CpuUsage.TotalTime;

    /// <summary>All for good, unless others may work on the same log and store: then the group decides.</summary>
    static Ownership Owned(Settings settings, Engine engine, TimeProvider time) =>
        settings.IsShared ? new(time) : Ownership.OfAll(engine.Log.Identity);

    static bool IsWorking(LoopStatus? status) => status is null || status.State switch
    {
        LoopState.Starting or LoopState.Waiting => true,
        // A partition that it refuses never catches up.
        LoopState.Running => status.Message is null,
        LoopState.Refused or LoopState.Stopped => false,
    };
}
