using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Kafka;
using Received.Model;
using Received.Tests.Servers;

namespace Received.Tests.Log;

/// <summary>A topic with a random name on the tests' broker, and what is needed to spoil it.</summary>
sealed class KafkaRig(string bootstrap) : IDisposable
{
    readonly IAdminClient _admin = new AdminClientBuilder(
        new AdminClientConfig { BootstrapServers = bootstrap }).Build();
    readonly Random _random = new(1);
    long _number;

    public static async Task<KafkaRig> NewAsync() => new(await KafkaServer.BootstrapAsync());

    public string Bootstrap => bootstrap;

    public IAdminClient Admin => _admin;

    public string Topic { get; } = KafkaServer.NewName("log");

    public KafkaLogOptions Options(
        int partitions = 2, TimeSpan? dedupeWindow = null, TimeSpan? appendTimeout = null,
        int readAheadBytes = 64 << 20, TimeSpan? readTimeout = null) => new()
        {
            BootstrapServers = bootstrap,
            Topic = Topic,
            Partitions = partitions,
            DedupeWindow = dedupeWindow ?? LogIdentity.DefaultDedupeWindow,
            AppendTimeout = appendTimeout ?? TimeSpan.FromSeconds(10),
            ReadTimeout = readTimeout ?? TimeSpan.FromSeconds(10),
            ReadAheadBytes = readAheadBytes,
            SessionTimeout = TimeSpan.FromSeconds(6),
            HandOverPatience = TimeSpan.FromSeconds(2),
        };

    public Task<KafkaLog> OpenAsync() => OpenAsync(Options());

    public static Task<KafkaLog> OpenAsync(KafkaLogOptions options) =>
        KafkaLog.OpenAsync(options, TimeProvider.System, NullLogger.Instance);

    public byte[] Frame(int partition = 0, int payloadBytes = 100) =>
        TestFrames.Make(partition, ++_number, payloadBytes, _random);

    public async Task<long[]> AppendAsync(ILog log, int count, int partition = 0)
    {
        var appends = Enumerable.Range(0, count)
            .Select(_ => log.AppendAsync(new((ushort)partition), Frame(partition))).ToList();
        return await Task.WhenAll(appends);
    }

    public async Task DeleteAsync(params string[] topics)
    {
        await _admin.DeleteTopicsAsync(topics);
        while (_admin.GetMetadata(TimeSpan.FromSeconds(5)).Topics.Any(topic => topics.Contains(topic.Topic)))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
    }

    public Task CreateAsync(string topic, int partitions) => _admin.CreateTopicsAsync(
        [new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);

    public Task SetAsync(string setting, string value) => _admin.IncrementalAlterConfigsAsync(new()
    {
        [new() { Type = ResourceType.Topic, Name = Topic }] =
            [new() { Name = setting, Value = value, IncrementalOperation = AlterConfigOpType.Set }],
    });

    /// <summary>Something else writes to the topic.</summary>
    public async Task WriteAsync(byte[]? value, bool inTransaction = false)
    {
        var config = new ProducerConfig { BootstrapServers = bootstrap };
        if (inTransaction) config.TransactionalId = KafkaServer.NewName("writer");
        using var producer = new ProducerBuilder<Null, byte[]?>(config)
            .SetValueSerializer(new AsIs()).Build();
        if (inTransaction)
        {
            producer.InitTransactions(TimeSpan.FromSeconds(10));
            producer.BeginTransaction();
        }

        await producer.ProduceAsync(new TopicPartition(Topic, 0), new() { Value = value });
        if (inTransaction) producer.CommitTransaction();
    }

    public void Dispose() => _admin.Dispose();

    sealed class AsIs : ISerializer<byte[]?>
    {
        public byte[] Serialize(byte[]? data, SerializationContext context) => data!;
    }
}
