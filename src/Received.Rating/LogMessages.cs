using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Rating;

/// <summary>All that the loops behind the log report.</summary>
static partial class LogMessages
{
    [LoggerMessage(2001, LogLevel.Information, "{Loop} runs over {Partitions} partitions, {Behind} frames behind.")]
    public static partial void Running(this ILogger logger, string loop, int partitions, long behind);

    [LoggerMessage(2002, LogLevel.Warning, "{Loop} waits {Delay} and tries again: {Reason}")]
    public static partial void Unavailable(this ILogger logger, string loop, TimeSpan delay, string reason);

    [LoggerMessage(2003, LogLevel.Error, "{Loop} failed unexpectedly, waits {Delay} and tries again.")]
    public static partial void FailedUnexpectedly(
        this ILogger logger, string loop, TimeSpan delay, Exception exception);

    [LoggerMessage(2004, LogLevel.Critical, "{Loop} refuses to run: {Reason}")]
    public static partial void Refused(this ILogger logger, string loop, string reason);

    [LoggerMessage(2005, LogLevel.Information, "{Loop} works again.")]
    public static partial void WorksAgain(this ILogger logger, string loop);

    [LoggerMessage(2006, LogLevel.Warning,
        "Partition {Partition}: frame {Offset} is parked, {Reason}, {Events} events.")]
    public static partial void FrameParked(
        this ILogger logger, ushort partition, long offset, ParkReason reason, int events);

    [LoggerMessage(2007, LogLevel.Warning,
        "Partition {Partition} is being rated by someone else too: going on from frame {Next}.")]
    public static partial void Overtaken(this ILogger logger, ushort partition, long next);

    [LoggerMessage(2008, LogLevel.Warning, "The log could not be told what it may forget; it is tried again.")]
    public static partial void TrimFailed(this ILogger logger, Exception exception);

    [LoggerMessage(
        2009, LogLevel.Information, "{Loop} owns the partitions [{Partitions}] now, {Behind} frames behind.")]
    public static partial void Owns(this ILogger logger, string loop, string partitions, long behind);

    [LoggerMessage(2010, LogLevel.Critical, "{Loop} refuses partition {Partition}; others go on. {Reason}")]
    public static partial void PartitionRefused(this ILogger logger, string loop, ushort partition, string reason);

    [LoggerMessage(
        2011, LogLevel.Warning,
        "The heartbeat of partition {Partition} is dated {Ahead} ahead of this machine's clock: clocks of raters must "
        + "agree within a second. Invoices of its customers wait until this clock has passed it.")]
    public static partial void ClockBehind(this ILogger logger, ushort partition, TimeSpan ahead);
}
