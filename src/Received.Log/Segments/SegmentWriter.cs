using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Log.Segments;

/// <summary>
/// The one thread that writes. Goal: one write and one fdatasync for all frames that wait, then all their answers.
/// Invariants: nothing is acknowledged or readable before its fdatasync returned; after a failed write or fdatasync
/// nothing behind the last durable byte of that segment is ever used, and the next segment's header says so before an
/// offset is given out anew.
/// </summary>
sealed class SegmentWriter
{
    static readonly TimeSpan BackoffMin = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan BackoffMax = TimeSpan.FromSeconds(5);

    readonly FileLayer _files;
    readonly SegmentLogOptions _options;
    readonly LogIdentity _identity;
    readonly LogState _state;
    readonly SegmentCache _cache;
    readonly TimeProvider _time;
    readonly ILogger _logger;
    readonly SegmentPreparer _preparer;
    readonly AppendQueue _queue;
    readonly GroupBuffer _buffer;
    readonly ITimer _retry;
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly long[] _heads;
    readonly long[] _laid;

    // The writer's thread alone touches these once it runs.
    Segment? _last;
    OpenSegment? _active;
    bool _writable;
    long _end;
    long _nextGroup;
    Thread? _sealing;
    TimeSpan _backoff = BackoffMin;
    Exception? _failure;
    long _bytesWritten;
    long _groupsWritten;
    long _lastSyncTicks;

