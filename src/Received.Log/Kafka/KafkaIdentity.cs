using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Received.Log.Segments;
using Received.Model;

namespace Received.Log.Kafka;

/// <summary>
/// The log's identity: Kafka's topic id, and in the compacted side topic what belongs to it, and whose accounts report
/// to it. Each record has a key of its own, so compaction takes none; of several processes that write at once, the
/// first record wins, and all read the same one.
/// </summary>
sealed class KafkaIdentity(KafkaLogOptions options, KafkaAdmin admin, KafkaClients clients, TimeProvider time)
{
    const int Version = 1;

    // A program that knows nothing of accounts does not compare them either: it shall not open the log.
    const int AccountsVersion = 2;

    /// <summary>All identities that the side topic has, in order: one for each topic that ever was this log.</summary>
    /// <exception cref="LogRefusedException">
    /// A record cannot be understood, or Kafka does not hand them out.
    /// </exception>
    public async Task<List<LogIdentity>> ReadAsync() => (await ReadAllAsync()).Identities;

    /// <summary>The accounts database that was the first to claim the log; null where none has.</summary>
    /// <exception cref="LogRefusedException">As in <see cref="ReadAsync"/>.</exception>
    public async Task<Guid?> ReadAccountsAsync(Guid topicId)
    {
        foreach (var (log, accounts) in (await ReadAllAsync()).Claims)
            if (log == topicId) return accounts;
        return null;
    }

    /// <summary>Claims the log for an accounts database, and returns whose it is: of several that claim it at once,
    /// the first.</summary>
    /// <exception cref="LogRefusedException">As in <see cref="ReadAsync"/>.</exception>
    public async Task<Guid> ClaimAsync(Guid topicId, Guid accounts)
    {
        // Random: were two records of one claimant to share a key, compaction would keep the later one, which may lie
        // behind another's.
        await WriteAsync($"{topicId}/accounts/{RandomNumberGenerator.GetHexString(16)}", ToBytes(topicId, accounts));
        return await ReadAccountsAsync(topicId) ?? throw Lost();
    }

    /// <summary>Writes an identity for the topic, and returns the one that holds: this, or another's that came
    /// first.</summary>
    public async Task<LogIdentity> MakeAsync(Guid topicId)
    {
        var seed = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long)));
        var identity = new LogIdentity(topicId, 1, options.Partitions, options.DedupeWindow, seed);
        await WriteAsync($"{topicId}/{identity.Generation}/{seed:x16}", ToBytes(identity));
        return Holding(await ReadAsync(), topicId) ?? throw Lost();
    }

    /// <summary>The identity of a topic: of its highest generation, and of that the first.</summary>
    public static LogIdentity? Holding(List<LogIdentity> identities, Guid topicId) => identities
        .Where(identity => identity.Id == topicId)
        .Aggregate((LogIdentity?)null, (held, next) => held is null || next.Generation > held.Generation ? next : held);

    /// <summary>Kafka's topic id as ours: the same 128 bits in the same order.</summary>
    public static Guid IdOf(TopicDescription topic)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, topic.TopicId.MostSignificantBits.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], topic.TopicId.LeastSignificantBits.Value);
        return new(bytes, bigEndian: true);
    }

    async Task WriteAsync(string key, byte[] value)
    {
        using var producer = clients.KeyedProducer();
        var record = new Message<string, ReadOnlyMemory<byte>> { Key = key, Value = value };
        await producer.ProduceAsync(new TopicPartition(options.IdentityTopic, 0), record);
    }

    LogRefusedException Lost() => new($"Topic {options.IdentityTopic} lost what was written to it.");

    async Task<Records> ReadAllAsync()
    {
        var start = (await admin.ListAsync(options.IdentityTopic, [0], OffsetSpec.Earliest()))[0];
        var head = (await admin.ListAsync(options.IdentityTopic, [0], OffsetSpec.Latest()))[0];
        return start == head ? new() : await Task.Run(() => Read(start, head));
    }

    Records Read(long start, long head)
    {
        var records = new Records();
        using var reader = clients.Reader();
        reader.Assign(new TopicPartitionOffset(options.IdentityTopic, 0, start));
        var started = time.GetTimestamp();
        var next = start;
        while (next < head)
        {
            if (time.GetElapsedTime(started) > options.RequestTimeout)
            {
                throw new LogRefusedException(
                    $"Topic {options.IdentityTopic} cannot be read: Kafka did not hand its records out in time.");
            }

            if (reader.Consume(TimeSpan.FromMilliseconds(100)) is not { } result) continue;
            var frame = result.Message.Value;
            AddTo(records, frame.Bytes.Span.ToArray(), result.Offset.Value);
            frame.Return();
            next = result.Offset.Value + 1;
        }

        return records;
    }

    static byte[] ToBytes(LogIdentity identity) => ToBytes(Version, identity.Id, json =>
    {
        json.WriteNumber("generation", identity.Generation);
        json.WriteNumber("partitions", identity.PartitionCount);
        json.WriteString("dedupeWindow", identity.DedupeWindow.ToString("c", CultureInfo.InvariantCulture));
        json.WriteString("hashSeed", identity.HashSeed.ToString("x16", CultureInfo.InvariantCulture));
    });

    static byte[] ToBytes(Guid topicId, Guid accounts) =>
        ToBytes(AccountsVersion, topicId, json => json.WriteString("accounts", accounts));

    static byte[] ToBytes(int version, Guid topicId, Action<Utf8JsonWriter> writeRest)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("version", version);
            json.WriteString("id", topicId);
            writeRest(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    void AddTo(Records records, byte[] bytes, long offset)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var root = json.RootElement;
            switch (root.GetProperty("version").GetInt32())
            {
                case Version:
                    records.Identities.Add(ToIdentity(root));
                    return;
                case AccountsVersion:
                    records.Claims.Add((root.GetProperty("id").GetGuid(), root.GetProperty("accounts").GetGuid()));
                    return;
            }
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or FormatException
            or InvalidOperationException or OverflowException or ArgumentNullException)
        {
            throw new LogRefusedException(
                $"Topic {options.IdentityTopic} has a record at {offset} that is no identity of a log: take it away, "
                + "or give another Topic.", error);
        }

        throw new LogRefusedException(
            $"Topic {options.IdentityTopic} was written by a newer version of Received: start that one.");
    }

    static LogIdentity ToIdentity(JsonElement root) => new(
        root.GetProperty("id").GetGuid(), root.GetProperty("generation").GetUInt16(),
        root.GetProperty("partitions").GetInt32(),
        TimeSpan.ParseExact(root.GetProperty("dedupeWindow").GetString()!, "c", CultureInfo.InvariantCulture),
        long.Parse(root.GetProperty("hashSeed").GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    /// <summary>What the side topic says, each in the order of the records.</summary>
    sealed class Records
    {
        public List<LogIdentity> Identities { get; } = [];

        public List<(Guid Log, Guid Accounts)> Claims { get; } = [];
    }
}
