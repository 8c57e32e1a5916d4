using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Log.Segments;

/// <summary>
/// The embedded log: one folder, one physical sequence of segment files for all partitions. Goal: law 1 with one
/// fdatasync for all frames that wait. Invariant: an offset that was acknowledged or read means the same frame for
/// ever; readers see only what is durable. The caller holds a <see cref="FolderLock"/>. Layout: docs/segment-format.md.
/// </summary>
public sealed class SegmentLog : ILog
{
    readonly SegmentLogOptions _options;
    readonly LogState _state;
    readonly SegmentCache _cache;
    readonly SegmentWriter _writer;
    readonly SegmentReader _reader;
    readonly SegmentTrimmer _trimmer;
    bool _started;
    bool _disposed;

    SegmentLog(
        FileLayer files, SegmentLogOptions options, LogIdentity identity, LogState state, SegmentCache cache,
        LogTail tail, LogRecovery recovery, TimeProvider time, ILogger logger)
    {
        _options = options;
        _state = state;
        _cache = cache;
        Identity = identity;
        Recovery = recovery;
        _writer = new(files, options, identity, state, cache, tail, time, logger);
        _reader = new(state, cache);
        _trimmer = new(files, options, state, cache, time, logger);
    }

    /// <summary>
    /// Opens the folder's log, or makes one where there is none. An existing one can be looked at and read; nothing
    /// is written behind its end before <see cref="Start"/>, so that it can still be refused as it was found.
    /// </summary>
    /// <exception cref="LogRefusedException">The log was made with other settings, or its identity is lost.</exception>
    public static Task<SegmentLog> OpenAsync(
        SegmentLogOptions options, FileLayer files, TimeProvider time, ILogger logger)
    {
        options.Validate();
        return Task.Run(() => Open(options, files, time, logger));
    }

    /// <summary>Opens and starts.</summary>
    /// <exception cref="LogRefusedException">As <see cref="OpenAsync"/>.</exception>
    public static async Task<SegmentLog> StartAsync(
        SegmentLogOptions options, FileLayer files, TimeProvider time, ILogger logger)
    {
        var log = await OpenAsync(options, files, time, logger);
        log.Start();
        return log;
    }

    static SegmentLog Open(SegmentLogOptions options, FileLayer files, TimeProvider time, ILogger logger)
    {
        files.CreateFolder(options.Folder);
        var names = files.List(options.Folder);
        var numbers = names.Select(Segment.NumberOf).OfType<long>().Order().ToList();
        var identity = IdentityFile.ReadOrMake(files, options, numbers.Count > 0);
        foreach (var name in names)
        {
            // Beginnings of files that never got their name.
            if (name == SegmentPreparer.Name || name.EndsWith(".tmp", StringComparison.Ordinal))
                files.Delete(Path.Combine(options.Folder, name));
        }

        // A process killed between naming a segment and syncing the name left a name that a power loss could still
        // take, with all that is appended from here on.
        files.SyncFolder(options.Folder);
        var cache = new SegmentCache(files, identity, logger);
        try
        {
            var recovery = new SegmentRecovery(files, options, identity, cache, logger);
            var (state, tail, cleanEnd) = recovery.Open(numbers);
            return new(
                files, options, identity, state, cache, tail, recovery.Result(cleanEnd), time, logger);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    public LogIdentity Identity { get; }

    /// <summary>What the open found: whether the end was clean, what was cut, what is damaged.</summary>
    public LogRecovery Recovery { get; }

    /// <summary>Bytes of groups made durable since the open, headers included.</summary>
    public long BytesWritten => _writer.BytesWritten;

    /// <summary>Groups, and so fdatasyncs, since the open.</summary>
    public long GroupsWritten => _writer.GroupsWritten;

    /// <summary>How long the last fdatasync took.</summary>
    public TimeSpan LastSync => _writer.LastSync;

    /// <summary>Frame bytes that wait for the writer.</summary>
    public long QueuedBytes => _writer.QueuedBytes;

    /// <summary>Why the log cannot write at the moment; null where it can.</summary>
    public Exception? Failure => _writer.Failure;

    public int SegmentCount => _state.Segments.Length;

    /// <summary>From here on the log is this process's: it may write. Once.</summary>
    public void Start()
    {
        _started = true;
        _writer.Start();
    }

    public Task<long> AppendAsync(PartitionId partition, ReadOnlyMemory<byte> frame)
    {
        RequirePartition(partition);
        FrameHeader.RequireWhole(frame.Span, partition);
        var append = new PendingAppend(partition, frame);
        var room = _options.SegmentBytes - SegmentHeader.Bytes - GroupHeader.Bytes(Identity.PartitionCount);
        if (append.StoredBytes > room)
            throw new ArgumentException($"A frame of {frame.Length} bytes fits no segment.", nameof(frame));
        try
        {
            _writer.Add(append);
        }
        catch (LogUnavailableException error)
        {
            return Task.FromException<long>(error);
        }

        return append.Task;
    }

    public LogExtent Extent(PartitionId partition)
    {
        RequirePartition(partition);
        return _state.Extent(partition);
    }

    public ValueTask ObserveHeadsAsync(
        ReadOnlyMemory<PartitionId> partitions, Memory<long> heads, CancellationToken cancellation = default)
    {
        for (var i = 0; i < partitions.Length; i++) heads.Span[i] = Extent(partitions.Span[i]).Head;
        return default;
    }

    public ValueTask<LogBatch> ReadAsync(
        PartitionId partition, long offset, int bytesMax, CancellationToken cancellation = default)
    {
        RequirePartition(partition);
        cancellation.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_reader.Read(partition, offset, bytesMax));
    }

    public Task WaitAsync(PartitionId partition, long offset, CancellationToken cancellation = default)
    {
        RequirePartition(partition);
        return _state.WaitAsync(partition, offset, cancellation);
    }

    public ValueTask TrimAsync(IReadOnlyList<long> before, CancellationToken cancellation = default) =>
        before.Count == Identity.PartitionCount
            ? new(_trimmer.TrimAsync(before, cancellation))
            : throw new ArgumentException(
                $"{before.Count} offsets for {Identity.PartitionCount} partitions.", nameof(before));

    /// <summary>
    /// Writes what waits, answers it, and leaves the marker of a clean end; of a log that was not started, nothing.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        if (_started) await _writer.StopAsync();
        _state.Close();
        await _trimmer.StopAsync();
        _cache.Dispose();
    }

    void RequirePartition(PartitionId partition)
    {
        if (partition.Value >= Identity.PartitionCount)
            throw new ArgumentOutOfRangeException(nameof(partition), partition.Value, "The log has no such partition.");
    }
}
