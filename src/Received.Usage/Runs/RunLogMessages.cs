using Microsoft.Extensions.Logging;

namespace Received.Usage.Runs;

static partial class RunLogMessages
{
    [LoggerMessage(
        Level = LogLevel.Information, Message = "Key index: merged {Runs} runs into one of {Records} keys")]
    public static partial void Merged(this ILogger logger, int runs, long records);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Key index: a merge failed and is tried again after the next add; nothing is lost")]
    public static partial void MergeFailed(this ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Key index: a run is corrupt; rating cannot go on")]
    public static partial void Corrupt(this ILogger logger, Exception exception);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Key index: {Path} is not needed any more and could not be deleted")]
    public static partial void DeleteFailed(this ILogger logger, string path, Exception exception);

    [LoggerMessage(
        Level = LogLevel.Information, Message = "Key index: {Path} was left by an unclean end and is deleted")]
    public static partial void LeftoverDeleted(this ILogger logger, string path);
}
