using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Received.Log.Segments;

namespace Received.Log.Kafka;

/// <summary>Makes Kafka clients from the options, and remembers what they last said went wrong.</summary>
sealed class KafkaClients(KafkaLogOptions options, ILogger logger)
{
    /// <summary>
    /// A frame is at most <see cref="FrameLimits.RawBytesMax"/> and its header; the rest is the client's own count of
    /// what a record takes around it.
    /// </summary>
    const int MessageBytesMax = FrameLimits.RawBytesMax + (64 << 10);

    /// <summary>
    /// Frames that share a record batch. The broker's limit (1,048,588 by default) is one of batches, so they end well
    /// below it; a larger frame goes alone.
    /// </summary>
    const int BatchBytesMax = 512 << 10;

    volatile Error? _lastError;
    volatile string? _lastComplaint;

    /// <summary>What a client reported last; null when nothing was. Requests that time out do not say why: this
    /// does.</summary>
    public Error? LastError => _lastError;

    /// <summary>Kafka answers: what was said before explains nothing any more.</summary>
    public void Forget() => (_lastError, _lastComplaint) = (null, null);

    /// <exception cref="LogRefusedException">The settings do not make a client.</exception>
    public IAdminClient Admin() => Make(() => new AdminClientBuilder(Base(new AdminClientConfig()))
        .SetErrorHandler((_, error) => Noted(error))
        .SetLogHandler((_, message) => Said(message))
        .Build());

    /// <param name="fatal">Called when the producer can be used no more; from a thread of the client's.</param>
    public IProducer<Null, ReadOnlyMemory<byte>> Producer(Action<Error> fatal) => Producer<Null>(true, fatal);

    /// <summary>A producer of a record with a key, for a compacted topic; a record there twice does no harm.</summary>
    public IProducer<string, ReadOnlyMemory<byte>> KeyedProducer() => Producer<string>(false, _ => { });

    IProducer<TKey, ReadOnlyMemory<byte>> Producer<TKey>(bool isIdempotent, Action<Error> fatal)
    {
        var config = Base(new ProducerConfig
        {
            Acks = Acks.All,
            EnableIdempotence = isIdempotent,
            CompressionType = CompressionType.None,
            // The front door has batched already: what waits is sent at once, together.
            LingerMs = 0,
            BatchSize = BatchBytesMax,
            MessageMaxBytes = MessageBytesMax,
            QueueBufferingMaxKbytes = options.QueueBytesMax / 1024,
            QueueBufferingMaxMessages = 1_000_000,
            MessageTimeoutMs = (int)options.AppendTimeout.TotalMilliseconds,
            RequestTimeoutMs = (int)options.AppendTimeout.TotalMilliseconds,
            DeliveryReportFields = "status",
        });
        return Make(() => new ProducerBuilder<TKey, ReadOnlyMemory<byte>>(config)
            .SetValueSerializer(CopiedFrame.Instance)
            .SetErrorHandler((_, error) =>
            {
                Noted(error);
                if (error.IsFatal) fatal(error);
            })
            .SetLogHandler((_, message) => Said(message))
            .Build());
    }

    /// <summary>A consumer without offsets of its own: it reads what it is told to, and never resets.</summary>
    /// <param name="saysEnds">Whether it reports each time that it has come to a partition's end.</param>
    public IConsumer<Ignore, RentedFrame> Reader(bool saysEnds = false)
    {
        var config = Base(new ConsumerConfig
        {
            // The client insists on a name; nothing ever joins or commits under it.
            GroupId = options.GroupOf("reader"),
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            AutoOffsetReset = AutoOffsetReset.Error,
            IsolationLevel = IsolationLevel.ReadUncommitted,
            AllowAutoCreateTopics = false,
            // Damage is found by the frames' own checksums and handed on as such; Kafka's would stop the partition.
            CheckCrcs = false,
            EnablePartitionEof = saysEnds,
            // A partition that is begun waits until the request under way has returned: with the default half second,
            // taking over 64 would take half a minute. New frames are handed out at once all the same.
            FetchWaitMaxMs = 50,
            // Bounds what the client itself holds ahead of our buffers.
            QueuedMaxMessagesKbytes = Math.Max(2048, options.ReadAheadBytes / 4 / 1024),
            // The default second is long where a full queue is drained in milliseconds.
            FetchQueueBackoffMs = 20,
            FetchMaxBytes = Math.Max(2 << 20, options.ReadAheadBytes / 8),
            ConsumeResultFields = "none",
        });
        return Make(() => new ConsumerBuilder<Ignore, RentedFrame>(config)
            .SetValueDeserializer(RentedFrameReader.Instance)
            .SetErrorHandler((_, error) => Noted(error))
            .SetLogHandler((_, message) => Said(message))
            .Build());
    }

