using Microsoft.Extensions.Logging;

namespace Received.Billing;

static partial class LogMessages
{
    [LoggerMessage(
        3001, LogLevel.Warning, "Accounts and keys cannot be read at the moment; the last ones known stay in use.")]
    public static partial void AccessUnreadable(this ILogger logger, Exception exception);
}
