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
/// The log's identity: Kafka's topic id, and in the compacted side topic what belongs to it. Each record has a key of
/// its own, so compaction takes none; of several processes that start a new log at once, the first record wins, and
/// all read the same one.
/// </summary>
sealed class KafkaIdentity(KafkaLogOptions options, KafkaAdmin admin, KafkaClients clients, TimeProvider time)
{
    const int Version = 1;

    /// <summary>All identities that the side topic has, in order: one for each topic that ever was this log.</summary>
    /// <exception cref="LogRefusedException">
    /// A record cannot be understood, or Kafka does not hand them out.
    /// </exception>
    public async Task<List<LogIdentity>> ReadAsync()
    {
        var start = (await admin.ListAsync(options.IdentityTopic, [0], OffsetSpec.Earliest()))[0];
        var head = (await admin.ListAsync(options.IdentityTopic, [0], OffsetSpec.Latest()))[0];
        return start == head ? [] : await Task.Run(() => Read(start, head));
    }

    /// <summary>Writes an identity for the topic, and returns the one that holds: this, or another's that came
    /// first.</summary>
    public async Task<LogIdentity> MakeAsync(Guid topicId)
    {
        var seed = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long)));
        var identity = new LogIdentity(topicId, 1, options.Partitions, options.DedupeWindow, seed);
        using (var producer = clients.KeyedProducer())
        {
            var record = new Message<string, ReadOnlyMemory<byte>>
            {
                Key = $"{topicId}/{identity.Generation}/{seed:x16}",
                Value = ToBytes(identity),
            };
            await producer.ProduceAsync(new TopicPartition(options.IdentityTopic, 0), record);
        }

        return Holding(await ReadAsync(), topicId)
            ?? throw new LogRefusedException($"Topic {options.IdentityTopic} lost what was written to it.");
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

    List<LogIdentity> Read(long start, long head)
    {
        var identities = new List<LogIdentity>();
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
            identities.Add(FromBytes(frame.Bytes.Span.ToArray(), result.Offset.Value));
            frame.Return();
            next = result.Offset.Value + 1;
        }

        return identities;
    }

    static byte[] ToBytes(LogIdentity identity)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("id", identity.Id);
            json.WriteNumber("generation", identity.Generation);
            json.WriteNumber("partitions", identity.PartitionCount);
            json.WriteString("dedupeWindow", identity.DedupeWindow.ToString("c", CultureInfo.InvariantCulture));
            json.WriteString("hashSeed", identity.HashSeed.ToString("x16", CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    LogIdentity FromBytes(byte[] bytes, long offset)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var root = json.RootElement;
            if (root.GetProperty("version").GetInt32() == Version)
            {
                return new(
                    root.GetProperty("id").GetGuid(), root.GetProperty("generation").GetUInt16(),
                    root.GetProperty("partitions").GetInt32(),
                    TimeSpan.ParseExact(
                        root.GetProperty("dedupeWindow").GetString()!, "c", CultureInfo.InvariantCulture),
                    long.Parse(
                        root.GetProperty("hashSeed").GetString()!, NumberStyles.HexNumber,
                        CultureInfo.InvariantCulture));
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
}
