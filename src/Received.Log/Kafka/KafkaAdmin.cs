using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Received.Log.Segments;

namespace Received.Log.Kafka;

/// <summary>What is asked of Kafka about the topic, with bounded waits.</summary>
sealed class KafkaAdmin(KafkaLogOptions options, KafkaClients clients, TimeProvider time) : IDisposable
{
    static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    readonly IAdminClient _admin = clients.Admin();

    /// <summary>A topic, or null where there is none.</summary>
    /// <exception cref="KafkaException">Kafka does not answer, or refuses to.</exception>
    public async Task<TopicDescription?> FindTopicAsync(string name)
    {
        try
        {
            var result = await _admin.DescribeTopicsAsync(
                TopicCollection.OfTopicNames([name]), new() { RequestTimeout = options.RequestTimeout });
            return result.TopicDescriptions[0];
        }
        catch (DescribeTopicsException error)
            when (KafkaFault.ErrorOf(error).Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic)
        {
            return null;
        }
    }

    /// <summary>How many brokers there are.</summary>
    public async Task<int> CountBrokersAsync()
    {
        var cluster = await _admin.DescribeClusterAsync(new() { RequestTimeout = options.RequestTimeout });
        return cluster.Nodes.Count;
    }

    /// <returns>False where it is there already.</returns>
    public async Task<bool> CreateAsync(TopicSpecification topic)
    {
        try
        {
            await _admin.CreateTopicsAsync([topic], new()
            {
                RequestTimeout = options.RequestTimeout,
                OperationTimeout = options.RequestTimeout,
            });
            return true;
        }
        catch (CreateTopicsException error) when (KafkaFault.ErrorOf(error).Code == ErrorCode.TopicAlreadyExists)
        {
            return false;
        }
    }

    public Task DeleteAsync(IEnumerable<string> topics) =>
        _admin.DeleteTopicsAsync(topics, new() { RequestTimeout = options.RequestTimeout });

    public async Task<Dictionary<string, string>> ReadConfigAsync(string topic)
    {
        var results = await _admin.DescribeConfigsAsync(
            [new ConfigResource { Type = ResourceType.Topic, Name = topic }],
            new() { RequestTimeout = options.RequestTimeout });
        return results[0].Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Value);
    }

    /// <summary>
    /// The offset behind the last record that all replicas in sync have (latest), or of the first that is still there
    /// (earliest): of each partition, in their order.
    /// </summary>
    /// <exception cref="KafkaException">Of one partition at least it could not be had.</exception>
    public async Task<long[]> ListAsync(string topic, IReadOnlyList<int> partitions, OffsetSpec which)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await ListOnceAsync(topic, partitions, which);
            }
            catch (KafkaException error) when (IsPassing(KafkaFault.ErrorOf(error).Code)
                && time.GetElapsedTime(started) < options.RequestTimeout)
            {
                await Task.Delay(AskAgain, time);
            }
        }
    }

    async Task<long[]> ListOnceAsync(string topic, IReadOnlyList<int> partitions, OffsetSpec which)
    {
        var result = await _admin.ListOffsetsAsync(
            [.. partitions.Select(partition => new TopicPartitionOffsetSpec
            {
                TopicPartition = new(topic, partition),
                OffsetSpec = which,
            })],
            new() { RequestTimeout = options.RequestTimeout });
        var offsets = result.ResultInfos.ToDictionary(
            info => info.TopicPartitionOffsetError.Partition.Value,
            info => info.TopicPartitionOffsetError.Offset.Value);
        clients.Forget();
        return [.. partitions.Select(partition => offsets[partition])];
    }

    /// <summary>A partition whose leader has just been found, or changed, is known to all a moment later.</summary>
    static bool IsPassing(ErrorCode code) => code is ErrorCode.NotLeaderForPartition or ErrorCode.LeaderNotAvailable
        or ErrorCode.OffsetNotAvailable or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch
        or ErrorCode.ReplicaNotAvailable or ErrorCode.KafkaStorageError or ErrorCode.Local_Transport;

    public LogRefusedException Refused(KafkaException error) =>
        new(KafkaFault.Say(options, KafkaFault.ErrorOf(error), clients.LastError), error);

    public LogUnavailableException Unavailable(KafkaException error) =>
        new(KafkaFault.Say(options, KafkaFault.ErrorOf(error), clients.LastError), LogUnavailableReason.Failing, error);

    public void Dispose() => _admin.Dispose();
}
