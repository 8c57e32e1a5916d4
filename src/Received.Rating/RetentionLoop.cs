using Microsoft.Extensions.Logging;
using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Tells the log what it may forget: what both loops have stored, but for the last such frame, which shows at the next
/// start that the log is still the one that was rated.
/// </summary>
public sealed class RetentionLoop(
    ILog log, IUsageStore store, RatingOptions options, TimeProvider time, ILogger<RetentionLoop> logger)
{
    /// <summary>Runs until cancelled; never throws.</summary>
    public async Task RunAsync(CancellationToken cancellation = default)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(options.RetentionEvery, time, cancellation);
                await TrimAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // The log is only larger for it until the next time.
                logger.TrimFailed(exception);
            }
        }
    }

    public async ValueTask TrimAsync(CancellationToken cancellation = default)
    {
        var before = new long[log.Identity.PartitionCount];
        for (var i = 0; i < before.Length; i++)
        {
            var partition = new PartitionId((ushort)i);
            var rated = await store.ReadRatedAsync(partition, cancellation);
            var archived = await store.ReadArchivedAsync(partition, cancellation);
            before[i] = Math.Max(log.Extent(partition).Start, Math.Min(rated.Next, archived.Next) - 1);
        }

        await log.TrimAsync(before, cancellation);
    }
}
