using Microsoft.Extensions.Logging;

namespace Received.Log.Segments;

/// <summary>
/// Deletes the oldest segments, one by one and each durably before the next, so that a power loss never leaves a hole.
/// </summary>
sealed class SegmentTrimmer(
    FileLayer files, SegmentLogOptions options, LogState state, SegmentCache cache, TimeProvider time, ILogger logger)
{
    readonly Lock _one = new();

    public Task TrimAsync(IReadOnlyList<long> before, CancellationToken cancellation) => Task.Run(
        () =>
        {
            lock (_one)
            {
                state.ThrowIfClosed();
                Trim(before);
            }
        },
        cancellation);

    /// <summary>Waits for a trim under way; the state is closed already, so none begins.</summary>
    public Task StopAsync() => Task.Run(() =>
    {
        lock (_one) return;
    });

    void Trim(IReadOnlyList<long> before)
    {
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        while (state.Segments is [var first, var next, ..] && MayGo(next, before, nowMs))
        {
            state.DropFirst();
            cache.Forget(first.Number);
            try
            {
                files.Delete(first.Path);
                files.Delete(first.SidecarPath);
                files.SyncFolder(options.Folder);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is there again after the next open, and goes then.
                LogMessages.NotTrimmed(logger, first.Path, error);
                return;
            }

            LogMessages.Trimmed(logger, first.Path);
        }
    }

    /// <summary>
    /// The segment before this one: passed by all, and no record in it younger than this one's beginning.
    /// </summary>
    bool MayGo(Segment next, IReadOnlyList<long> before, long nowMs)
    {
        if (nowMs - next.CreatedMs < options.RetentionMin.TotalMilliseconds) return false;
        for (var p = 0; p < before.Count; p++)
            if (next.Heads[p] > before[p]) return false;
        return true;
    }
}
