using System.ComponentModel.DataAnnotations;
using Received.Log.Segments;
using Received.Model;

namespace Received.Log.Kafka;

/// <summary>How Kafka's listener is spoken to.</summary>
public enum KafkaSecurity
{
    Plaintext,

    /// <summary>TLS; the broker may ask for a certificate.</summary>
    Tls,

    /// <summary>User and password without encryption.</summary>
    SaslPlaintext,

    /// <summary>User and password over TLS.</summary>
    SaslTls,
}

/// <summary>How user and password are shown to the broker.</summary>
public enum KafkaSaslMechanism
{
    Plain,
    ScramSha256,
    ScramSha512,
}

/// <summary>
/// Which topic the log is, how Kafka is reached, and the bounds of waiting. Partition count and dedupe window are
/// fixed with the log.
/// </summary>
public sealed class KafkaLogOptions
{
    /// <summary>Far more than is of use; each costs every process a little memory and asking.</summary>
    public const int PartitionsMax = 4096;

    /// <summary>Some of the brokers, as host:port, with commas between them; the others are learned from
    /// these.</summary>
    public string BootstrapServers { get; init; } = "";

    /// <summary>
    /// The log's topic; made when it is missing, and beside it the compacted topic of the same name with
    /// ".identity" behind it.
    /// </summary>
    public string Topic { get; init; } = "received.usage";

    /// <summary>
    /// Partitions of a topic that is made now; fixed with the log. As many processes can rate side by side.
    /// </summary>
    [Range(1, PartitionsMax)]
    public int Partitions { get; init; } = 64;

    /// <summary>
    /// Replicas of a topic that is made now. 0: three, or as many as there are brokers. With three or more, Kafka
    /// acknowledges what two have.
    /// </summary>
    [Range(0, 16)]
    public int ReplicationFactor { get; init; }

    /// <summary>
    /// How long Kafka keeps frames, rated or not: longer than any outage of rating and archive may last. Set on a
    /// topic that is made now; a topic with less is warned about.
    /// </summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(14);

    /// <summary>
    /// How long, in log time, a log that is made now remembers an event's identity; fixed with the log. Sent again
    /// later, an event counts twice.
    /// </summary>
    public TimeSpan DedupeWindow { get; init; } = LogIdentity.DefaultDedupeWindow;

    /// <summary>How the brokers' listener is spoken to: with TLS, with user and password, both or neither.</summary>
    public KafkaSecurity Security { get; init; }

    /// <summary>PEM file of the authorities that signed the brokers' certificates; empty: the system's own.</summary>
    public string TlsCaFile { get; init; } = "";

    /// <summary>PEM file of this client's certificate, where the brokers ask for one.</summary>
    public string TlsCertificateFile { get; init; } = "";

    /// <summary>PEM file of the certificate's private key.</summary>
    public string TlsKeyFile { get; init; } = "";

    /// <summary>The private key's password; empty where it has none.</summary>
    public string TlsKeyPassword { get; init; } = "";

    /// <summary>How user and password are shown to the brokers.</summary>
    public KafkaSaslMechanism SaslMechanism { get; init; } = KafkaSaslMechanism.ScramSha512;

    /// <summary>The user, where Security is with SASL.</summary>
    public string SaslUser { get; init; } = "";

    /// <summary>The user's password.</summary>
    public string SaslPassword { get; init; } = "";

    /// <summary>
    /// Before the names of the consumer groups, which are the topic's with ".rate", ".archive" and ".reader" behind
    /// it: so that one ACL with a prefix covers them.
    /// </summary>
    public string GroupPrefix { get; init; } = "";

    /// <summary>
    /// How long the group waits for a member that is silent before it gives its partitions to others; the brokers'
    /// group.min.session.timeout.ms (6 s) or more.
    /// </summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a loop has to write what is pending when a partition moves to another process.</summary>
    public TimeSpan HandOverPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long an append may wait for Kafka's acknowledgement; after that the door answers 503. Longer than a change
    /// of a partition's leader takes (Kafka notices a dead broker after 9 s), shorter than clients wait.
    /// </summary>
    public TimeSpan AppendTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long it is looked whether a frame without a clear answer is in the log; after that its outcome is unknown.
    /// </summary>
    public TimeSpan ReadBackTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a read waits for Kafka.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the start waits for Kafka, and an administrative request at any time.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Frame bytes that may wait for Kafka; more is refused, so that overload shows at the door. Half a second at
    /// 128 MB/s.
    /// </summary>
    [Range(FrameLimits.RawBytesMax * 2, int.MaxValue)]
    public int QueueBytesMax { get; init; } = 64 << 20;

