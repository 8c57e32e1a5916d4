using Microsoft.Extensions.Logging;

namespace Received.Usage.DuckDb;

static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Error, "The usage store failed and will be opened anew: {Reason}")]
    public static partial void StoreFailed(ILogger logger, string reason);
}
