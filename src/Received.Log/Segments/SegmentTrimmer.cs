using Microsoft.Extensions.Logging;

namespace Received.Log.Segments;

/// <summary>
/// Deletes the oldest segments, one by one and each durably before the next, so that a power loss never leaves a hole.
/// </summary>
sealed class SegmentTrimmer(
    FileLayer files, SegmentLogOptions options, LogState state, SegmentCache cache, TimeProvider time, ILogger logger)
{
    readonly Lock _one = new();

    // Taken from readers, but its file may still stand. A younger one that goes before it would leave a hole, which
    // the next open would serve as broken records.
    Segment? _undeleted;

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
        while (TryDelete() && state.Segments is [var first, var next, ..] && MayGo(next, before, nowMs))
        {
            state.DropFirst();
            cache.Forget(first.Number);
            _undeleted = first;
        }
    }

    /// <summary>False where the file of the segment that went last could not be deleted.</summary>
    bool TryDelete()
    {
        if (_undeleted is not { } segment) return true;
        try
        {
            files.Delete(segment.Path);
            files.Delete(segment.SidecarPath);
            files.SyncFolder(options.Folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogMessages.NotTrimmed(logger, segment.Path, error);
            return false;
        }

        _undeleted = null;
        LogMessages.Trimmed(logger, segment.Path);
        return true;
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
