using Microsoft.Extensions.Logging;

namespace Received.Ingest;

/// <summary>All that the front door logs. Refusals are the client's business: debug, and a metric by code.</summary>
static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Debug, "{Path} refused with {Status} {Code}")]
    public static partial void Refused(ILogger logger, string path, int status, string code);

    [LoggerMessage(2, LogLevel.Warning, "{Path} turned away with {Status} {Code}")]
    public static partial void TurnedAway(ILogger logger, string path, int status, string code);

    [LoggerMessage(3, LogLevel.Debug, "Client of {Path} left before its answer")]
    public static partial void ClientLeft(ILogger logger, string path);

    [LoggerMessage(4, LogLevel.Information,
        "Front door open: timestamps from {Past} back to {Future} ahead, {Partitions} partitions")]
    public static partial void Open(ILogger logger, TimeSpan past, TimeSpan future, int partitions);

    [LoggerMessage(5, LogLevel.Information, "Front door closing: waiting for frames on their way")]
    public static partial void Closing(ILogger logger);

    [LoggerMessage(6, LogLevel.Information, "Front door closed")]
    public static partial void Closed(ILogger logger);

    [LoggerMessage(7, LogLevel.Error, "{Path} failed unexpectedly")]
    public static partial void Failed(ILogger logger, string path, Exception exception);
}
