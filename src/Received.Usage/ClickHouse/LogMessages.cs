using Microsoft.Extensions.Logging;

namespace Received.Usage.ClickHouse;

static partial class ClickHouseMessages
{
    [LoggerMessage(1, LogLevel.Information, "Layout {Version} of database {Database} is made")]
    public static partial void SchemaApplied(ILogger logger, int version, string database);

    [LoggerMessage(
        2, LogLevel.Information,
        "Partition {Partition}: a flush that was cut short is written whole, from the journal")]
    public static partial void RolledForward(ILogger logger, ushort partition);

    [LoggerMessage(3, LogLevel.Information, "Keys of {Spans} spans of five days of log time are dropped")]
    public static partial void KeysDropped(ILogger logger, int spans);

    [LoggerMessage(
        4, LogLevel.Warning,
        "The lock on the tables of database {Database} is left, and broken after a minute: {Reason}")]
    public static partial void LockLeft(ILogger logger, string database, string reason);
}
