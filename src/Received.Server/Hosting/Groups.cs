using Received.Log;
using Received.Log.Kafka;
using Received.Rating;
using Received.Server.Options;

namespace Received.Server.Hosting;

/// <summary>
/// This process's membership in the groups of raters and archivers, where others may work on the same log. Joined
/// before the loops run; left after they have ended, which is after their last flush: so that others take over at once
/// and find all of it written.
/// </summary>
sealed class Groups(
    Engine engine, Settings settings, Loops loops, TimeProvider time, ILoggerFactory logging) : IHostedService
{
    readonly List<KafkaGroup> _joined = [];

    /// <summary>Why a group gives this process nothing; none where they do.</summary>
    public IEnumerable<string> Problems() =>
        _joined.Where(group => group.Failure is not null).Select(group => $"group {group.Name}: {group.Failure}");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings is not { IsShared: true, Kafka: { } kafka } || engine.Refusal is not null)
            return Task.CompletedTask;
        if (loops is { Rating: { } rating, Rated: { } rated }) Join(kafka, "rate", rated, rating);
        if (loops is { Archive: { } archive, Archived: { } archived }) Join(kafka, "archive", archived, archive);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_joined.Select(group => group.DisposeAsync().AsTask())).WaitAsync(cancellationToken);

    void Join(KafkaLogOptions kafka, string role, Ownership ownership, LogLoop loop) => _joined.Add(KafkaGroup.Join(
        kafka, role, ownership, () => loop.Snapshot().Select(lag => (lag.Partition, lag.Next)), time,
        logging.CreateLogger<KafkaGroup>()));
}
