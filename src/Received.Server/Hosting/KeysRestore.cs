using Received.Log;
using Received.Log.Segments;
using Received.Model;
using Received.Server.Options;
using Received.Usage;
using Received.Usage.Runs;

namespace Received.Server.Hosting;

/// <summary>
/// Makes the key index anew where it is not what the store's totals stand for: its folder is gone, or older than the
/// store, or a file of it is missing or cut. Goal: rating never goes on from stored totals with an index that has
/// forgotten their keys, which would count retries twice without a trace. A crash in between leaves the folder as it
/// was or missing, and the next start begins again.
/// </summary>
static class KeysRestore
{
    /// <summary>To be called before the index is opened, which makes its folder.</summary>
    /// <exception cref="LogRefusedException">The index has lost keys and cannot be made anew.</exception>
    public static async Task RunAsync(
        Settings settings, ILog log, IUsageStore store, TimeProvider time, ILoggerFactory logging,
        CancellationToken cancellation)
    {
        var keys = DataFolder.Keys(settings.Folder);
        var rated = await ReadRatedAsync(log, store, cancellation);
        if (RunChain.FindGap(keys, rated, log.Identity.DedupeWindow, logging.CreateLogger<RunKeyIndex>())
            is not { } finding) return;
        var logger = logging.CreateLogger("Received.Server");
        logger.KeysGone(finding);
        var scratch = Path.Combine(settings.Folder, RerateRun.FolderName);
        try
        {
            RerateRun.Delete(scratch);
            DataFolder.Create(scratch);
            var result = await RerateRun.MakeAsync(scratch, log, store, settings, time, logging, cancellation);
            RerateRun.Delete(keys);
            // Its files are durable; the folder's own name need not be: without it the next start does this again.
            Directory.Move(DataFolder.Keys(scratch), keys);
            logger.KeysRestored(result.Events, result.Duration);
            if (!result.Equal) logger.TotalsDiffer();
        }
        catch (Exception e) when (e is InvalidOperationException or LogRangeException)
        {
            throw new LogRefusedException(
                $"{finding} It cannot be made anew: {e.Message} Put the folder {keys} back from a copy that is not "
                + "older than the usage store.");
        }
        finally
        {
            RerateRun.Delete(scratch);
        }
    }

    static async Task<IReadOnlyList<RatedProgress>> ReadRatedAsync(
        ILog log, IUsageStore store, CancellationToken cancellation)
    {
        var rated = new RatedProgress[log.Identity.PartitionCount];
        for (var number = 0; number < rated.Length; number++)
            rated[number] = await store.ReadRatedAsync(new PartitionId((ushort)number), cancellation);
        return rated;
    }
}