    /// <summary>A consumer that takes part in a group; the caller sets handlers and what else it needs.</summary>
    public ConsumerBuilder<Ignore, Ignore> Member(ConsumerConfig config) =>
        new ConsumerBuilder<Ignore, Ignore>(Base(config))
            .SetErrorHandler((_, error) => Noted(error))
            .SetLogHandler((_, message) => Said(message));

    public static T Make<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (Exception error) when (error is KafkaException or InvalidOperationException or ArgumentException)
        {
            throw new LogRefusedException(
                $"Kafka refuses its settings: {error.Message.TrimEnd('.')}.", error);
        }
    }

    T Base<T>(T config)
        where T : ClientConfig
    {
        config.BootstrapServers = options.BootstrapServers;
        config.ClientId = "received";
        config.SecurityProtocol = options.Security switch
        {
            KafkaSecurity.Plaintext => SecurityProtocol.Plaintext,
            KafkaSecurity.Tls => SecurityProtocol.Ssl,
            KafkaSecurity.SaslPlaintext => SecurityProtocol.SaslPlaintext,
            KafkaSecurity.SaslTls => SecurityProtocol.SaslSsl,
        };
        if (options.TlsCaFile.Length > 0) config.SslCaLocation = options.TlsCaFile;
        if (options.TlsCertificateFile.Length > 0) config.SslCertificateLocation = options.TlsCertificateFile;
        if (options.TlsKeyFile.Length > 0) config.SslKeyLocation = options.TlsKeyFile;
        if (options.TlsKeyPassword.Length > 0) config.SslKeyPassword = options.TlsKeyPassword;
        if (options.SaslUser.Length > 0)
        {
            config.SaslMechanism = options.SaslMechanism switch
            {
                KafkaSaslMechanism.Plain => SaslMechanism.Plain,
                KafkaSaslMechanism.ScramSha256 => SaslMechanism.ScramSha256,
                KafkaSaslMechanism.ScramSha512 => SaslMechanism.ScramSha512,
            };
            config.SaslUsername = options.SaslUser;
            config.SaslPassword = options.SaslPassword;
        }

        // A broker that comes back is found within a second, not after ten.
        config.ReconnectBackoffMaxMs = 1000;
        return config;
    }

    void Noted(Error error)
    {
        // "All brokers are down" follows the error that says why.
        if (error.Code != ErrorCode.Local_AllBrokersDown || _lastError is null) _lastError = error;
    }

    void Said(LogMessage message)
    {
        var text = KafkaFault.WithoutPlace(message.Message);
        // A peer that hangs up is no error to the client: it says so here alone.
        if (message.Facility == "FAIL" && _lastError is null or { Code: ErrorCode.Local_AllBrokersDown })
            _lastError = new(ErrorCode.Local_Transport, text);
        // It tries again many times a second, and each time it says the same.
        if (message.Level > SyslogLevel.Error || text == _lastComplaint)
        {
            LogMessages.KafkaSays(logger, message.Facility, message.Message);
            return;
        }

        _lastComplaint = text;
        LogMessages.KafkaComplains(logger, message.Facility, text);
    }
}
