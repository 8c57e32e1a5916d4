using Microsoft.Extensions.Logging;

namespace Received.Log;

/// <summary>Everything the log stage says.</summary>
static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Warning,
        "The log's last group was torn: cut {Bytes} bytes of {Segment} at {Position}, kept in {KeptIn}. "
        + "None of it was acknowledged.")]
    public static partial void TailCut(ILogger logger, long bytes, string segment, long position, string keptIn);

    [LoggerMessage(2, LogLevel.Error,
        "Segment {Segment} is damaged: the records concerned are served as broken, all others as they are.")]
    public static partial void SegmentDamaged(ILogger logger, string segment);

    [LoggerMessage(3, LogLevel.Error,
        "Both copies of the header of segment {Segment} are broken: read from its groups.")]
    public static partial void SegmentHeaderBroken(ILogger logger, string segment);

    [LoggerMessage(4, LogLevel.Warning, "The index of segment {Segment} is {How}: made anew from the segment.")]
    public static partial void IndexRebuilt(ILogger logger, string segment, string how);

    [LoggerMessage(5, LogLevel.Warning, "The index of segment {Segment} could not be written: made anew when needed.")]
    public static partial void SidecarNotWritten(ILogger logger, string segment, Exception error);

    [LoggerMessage(6, LogLevel.Error, "The log in {Folder} cannot write: appends are refused until it can.")]
    public static partial void Failing(ILogger logger, string folder, Exception error);

    [LoggerMessage(7, LogLevel.Information, "The log in {Folder} writes again.")]
    public static partial void WorksAgain(ILogger logger, string folder);

    [LoggerMessage(8, LogLevel.Debug, "The next segment {Path} could not be prepared ahead: {Reason}")]
    public static partial void PreparationFailed(ILogger logger, string path, string reason);

    [LoggerMessage(9, LogLevel.Warning, "The unused end of segment {Segment} could not be given back.")]
    public static partial void NotTruncated(ILogger logger, string segment, Exception error);

    [LoggerMessage(10, LogLevel.Critical, "The log's writer ended by an error of its own: nothing can be appended.")]
    public static partial void WriterEnded(ILogger logger, Exception error);

    [LoggerMessage(11, LogLevel.Warning,
        "The log in {Folder} could not note its clean end: the next start reads more.")]
    public static partial void NoMarker(ILogger logger, string folder, Exception error);

    [LoggerMessage(12, LogLevel.Information, "Trimmed segment {Segment}.")]
    public static partial void Trimmed(ILogger logger, string segment);

    [LoggerMessage(13, LogLevel.Warning, "Segment {Segment} could not be deleted; tried again at the next trim.")]
    public static partial void NotTrimmed(ILogger logger, string segment, Exception error);

    [LoggerMessage(20, LogLevel.Information, "Made topic {Topic} with {Partitions} partitions, {Replicas} replicas.")]
    public static partial void TopicMade(ILogger logger, string topic, int partitions, int replicas);

    [LoggerMessage(21, LogLevel.Warning, "Topic {Topic} {What}")]
    public static partial void TopicDoubtful(ILogger logger, string topic, string what);

    [LoggerMessage(22, LogLevel.Warning,
        "Kafka's user may not read the settings of topic {Topic} (DescribeConfigs): they were not checked.")]
    public static partial void TopicUnchecked(ILogger logger, string topic);

    [LoggerMessage(23, LogLevel.Warning, "Kafka's client: {Facility}: {Text}")]
    public static partial void KafkaComplains(ILogger logger, string facility, string text);

    [LoggerMessage(24, LogLevel.Debug, "Kafka's client: {Facility}: {Text}")]
    public static partial void KafkaSays(ILogger logger, string facility, string text);

    [LoggerMessage(25, LogLevel.Error, "Kafka does not serve the log: {Reason}")]
    public static partial void KafkaFails(ILogger logger, string reason);

    [LoggerMessage(26, LogLevel.Information, "Kafka serves the log again.")]
    public static partial void KafkaWorksAgain(ILogger logger);

    [LoggerMessage(27, LogLevel.Critical, "{Reason} Nothing is appended or read any more.")]
    public static partial void TopicReplaced(ILogger logger, string reason);

    [LoggerMessage(28, LogLevel.Error, "Kafka's producer gave up and is made anew: {Reason}")]
    public static partial void ProducerReplaced(ILogger logger, string reason);

    [LoggerMessage(41, LogLevel.Error, "Kafka's producer cannot be made anew, and is tried again: {Reason}")]
    public static partial void ProducerNotMade(ILogger logger, string reason);

    [LoggerMessage(29, LogLevel.Warning,
        "{Count} frames had no clear answer: {Found} were found in the log and are acknowledged, the outcome of the "
        + "others is unknown.")]
    public static partial void ReadBack(ILogger logger, int count, int found);

    [LoggerMessage(30, LogLevel.Warning, "Frames without a clear answer could not be looked for: {Reason}")]
    public static partial void ReadBackFailed(ILogger logger, string reason);

    [LoggerMessage(31, LogLevel.Error,
        "Partition {Partition} has no frames at {From} to {To}: they count as broken. The topic was written by "
        + "something else, or compacted.")]
    public static partial void OffsetsMissing(ILogger logger, int partition, long from, long to);

    [LoggerMessage(32, LogLevel.Warning, "Partition {Partition} cannot be read: {Reason}")]
    public static partial void PartitionUnreadable(ILogger logger, int partition, string reason);

    [LoggerMessage(33, LogLevel.Critical, "A reader of Kafka ended by an error of its own.")]
    public static partial void ReaderEnded(ILogger logger, Exception error);

    [LoggerMessage(34, LogLevel.Information, "Group {Group} gave partitions {Partitions}.")]
    public static partial void GroupGave(ILogger logger, string group, string partitions);

    [LoggerMessage(35, LogLevel.Information, "Group {Group} took partitions {Partitions}: written and let go.")]
    public static partial void GroupTook(ILogger logger, string group, string partitions);

    [LoggerMessage(36, LogLevel.Warning,
        "Group {Group} took partitions {Partitions}, and the loop did not let go of them in {Patience}.")]
    public static partial void GroupTookUnanswered(
        ILogger logger, string group, string partitions, TimeSpan patience);

    [LoggerMessage(37, LogLevel.Warning,
        "Group {Group} gave this process up, and partitions {Partitions} to others: it was silent for too long.")]
    public static partial void GroupLost(ILogger logger, string group, string partitions);

    [LoggerMessage(38, LogLevel.Error, "Group {Group} gives nothing: {Reason}")]
    public static partial void GroupFails(ILogger logger, string group, string reason);

    [LoggerMessage(39, LogLevel.Warning, "Group {Group}: positions could not be committed: {Reason}")]
    public static partial void NotCommitted(ILogger logger, string group, string reason);

    [LoggerMessage(40, LogLevel.Critical, "Membership of group {Group} ended by an error of its own.")]
    public static partial void GroupEnded(ILogger logger, string group, Exception error);
}