    public SegmentWriter(
        FileLayer files, SegmentLogOptions options, LogIdentity identity, LogState state, SegmentCache cache,
        LogTail tail, TimeProvider time, ILogger logger)
    {
        (_files, _options, _identity, _state, _cache) = (files, options, identity, state, cache);
        (_time, _logger) = (time, logger);
        (_last, _active, _writable, _end, _nextGroup) =
            (tail.Last, tail.Active, tail.Writable, tail.End, tail.NextGroup);
        _heads = state.Heads;
        _laid = new long[_heads.Length];
        _preparer = new(files, options, logger);
        _queue = new(options.QueueBytesMax, options.GroupBytesMax);
        _buffer = new(identity.PartitionCount);
        _retry = time.CreateTimer(_ => _queue.Probe(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        // Damage or a torn tail in the last segment: a new one begins at once, so that it is judged only once.
        if (_last is not null && !_writable) _queue.Probe();
    }

    public long QueuedBytes => _queue.Bytes;

    public long BytesWritten => Interlocked.Read(ref _bytesWritten);

    public long GroupsWritten => Interlocked.Read(ref _groupsWritten);

    public TimeSpan LastSync => new(Interlocked.Read(ref _lastSyncTicks));

    public Exception? Failure => Volatile.Read(ref _failure);

    public void Start() => new Thread(Run) { IsBackground = true, Name = "log writer" }.Start();

    public void Add(PendingAppend append) => _queue.Add(append);

    /// <summary>Writes what waits, then ends the thread and leaves the marker of a clean end.</summary>
    public async Task StopAsync()
    {
        _queue.Close();
        await _ended.Task;
        await _retry.DisposeAsync();
    }

    void Run()
    {
        var taken = new List<PendingAppend>();
        try
        {
            _preparer.Start();
            while (_queue.Take(taken))
            {
                if (taken.Count > 0) Commit(taken);
                else Probe();
            }

            Finish();
            _ended.SetResult();
        }
        catch (Exception error)
        {
            // A bug: nobody may wait for an answer that does not come.
            LogMessages.WriterEnded(_logger, error);
            Volatile.Write(ref _failure, error);
            _queue.Close();
            do FailAll(taken, error);
            while (_queue.Take(taken));
            _ended.SetResult();
        }
    }

    void Commit(List<PendingAppend> taken)
    {
        try
        {
            for (var at = 0; at < taken.Count;)
            {
                if (!Fits(taken[at].StoredBytes)) Roll();
                var group = CollectionsMarshal.AsSpan(taken)[at..];
                group = group[..CountThatFits(group)];
                Write(group);
                at += group.Length;
            }

            Recovered();
        }
        catch (Exception error) when (IsStorage(error))
        {
            Failed(error);
            FailAll(taken, error);
        }
    }

    bool Fits(int storedBytes) =>
        _writable && _end + GroupHeader.Bytes(_heads.Length) + storedBytes <= _options.SegmentBytes;

    int CountThatFits(ReadOnlySpan<PendingAppend> appends)
    {
        var room = _options.SegmentBytes - _end - GroupHeader.Bytes(_heads.Length);
        var count = 0;
        while (count < appends.Length && room >= appends[count].StoredBytes) room -= appends[count++].StoredBytes;
        return count;
    }

    void Write(ReadOnlySpan<PendingAppend> group)
    {
        _heads.CopyTo(_laid, 0);
        var bytes = _buffer.Lay(
            group, _nextGroup++, _end, _options.SegmentBytes, _laid, _cache.Seed(_last!));
        // Until the sync is back the segment counts as lost: whatever throws below, nothing more goes into it.
        _writable = false;
        _active!.File.Write(_buffer.Pieces, _end);
        var started = _time.GetTimestamp();
        _active.File.Sync();
        Interlocked.Exchange(ref _lastSyncTicks, _time.GetElapsedTime(started).Ticks);
        _writable = true;
        _end += bytes;
        Interlocked.Add(ref _bytesWritten, bytes);
        Interlocked.Increment(ref _groupsWritten);
        foreach (var append in group)
            _active.Index.Add(append.Partition.Value, append.Offset, new(append.Position, append.Frame.Length));
        _laid.CopyTo(_heads, 0);
        _state.Publish(_heads);
        foreach (var append in group) append.TrySetResult(append.Offset);
    }

    /// <summary>
    /// Begins the next segment. Its header and its name are durable before any append goes in; from the moment that it
    /// may exist the old one takes nothing more, since its end stands in the new header.
    /// </summary>
    void Roll()
    {
        var file = _preparer.Take();
        var number = (_last?.Number ?? 0) + 1;
        var path = Segment.PathOf(_options.Folder, number);
        _writable = false;
        var created = _time.GetUtcNow().ToUnixTimeMilliseconds();
        try
        {
            file.Write([new SegmentHeader(_identity.Id, number, _nextGroup, _end, created, _heads).ToBytes()], 0);
            file.Sync();
            _files.Rename(_preparer.Path, path);
            _files.SyncFolder(_options.Folder);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        Seal();
        _last = new(path, number, [.. _heads], created, long.MaxValue);
        _active = new(number, file, new(_heads));
        _cache.Add(_active);
        _state.Roll(_last, _end);
        _end = SegmentHeader.Bytes;
        _writable = true;
        _preparer.Start();
    }

    /// <summary>The old active segment: gives back its unused room and gets its index written beside it.</summary>
    void Seal()
    {
        if (_active is not { } old || _last is not { } segment) return;
        var end = _end;
        _sealing?.Join();
        _sealing = new Thread(() => Seal(old, segment, end)) { IsBackground = true, Name = "log sealer" };
        _sealing.Start();
    }

    void Seal(OpenSegment old, Segment segment, long end)
    {
        try
        {
            old.File.Truncate(end);
        }
        catch (Exception error) when (IsStorage(error))
        {
            LogMessages.NotTruncated(_logger, segment.Path, error);
        }

        _cache.WriteSidecar(segment, old.Index);
        _cache.Return(old);
    }

    /// <summary>Nobody asks, or not yet: look whether the log could work again, so that health shows it.</summary>
    void Probe()
    {
        if (_failure is null && _writable) return;
        try
        {
            if (!_writable) Roll();
            else _preparer.Ensure();
            Recovered();
        }
        catch (Exception error) when (IsStorage(error))
        {
            Failed(error);
        }
    }

    void Failed(Exception error)
    {
        if (_failure is null) LogMessages.Failing(_logger, _options.Folder, error);
        Volatile.Write(ref _failure, error);
        _retry.Change(_backoff, Timeout.InfiniteTimeSpan);
        _backoff = _backoff * 2 < BackoffMax ? _backoff * 2 : BackoffMax;
    }

    void Recovered()
    {
        if (_failure is null) return;
        LogMessages.WorksAgain(_logger, _options.Folder);
        Volatile.Write(ref _failure, null);
        _backoff = BackoffMin;
    }

    static void FailAll(List<PendingAppend> appends, Exception error)
    {
        var full = DiskFiles.IsDiskFull(error);
        var refusal = new LogUnavailableException(
            full ? "The log's disk is full." : $"The log cannot write: {error.Message}",
            full ? LogUnavailableReason.DiskFull : LogUnavailableReason.Failing, error);
        // Those of an earlier group of the same batch are durable and answered: their result stays.
        foreach (var append in appends) append.TrySetException(refusal);
    }

    void Finish()
    {
        _preparer.Stop();
        _sealing?.Join();
        if (_last is null) return;
        try
        {
            _files.WriteWhole(
                Path.Combine(_options.Folder, CleanMarker.Name),
                new CleanMarker(_identity.Id, _last.Number, _end, _nextGroup, _heads).ToBytes());
        }
        catch (Exception error) when (IsStorage(error))
        {
            LogMessages.NoMarker(_logger, _options.Folder, error);
        }

        if (_active is not null) _cache.Return(_active);
    }

    static bool IsStorage(Exception error) => error is IOException or UnauthorizedAccessException;
}
