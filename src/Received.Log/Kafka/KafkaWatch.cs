using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Received.Log.Kafka;

/// <summary>
/// Looks every second whether the topic is still the same one and how far it is: so that what others append shows
/// without being read, and a topic made anew under the same name is never taken for the log.
/// </summary>
sealed class KafkaWatch(
    KafkaLogOptions options, KafkaAdmin admin, Guid topicId, KafkaHeads heads, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>Starts change when Kafka deletes a segment: rarely.</summary>
    const int StartsEvery = 10;

    readonly CancellationTokenSource _stopping = new();
    Task _running = Task.CompletedTask;
    volatile string? _failure;
    volatile string? _replacedBy;

    /// <summary>Why Kafka does not serve the log, as of the last look; null where it does.</summary>
    public string? Failure => _replacedBy ?? _failure;

    /// <summary>Why the topic is another one; null where it is not.</summary>
    public string? ReplacedBy => _replacedBy;

    public void Start() => _running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    /// <summary>The topic is another one: for good.</summary>
    public void Replaced(string reason)
    {
        if (Interlocked.CompareExchange(ref _replacedBy, reason, null) is not null) return;
        LogMessages.TopicReplaced(logger, reason);
        heads.End(new LogRangeException(reason));
    }

    async Task RunAsync()
    {
        for (var round = 1; !_stopping.IsCancellationRequested && _replacedBy is null; round++)
        {
            await Task.Delay(Every, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested) return;
            try
            {
                Became(await LookAsync(round));
            }
            catch (KafkaException error)
            {
                Became(admin.Unavailable(error).Message);
            }
            catch (Exception error)
            {
                // A watch that ended would never notice a topic made anew.
                Became(error.Message);
            }
        }
    }

    async Task<string?> LookAsync(int round)
    {
        if (await admin.FindTopicAsync(options.Topic) is not { } topic)
            return KafkaFault.Say(options, new(ErrorCode.UnknownTopicOrPart), null);
        if (KafkaIdentity.IdOf(topic) != topicId)
        {
            Replaced(
                $"Topic {options.Topic} is not the one that this log was made with: it was deleted and made anew.");
            return null;
        }

        var partitions = Enumerable.Range(0, options.Partitions).ToList();
        var latest = await admin.ListAsync(options.Topic, partitions, OffsetSpec.Latest());
        for (var p = 0; p < latest.Length; p++) heads.LearnHead(p, latest[p]);
        if (round % StartsEvery != 0) return null;
        var earliest = await admin.ListAsync(options.Topic, partitions, OffsetSpec.Earliest());
        for (var p = 0; p < earliest.Length; p++) heads.LearnStart(p, earliest[p]);
        return null;
    }

    void Became(string? failure)
    {
        if (failure is not null && _failure is null) LogMessages.KafkaFails(logger, failure);
        if (failure is null && _failure is not null) LogMessages.KafkaWorksAgain(logger);
        _failure = failure;
    }
}
