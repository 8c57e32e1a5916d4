using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using Received.Log.Segments;
using Received.Model;

namespace Received.Log.Kafka;

/// <summary>
/// Finds or makes the log's topic, and refuses or warns about what would lose or miscount usage later. Invariant: a
/// topic that is there is never changed; whoever runs Kafka does that.
/// </summary>
sealed class KafkaStart(KafkaLogOptions options, KafkaAdmin admin, TimeProvider time, ILogger logger)
{
    /// <summary>The largest frame, and Kafka's own bytes around it.</summary>
    public const int MessageBytesMin = FrameLimits.RawBytesMax + FrameHeader.Bytes + 512;

    const int ReplicasWanted = 3;

    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>Other brokers hear of a new topic a moment later; until then they say that there is none.</summary>
    static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);

    /// <summary>The topic, sound and with leaders for all its partitions.</summary>
    /// <param name="mayCreate">False where the log is known to have been made before.</param>
    /// <exception cref="LogRefusedException">It cannot serve as the log, or is gone.</exception>
    public async Task<TopicDescription> OpenTopicAsync(bool mayCreate)
    {
        var topic = await FindAsync(mayCreate ? TimeSpan.Zero : SettleTime);
        if (topic is null)
        {
            if (!mayCreate) throw Gone();
            topic = await CreateAsync(options.Topic, options.Partitions, new()
            {
                ["cleanup.policy"] = "delete",
                ["retention.ms"] = Milliseconds(options.Retention),
                ["retention.bytes"] = "-1",
                ["max.message.bytes"] = Text(Math.Max(1_048_588, MessageBytesMin)),
                ["unclean.leader.election.enable"] = "false",
            });
        }

        RequirePartitions(topic);
        CheckReplicas(topic, await ReadConfigAsync(options.Topic));
        return topic;
    }

    /// <summary>The side topic of the log's identity; made where it is missing.</summary>
    public async Task OpenIdentityTopicAsync()
    {
        if (await admin.FindTopicAsync(options.IdentityTopic) is null)
            await CreateAsync(options.IdentityTopic, 1, new() { ["cleanup.policy"] = "compact" });
        var config = await ReadConfigAsync(options.IdentityTopic);
        if (config.TryGetValue("cleanup.policy", out var policy) && policy != "compact")
        {
            throw new LogRefusedException(
                $"Topic {options.IdentityTopic} has cleanup.policy {policy}, which forgets the log's identity with "
                + "time: set it to compact.");
        }
    }

    /// <summary>The topic that this log was made with is gone, or another one has its name.</summary>
    public LogRefusedException Gone() => new(
        $"Topic {options.Topic} is not the one that this log was made with: it was deleted, and perhaps made anew. "
        + $"Put it back; or, to begin a new log on purpose, delete {options.IdentityTopic} too and start with a new "
        + "usage store.");

    /// <summary>The topic has frames, and nothing says what log they are of.</summary>
    public LogRefusedException Unknown() => new(
        $"Topic {options.Topic} has records, but {options.IdentityTopic} does not say what log it is: restore that "
        + "topic from a copy, or give another Topic.");

    /// <summary>Refuses a log that was made with other settings.</summary>
    public void Compare(LogIdentity identity)
    {
        if (identity.PartitionCount != options.Partitions)
        {
            throw new LogRefusedException(
                $"Kafka Partitions is {options.Partitions}, but the log in topic {options.Topic} was made with "
                + $"{identity.PartitionCount}, which decides where customers live: partitions were added to the topic, "
                + "and it cannot go on as this log.");
        }

        if (identity.DedupeWindow != options.DedupeWindow)
        {
            throw new LogRefusedException(
                $"Kafka DedupeWindow is {options.DedupeWindow}, but the log in topic {options.Topic} was made with "
                + $"{identity.DedupeWindow}, which decides what is a duplicate: set it to {identity.DedupeWindow}.");
        }
    }

    /// <summary>Whether nothing was ever appended to the topic.</summary>
    public async Task<bool> IsEmptyAsync()
    {
        var heads = await admin.ListAsync(
            options.Topic, [.. Enumerable.Range(0, options.Partitions)], OffsetSpec.Latest());
        return heads.All(head => head == 0);
    }

    async Task<TopicDescription?> FindAsync(TimeSpan patience)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var topic = await admin.FindTopicAsync(options.Topic);
            if (topic is not null || time.GetElapsedTime(started) >= patience) return topic;
            await Task.Delay(LookAgain, time);
        }
    }

    async Task<TopicDescription> CreateAsync(string name, int partitions, Dictionary<string, string> config)
    {
        var replicas = options.ReplicationFactor;
        if (replicas == 0) replicas = Math.Min(ReplicasWanted, await admin.CountBrokersAsync());
        if (replicas >= ReplicasWanted) config["min.insync.replicas"] = "2";
        var isNew = await admin.CreateAsync(new()
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = (short)replicas,
            Configs = config,
        });
        if (isNew) LogMessages.TopicMade(logger, name, partitions, replicas);
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < options.RequestTimeout)
        {
            if (await admin.FindTopicAsync(name) is { } topic
                && topic.Partitions.All(partition => partition.Leader is { Id: >= 0 })) return topic;
            await Task.Delay(LookAgain, time);
        }

        throw new LogRefusedException($"Topic {name} was made, but Kafka gave its partitions no leaders in time.");
    }

    void RequirePartitions(TopicDescription topic)
    {
        if (topic.Partitions.Count == options.Partitions) return;
        throw new LogRefusedException(
            $"Kafka Partitions is {options.Partitions}, but topic {options.Topic} has {topic.Partitions.Count}, which "
            + $"decides where customers live. If the log was made with {topic.Partitions.Count}, set it to that; if "
            + "partitions were added to the topic, it cannot go on as this log.");
    }

    async Task<Dictionary<string, string>> ReadConfigAsync(string topic)
    {
        try
        {
            return await admin.ReadConfigAsync(topic);
        }
        catch (KafkaException error)
            when (KafkaFault.ErrorOf(error).Code is ErrorCode.TopicAuthorizationFailed
                or ErrorCode.ClusterAuthorizationFailed)
        {
            LogMessages.TopicUnchecked(logger, topic);
            return [];
        }
    }

    void CheckReplicas(TopicDescription topic, Dictionary<string, string> config)
    {
        var replicas = topic.Partitions.Min(partition => partition.Replicas.Count);
        var inSync = Number(config, "min.insync.replicas") ?? 1;
        if (inSync > replicas)
        {
            throw new LogRefusedException(
                $"Topic {options.Topic} has {replicas} replicas but min.insync.replicas {inSync}: nothing could ever "
                + $"be appended. Set min.insync.replicas to {Math.Max(1, replicas - 1)}, or give it more replicas.");
        }

        if (replicas == 1)
        {
            Warn("has one replica: what was acknowledged is lost with that broker's disk. Give it three.");
        }
        else if (inSync < 2)
        {
            Warn("has min.insync.replicas 1: an acknowledgement may rest on one broker alone. Set it to 2.");
        }

        if (options.ReplicationFactor > replicas)
            Warn($"has {replicas} replicas where ReplicationFactor says {options.ReplicationFactor}.");
        CheckConfig(config);
    }

    void CheckConfig(Dictionary<string, string> config)
    {
        if (config.TryGetValue("cleanup.policy", out var policy) && policy != "delete")
        {
            throw new LogRefusedException(
                $"Topic {options.Topic} has cleanup.policy {policy}, which takes frames out of its midst: set it to "
                + "delete.");
        }

        if (Number(config, "max.message.bytes") is { } bytes && bytes < MessageBytesMin)
        {
            throw new LogRefusedException(
                $"Topic {options.Topic} takes messages of up to {bytes} bytes (max.message.bytes), but frames take up "
                + $"to {MessageBytesMin}: raise it to that or more.");
        }

        if (Number(config, "retention.ms") is >= 0 and var kept && kept < options.Retention.TotalMilliseconds)
        {
            Warn($"keeps frames for {TimeSpan.FromMilliseconds(kept)} (retention.ms), less than Retention "
                + $"{options.Retention}: what is not rated by then is lost.");
        }

        if (Number(config, "retention.bytes") is >= 0 and var size)
            Warn($"keeps {size} bytes of each partition (retention.bytes): what is not rated by then is lost.");
        if (config.TryGetValue("unclean.leader.election.enable", out var unclean) && unclean == "true")
            Warn("has unclean.leader.election.enable: a change of leaders may lose what was acknowledged.");
    }

    void Warn(string what) => LogMessages.TopicDoubtful(logger, options.Topic, what);

    static long? Number(Dictionary<string, string> config, string name) =>
        config.TryGetValue(name, out var text)
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    static string Milliseconds(TimeSpan span) => Text((long)span.TotalMilliseconds);

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
