using Confluent.Kafka;

namespace Received.Log.Kafka;

/// <summary>What went wrong with Kafka, in a sentence that says what to look at.</summary>
static class KafkaFault
{
    /// <param name="last">What a client reported last: why a request had no answer.</param>
    public static string Say(KafkaLogOptions options, Error error, Error? last)
    {
        // A request without an answer knows nothing but that; the connection knows why.
        if (IsSilence(error.Code) && last is not null && !IsTimeout(last.Code)) error = last;
        var at = options.BootstrapServers;
        return error.Code switch
        {
            ErrorCode.Local_Resolve => $"The host name of Kafka's BootstrapServers {at} is not known: {Reason(error)}.",
            ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed or ErrorCode.IllegalSaslState
                or ErrorCode.UnsupportedSaslMechanism =>
                $"Kafka at {at} refuses the user or password (SaslUser, SaslPassword, SaslMechanism "
                + $"{options.SaslMechanism}): {Reason(error)}.",
            ErrorCode.Local_Ssl => SayTls(options, error),
            ErrorCode.TopicAuthorizationFailed =>
                $"Kafka's user {User(options)} lacks rights on topic {options.Topic} or {options.IdentityTopic}: it "
                + "needs Describe, DescribeConfigs, Read and Write, and Create to make them.",
            ErrorCode.ClusterAuthorizationFailed =>
                $"Kafka's user {User(options)} lacks rights on the cluster: Create to make topics, and "
                + "IdempotentWrite on brokers older than 2.8.",
            ErrorCode.GroupAuthorizationFailed =>
                $"Kafka's user {User(options)} lacks the right Read on consumer groups whose names begin with "
                + $"'{options.GroupOf("")}'.",
            ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge =>
                $"A frame is larger than topic {options.Topic} takes: raise its max.message.bytes (and the brokers' "
                + $"message.max.bytes) to {KafkaStart.MessageBytesMin} or more.",
            ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend =>
                $"Too few replicas of topic {options.Topic} are in sync (min.insync.replicas): brokers are down or "
                + "behind.",
            ErrorCode.InvalidReplicationFactor =>
                $"Kafka has fewer brokers than ReplicationFactor {options.ReplicationFactor} asks for: start more, or "
                + "set it lower.",
            ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition
                or ErrorCode.UnknownTopicId =>
                $"Topic {options.Topic} is not there (any more).",
            ErrorCode.Local_QueueFull => $"{options.QueueBytesMax} bytes of frames wait for Kafka: no more are taken.",
            ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown => SayConnection(options, error),
            _ when IsTimeout(error.Code) =>
                $"Kafka at {at} did not answer in time.",
            _ => $"Kafka at {at}: {Reason(error)}.",
        };
    }

    /// <summary>A request's own failure, whatever exception carries it.</summary>
    public static Error ErrorOf(KafkaException exception) => exception switch
    {
        Confluent.Kafka.Admin.DescribeTopicsException e =>
            e.Results.TopicDescriptions.Select(topic => topic.Error).FirstOrDefault(e => e.IsError) ?? e.Error,
        Confluent.Kafka.Admin.ListOffsetsException e =>
            e.Result.ResultInfos.Select(info => info.TopicPartitionOffsetError.Error).FirstOrDefault(e => e.IsError)
                ?? e.Error,
        Confluent.Kafka.Admin.CreateTopicsException e =>
            e.Results.Select(topic => topic.Error).FirstOrDefault(e => e.IsError) ?? e.Error,
        Confluent.Kafka.Admin.DescribeConfigsException e =>
            e.Results.Select(config => config.Error).FirstOrDefault(e => e.IsError) ?? e.Error,
        _ => exception.Error,
    };

    static string SayTls(KafkaLogOptions options, Error error) =>
        $"No TLS connection to Kafka at {options.BootstrapServers} (Security {options.Security}, TlsCaFile, "
        + $"TlsCertificateFile): {Reason(error)}.";

    static string SayConnection(KafkaLogOptions options, Error error)
    {
        var reason = Reason(error);
        if (reason.Contains("refused", StringComparison.OrdinalIgnoreCase))
        {
            if (BrokerOf(reason) is { } broker)
            {
                return $"Kafka's broker {broker} is down: start it. Meanwhile others serve what they have replicas of "
                    + $"({reason}).";
            }

            return $"No Kafka broker listens at {options.BootstrapServers}: start it, or set BootstrapServers right "
                + $"({reason}).";
        }

        if (reason.Contains("SSL", StringComparison.Ordinal)) return SayTls(options, error);
        // Another protocol's port hangs up on, or does not understand, the first request.
        var isForeign = reason.Contains("ApiVersion", StringComparison.Ordinal)
            || reason.Contains("Invalid response", StringComparison.Ordinal)
            || reason.Contains("Disconnected", StringComparison.OrdinalIgnoreCase)
            || reason.Contains("Receive failed", StringComparison.OrdinalIgnoreCase);
        return isForeign
            ? $"What listens at {options.BootstrapServers} does not speak Kafka's protocol with Security "
                + $"{options.Security}: a wrong port, or a listener with another security ({reason})."
            : $"Kafka at {options.BootstrapServers} cannot be reached: {reason}.";
    }

    /// <summary>The number and place of one that the cluster has named: "host:port/2: ..."; null for one of
    /// BootstrapServers, of which nothing else is known.</summary>
    static string? BrokerOf(string reason)
    {
        var end = reason.IndexOf(": ", StringComparison.Ordinal);
        var slash = end < 0 ? -1 : reason.LastIndexOf('/', end);
        if (slash < 0 || !int.TryParse(reason.AsSpan(slash + 1, end - slash - 1), out var number)) return null;
        return $"{number} at {reason[..slash]}";
    }

    static bool IsSilence(ErrorCode code) =>
        IsTimeout(code) || code is ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown;

    static bool IsTimeout(ErrorCode code) => code is ErrorCode.Local_TimedOut or ErrorCode.Local_MsgTimedOut
        or ErrorCode.RequestTimedOut or ErrorCode.Local_TimedOutQueue;

    static string User(KafkaLogOptions options) => options.SaslUser.Length > 0 ? $"'{options.SaslUser}'" : "(none)";

    static string Reason(Error error) => WithoutPlace(error.Reason);

    /// <summary>What the client says without its thread, and without how long it took.</summary>
    public static string WithoutPlace(string text)
    {
        var thread = text.StartsWith("[thrd:", StringComparison.Ordinal)
            ? text.IndexOf("]: ", StringComparison.Ordinal)
            : -1;
        if (thread >= 0) text = text[(thread + 3)..];
        if (text.LastIndexOf(" (after ", StringComparison.Ordinal) is var end and >= 0) text = text[..end];
        return text.ReplaceLineEndings(" ").TrimEnd('.', ' ', ':');
    }
}
