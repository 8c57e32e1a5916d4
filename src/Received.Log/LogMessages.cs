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
}