    /// <summary>
    /// Frame bytes read ahead for each reader of the log (rating, archive). As much again may come on top, an equal
    /// share for each partition that others leave no room; and a partition always has room for one frame.
    /// </summary>
    [Range(1 << 20, int.MaxValue)]
    public int ReadAheadBytes { get; init; } = 64 << 20;

    /// <summary>The compacted topic that keeps the log's identity.</summary>
    internal string IdentityTopic => Topic + ".identity";

    /// <summary>A consumer group's name.</summary>
    internal string GroupOf(string role) => $"{GroupPrefix}{Topic}.{role}";

    /// <exception cref="LogRefusedException">
    /// A setting that cannot work; the message names it and what would be right.
    /// </exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(BootstrapServers))
            throw new LogRefusedException("Kafka BootstrapServers: must be given, as host:port,host:port.");
        if (Topic.Length is 0 or > 200 || !Topic.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            throw new LogRefusedException(
                $"Kafka Topic: '{Topic}' must have 1 to 200 letters, digits, dots, underscores or hyphens.");
        }

        var results = new List<ValidationResult>();
        if (!Validator.TryValidateObject(this, new(this), results, validateAllProperties: true))
            throw new LogRefusedException("Kafka: " + string.Join(' ', results.Select(result => result.ErrorMessage)));
        RequirePositive(nameof(Retention), Retention);
        RequirePositive(nameof(DedupeWindow), DedupeWindow);
        foreach (var (name, value) in new[]
        {
            (nameof(AppendTimeout), AppendTimeout), (nameof(ReadBackTimeout), ReadBackTimeout),
            (nameof(ReadTimeout), ReadTimeout), (nameof(RequestTimeout), RequestTimeout),
            (nameof(SessionTimeout), SessionTimeout), (nameof(HandOverPatience), HandOverPatience),
        })
        {
            if (value < TimeSpan.FromMilliseconds(100) || value > TimeSpan.FromMinutes(15))
                throw new LogRefusedException($"Kafka {name}: {value} must be between 0.1 seconds and 15 minutes.");
        }

        ValidateSecurity();
    }

    void ValidateSecurity()
    {
        var sasl = Security is KafkaSecurity.SaslPlaintext or KafkaSecurity.SaslTls;
        if (sasl && (SaslUser.Length == 0 || SaslPassword.Length == 0))
            throw new LogRefusedException($"Kafka SaslUser, SaslPassword: Security {Security} needs both.");
        if (!sasl && SaslUser.Length > 0)
        {
            throw new LogRefusedException(
                $"Kafka SaslUser: set, but Security is {Security}: set it to SaslTls or SaslPlaintext.");
        }

        foreach (var (name, path) in new[]
        {
            (nameof(TlsCaFile), TlsCaFile), (nameof(TlsCertificateFile), TlsCertificateFile),
            (nameof(TlsKeyFile), TlsKeyFile),
        })
        {
            if (path.Length == 0) continue;
            if (Security is KafkaSecurity.Plaintext or KafkaSecurity.SaslPlaintext)
            {
                throw new LogRefusedException(
                    $"Kafka {name}: set, but Security is {Security}: set it to Tls or SaslTls.");
            }

            if (!File.Exists(path)) throw new LogRefusedException($"Kafka {name}: there is no file {path}.");
        }

        if ((TlsCertificateFile.Length == 0) != (TlsKeyFile.Length == 0))
            throw new LogRefusedException("Kafka TlsCertificateFile, TlsKeyFile: set both, or neither.");
    }

    static void RequirePositive(string name, TimeSpan value)
    {
        if (value <= TimeSpan.Zero) throw new LogRefusedException($"Kafka {name}: {value} must be above zero.");
    }
}
