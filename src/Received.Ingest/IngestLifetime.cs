using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Received.Ingest.Batching;
using Received.Log;

namespace Received.Ingest;

/// <summary>
/// Checks at start what law 2 needs, and drains at the stop. Registered before the web server, hence stopped after it:
/// requests that are being answered get their answers first.
/// </summary>
sealed class IngestLifetime(
    ILog log, FrameBatcher batcher, IOptions<IngestOptions> options, ILogger<IngestLifetime> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        CheckWindow(settings, log.Identity.DedupeWindow);
        CheckRoom(settings);
        LogMessages.Open(logger, settings.PastLimit, settings.FutureLimit, log.Identity.PartitionCount);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        LogMessages.Closing(logger);
        await batcher.DrainAsync().WaitAsync(cancellationToken);
        LogMessages.Closed(logger);
    }

    /// <summary>A body that may be sent must have room, or it would be turned away for ever.</summary>
    /// <exception cref="OptionsValidationException">The settings do not go together.</exception>
    internal static void CheckRoom(IngestOptions options)
    {
        const string Section = IngestOptions.Section;
        if (options.BatchBodyBytesMax < (long)options.BytesInFlightMax * options.AccountSharePercent / 100) return;
        throw new OptionsValidationException(nameof(IngestOptions), typeof(IngestOptions),
        [
            $"{Section}:BatchBodyBytesMax ({options.BatchBodyBytesMax}) must be below AccountSharePercent "
            + $"({options.AccountSharePercent}) of {Section}:BytesInFlightMax ({options.BytesInFlightMax}): no such "
            + "body could ever be taken. Raise BytesInFlightMax or lower BatchBodyBytesMax.",
        ]);
    }

    /// <summary>
    /// A retry is refused once its timestamp is too old. First taken at the earliest FutureLimit before its timestamp,
    /// it can be taken again until PastLimit after it; between doors whose clocks differ by ClockSkew more. All that
    /// must lie within the time for which the log looks back.
    /// </summary>
    /// <exception cref="OptionsValidationException">The settings do not go together.</exception>
    internal static void CheckWindow(IngestOptions options, TimeSpan dedupeWindow)
    {
        const string Section = IngestOptions.Section;
        var failures = new List<string>();
        if (options.PastLimit <= TimeSpan.Zero) failures.Add($"{Section}:PastLimit must be above zero.");
        if (options.FutureLimit < TimeSpan.Zero) failures.Add($"{Section}:FutureLimit must not be below zero.");
        if (options.ClockSkew < TimeSpan.Zero) failures.Add($"{Section}:ClockSkew must not be below zero.");
        if (options.RoomWait < TimeSpan.Zero) failures.Add($"{Section}:RoomWait must not be below zero.");
        if (options.PastLimit > dedupeWindow - options.FutureLimit - options.ClockSkew)
        {
            failures.Add($"{Section}:PastLimit ({options.PastLimit}) + FutureLimit ({options.FutureLimit}) + ClockSkew "
                + $"({options.ClockSkew}) must be at most the log's dedupe window ({dedupeWindow}), which is fixed "
                + "with the log: lower one of the three, or a retry could be counted twice.");
        }

        if (failures.Count > 0)
            throw new OptionsValidationException(nameof(IngestOptions), typeof(IngestOptions), failures);
    }
}
