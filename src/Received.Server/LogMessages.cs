namespace Received.Server;

static partial class LogMessages
{
    [LoggerMessage(1001, LogLevel.Critical, "Rating and archive do not run: {Reason}")]
    public static partial void EngineRefused(this ILogger logger, string reason);

    [LoggerMessage(
        1002, LogLevel.Critical, "The loop {Loop} has ended by an error; restart the server to run it again.")]
    public static partial void LoopFailed(this ILogger logger, string loop, Exception exception);

    [LoggerMessage(
        1003, LogLevel.Information,
        "Listening on {Urls}; data folder {Folder}; roles: {Roles}; {Adapters}.")]
    public static partial void Listening(
        this ILogger logger, string urls, string folder, string roles, string adapters);

    [LoggerMessage(1004, LogLevel.Information, "Stopping: the doors are closed, what was accepted is being finished.")]
    public static partial void Stopping(this ILogger logger);

    [LoggerMessage(1005, LogLevel.Error, "{Method} {Path} failed.")]
    public static partial void RequestFailed(this ILogger logger, string method, string path, Exception exception);

    [LoggerMessage(1006, LogLevel.Warning, "{Method} {Path}: the usage store does not answer: {Reason}")]
    public static partial void StoreUnavailable(this ILogger logger, string method, string path, string reason);

    [LoggerMessage(1007, LogLevel.Warning, "{Finding} It is made anew from log and archive.")]
    public static partial void KeysGone(this ILogger logger, string finding);

    [LoggerMessage(1008, LogLevel.Information, "The key index is made anew from {Events} events in {Duration}.")]
    public static partial void KeysRestored(this ILogger logger, long events, TimeSpan duration);

    [LoggerMessage(
        1009, LogLevel.Error,
        "The stored totals are not those that log and archive give; 'received rerate' shows the differences.")]
    public static partial void TotalsDiffer(this ILogger logger);

    [LoggerMessage(
        1010, LogLevel.Warning,
        "Topic {Topic} serves the accounts of another data folder: those in {File} are not answered by this process.")]
    public static partial void AccountsOfOthers(this ILogger logger, string topic, string file);

    [LoggerMessage(1011, LogLevel.Error, "The invoice run failed; the next one goes on where it ended.")]
    public static partial void InvoiceRunFailed(this ILogger logger, Exception exception);

    [LoggerMessage(1012, LogLevel.Error, "The sweep of payments failed; the next one goes on where it ended.")]
    public static partial void PaymentSweepFailed(this ILogger logger, Exception exception);

    [LoggerMessage(1013, LogLevel.Information, "Notice {Type} {Id}: {Outcome}.")]
    public static partial void NoticeTaken(this ILogger logger, string type, string id, string outcome);

    [LoggerMessage(
        1014, LogLevel.Warning,
        "This is a demo: the clock is moved to {Now}. Nothing that it dates is to be believed.")]
    public static partial void ClockMoved(this ILogger logger, DateTimeOffset now);
}
