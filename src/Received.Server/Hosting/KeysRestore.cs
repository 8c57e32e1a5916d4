using Received.Log;
using Received.Log.Segments;
using Received.Model;
using Received.Server.Options;
using Received.Usage;

namespace Received.Server.Hosting;

/// <summary>
/// Makes the key index anew where its folder is gone (deleted because it was corrupt, or left out of a backup). Goal:
/// rating never goes on from stored totals with an index that has forgotten their keys, which would count retries twice
/// without a trace. A crash in between leaves the folder missing, and the next start begins again.
/// </summary>
static class KeysRestore
{
    /// <summary>To be called before the index is opened, which makes its folder.</summary>
    /// <exception cref="LogRefusedException">The index is gone and cannot be made anew.</exception>
    public static async Task RunAsync(
        Settings settings, SegmentLog log, IUsageStore store, TimeProvider time, ILoggerFactory logging,
        CancellationToken cancellation)
    {
        var keys = DataFolder.Keys(settings.Folder);
        if (Directory.Exists(keys) || !await HasRatedAsync(log, store, cancellation)) return;
        var logger = logging.CreateLogger("Received.Server");
        logger.KeysGone(keys);
        var scratch = Path.Combine(settings.Folder, RerateRun.FolderName);
        try
        {
            RerateRun.Delete(scratch);
            DataFolder.Create(scratch);
            var result = await RerateRun.MakeAsync(scratch, log, store, settings, time, logging, cancellation);
            // Its files are durable; the folder's own name need not be: without it the next start does this again.
            Directory.Move(DataFolder.Keys(scratch), keys);
            logger.KeysRestored(result.Events, result.Duration);
            if (!result.Equal) logger.TotalsDiffer();
        }
        catch (Exception e) when (e is InvalidOperationException or LogRangeException)
        {
            throw new LogRefusedException(
                $"The key index {keys} is gone and cannot be made anew: {e.Message} Put the folder back from a copy.");
        }
        finally
        {
            RerateRun.Delete(scratch);
        }
    }

    static async Task<bool> HasRatedAsync(SegmentLog log, IUsageStore store, CancellationToken cancellation)
    {
        for (var number = 0; number < log.Identity.PartitionCount; number++)
        {
            if ((await store.ReadRatedAsync(new PartitionId((ushort)number), cancellation)).Next > 0) return true;
        }

        return false;
    }
}
