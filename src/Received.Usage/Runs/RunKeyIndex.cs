using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Model;

namespace Received.Usage.Runs;

/// <summary>
/// The embedded key index: immutable sorted files. Each add is a file of its own, made durable and then named; merges
/// in the background keep their number small. Memory: 0.2 bytes a key.
/// Invariant: a file with its final name is whole and durable, and is deleted only when another durable one holds all
/// that it holds, or when all of it has expired: so a crash at any moment leaves every added entry to be found.
/// One process has the folder at a time; within it all methods may be called at once.
/// </summary>
public sealed class RunKeyIndex : IKeyIndex
{
    readonly string _folder;
    readonly RunOptions _options;
    readonly ILogger _logger;
    readonly Lock _gate = new();
    readonly SemaphoreSlim _adding = new(1);
    readonly SemaphoreSlim _merging = new(1);
    readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly ConcurrentDictionary<PartitionId, long> _expireBeforeMs = new();
    readonly CancellationTokenSource _closing = new();
    readonly Task _merger;

    // How far each partition's keys go; whoever adds has it.
    readonly Dictionary<PartitionId, KeyMark> _reaches = [];

    // In order of age; replaced, never changed.
    Run[] _runs;
    long _lastNumber;
    KeyIndexCorruptException? _corrupt;
    bool _closed;

    RunKeyIndex(string folder, RunOptions options, ILogger logger, List<Run> runs)
    {
        _folder = folder;
        _options = options;
        _logger = logger;
        _runs = [.. runs];
        _lastNumber = runs.Count == 0 ? 0 : runs[^1].Range.Last;
        foreach (var run in runs) Reach(run);
        _merger = options.MergeInBackground ? Task.Run(MergeInBackgroundAsync) : Task.CompletedTask;
        _wake.Writer.TryWrite(true);
    }

    internal int RunCount => Volatile.Read(ref _runs).Length;

    /// <summary>Opens the index in the folder, which is made where it does not exist.</summary>
    /// <exception cref="KeyIndexCorruptException">The message says what to do.</exception>
    public static RunKeyIndex Open(string folder, RunOptions? options = null, ILogger? logger = null)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MergeFactor, 2, nameof(options.MergeFactor));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RunsMax, options.MergeFactor, nameof(options.RunsMax));
        logger ??= NullLogger.Instance;
        folder = Path.GetFullPath(folder);
        return new(folder, options, logger, RunFolder.Open(folder, logger));
    }

    public ValueTask FindAsync(
        PartitionId partition, ReadOnlyMemory<UInt128> identities, long notBeforeMs, Memory<KeyEntry> found,
        CancellationToken cancellation = default)
    {
        found.Span[..identities.Length].Clear();
        if (identities.IsEmpty) return default;
        var runs = Hold();
        var sorted = ArrayPool<UInt128>.Shared.Rent(identities.Length);
        var places = ArrayPool<int>.Shared.Rent(identities.Length);
        try
        {
            identities.Span.CopyTo(sorted);
            for (var i = 0; i < identities.Length; i++) places[i] = i;
            Array.Sort(sorted, places, 0, identities.Length);
            foreach (var run in runs)
            {
                cancellation.ThrowIfCancellationRequested();
                run.Find(
                    partition, sorted.AsSpan(0, identities.Length), places.AsSpan(0, identities.Length), notBeforeMs,
                    found.Span);
            }
        }
        finally
        {
            ArrayPool<UInt128>.Shared.Return(sorted);
            ArrayPool<int>.Shared.Return(places);
            LetGo(runs);
        }

        return default;
    }

    public async ValueTask AddAsync(IReadOnlyList<KeyBatch> batches, CancellationToken cancellation = default)
    {
        if (batches.All(batch => batch.Entries.IsEmpty)) return;
        if (RunCount >= _options.RunsMax) await MergeOnceAsync(cancellation);
        await _adding.WaitAsync(cancellation);
        try
        {
            ThrowIfUnusable();
            // Not again after a failure: the file may have got its name.
            _lastNumber++;
            var range = new RunRange(_lastNumber, _lastNumber);
            var run = Run.Open(Write(range, batches), range);
            Reach(run);
            lock (_gate) _runs = [.. _runs, run];
        }
        finally
        {
            _adding.Release();
        }

        _wake.Writer.TryWrite(true);
    }

    public async IAsyncEnumerable<ReadOnlyMemory<KeyEntry>> StreamAsync(
        PartitionId partition, long notBeforeMs, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var runs = Hold();
        try
        {
            foreach (var run in runs)
            {
                if (run.Section(partition) is not { } section || section.NewestMs < notBeforeMs) continue;
                using var cursor = new RunCursor(run, section, RunCursor.BlocksForStreams);
                while (cursor.TryReadChunk(notBeforeMs, out var chunk))
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (!chunk.IsEmpty) yield return chunk;
                    // Reading is synchronous, from the page cache for the most part: others get a turn.
                    await Task.Yield();
                }
            }
        }
        finally
        {
            LetGo(runs);
        }
    }

    public ValueTask ExpireAsync(PartitionId partition, long beforeMs, CancellationToken cancellation = default)
    {
        _expireBeforeMs.AddOrUpdate(partition, beforeMs, (_, known) => Math.Max(known, beforeMs));
        var expired = new List<Run>();
        lock (_gate)
        {
            foreach (var run in _runs)
                if (run.Sections.All(section => section.NewestMs < ExpireBefore(section.Partition))) expired.Add(run);
            if (expired.Count > 0) _runs = [.. _runs.Except(expired)];
        }

        foreach (var run in expired) Delete(run);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (_closed) return;
        await _closing.CancelAsync();
        _wake.Writer.TryComplete();
        await _merger;
        await _adding.WaitAsync();
        await _merging.WaitAsync();
        lock (_gate)
        {
            _closed = true;
            foreach (var run in _runs) run.LetGo();
            _runs = [];
        }

        _closing.Dispose();
        _adding.Dispose();
        _merging.Dispose();
    }

    /// <summary>Merges what is to be merged.</summary>
    /// <returns>False when nothing was, or it failed, which is logged.</returns>
    internal async Task<bool> MergeOnceAsync(CancellationToken cancellation)
    {
        await _merging.WaitAsync(cancellation);
        try
        {
            return Merge(cancellation);
        }
        catch (KeyIndexCorruptException exception)
        {
            _corrupt = exception;
            _logger.Corrupt(exception);
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _logger.MergeFailed(exception);
            return false;
        }
        finally
        {
            _merging.Release();
        }
    }

    async Task MergeInBackgroundAsync()
    {
        try
        {
            await foreach (var _ in _wake.Reader.ReadAllAsync(_closing.Token))
                while (await MergeOnceAsync(_closing.Token)) { }
        }
        catch (OperationCanceledException)
        {
            // Closing: the merge at hand left a temporary file at most.
        }
    }

    bool Merge(CancellationToken cancellation)
    {
        Run[] inputs;
        lock (_gate)
        {
            if (_closed || _corrupt is not null) return false;
            inputs = RunMerge.Choose(_runs, _options).ToArray();
            foreach (var run in inputs) run.Hold();
        }

        if (inputs.Length == 0) return false;
        try
        {
            var range = new RunRange(inputs[0].Range.First, inputs[^1].Range.Last);
            var path = RunMerge.Write(_folder, range, inputs, ExpireBefore, cancellation);
            var merged = path is null ? null : OpenMerged(path, range);
            Replace(inputs, merged);
            _logger.Merged(inputs.Length, merged?.Records ?? 0);
            return true;
        }
        finally
        {
            LetGo(inputs);
        }
    }

    /// <summary>
    /// A merged file that cannot be opened must not stay: its range would overlap that of a later merge, which the next
    /// start refuses.
    /// </summary>
    static Run OpenMerged(string path, RunRange range)
    {
        try
        {
            return Run.Open(path, range);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    void Replace(Run[] inputs, Run? merged)
    {
        Run[] gone;
        lock (_gate)
        {
            // Some may have expired meanwhile and are deleted already.
            gone = [.. _runs.Intersect(inputs)];
            var rest = _runs.Except(inputs);
            _runs = merged is null
                ? [.. rest]
                : [.. rest.Append(merged).OrderBy(run => run.Range.First)];
        }

        foreach (var run in gone) Delete(run);
    }

    string Write(RunRange range, IReadOnlyList<KeyBatch> batches)
    {
        using var writer = new RunWriter(_folder, range);
        foreach (var partition in batches.GroupBy(batch => batch.Partition).OrderBy(group => group.Key.Value))
        {
            var entries = partition.Count() == 1
                ? partition.First().Entries
                : partition.SelectMany(batch => batch.Entries.ToArray()).ToArray();
            writer.Begin(partition.Key, _reaches.GetValueOrDefault(partition.Key));
            WriteSorted(writer, entries.Span);
        }

        return writer.Finish();
    }

    static void WriteSorted(RunWriter writer, ReadOnlySpan<KeyEntry> entries)
    {
        var places = ArrayPool<int>.Shared.Rent(entries.Length);
        var ends = ArrayPool<int>.Shared.Rent(RunOrder.Buckets(entries.Length));
        try
        {
            RunOrder.Sort(
                entries, places.AsSpan(0, entries.Length), ends.AsSpan(0, RunOrder.Buckets(entries.Length)));
            WriteInOrder(writer, entries, places.AsSpan(0, entries.Length));
        }
        finally
        {
            ArrayPool<int>.Shared.Return(places);
            ArrayPool<int>.Shared.Return(ends);
        }
    }

    static void WriteInOrder(RunWriter writer, ReadOnlySpan<KeyEntry> entries, ReadOnlySpan<int> places)
    {
        // Entries stand anywhere in many megabytes: some are copied before the first of them is written, so that the
        // processor fetches them side by side.
        Span<KeyEntry> next = stackalloc KeyEntry[64];
        KeyEntry? previous = null;
        while (!places.IsEmpty)
        {
            var count = Math.Min(places.Length, next.Length);
            for (var i = 0; i < count; i++) next[i] = entries[places[i]];
            foreach (ref readonly var entry in next[..count])
            {
                if (previous is { } before && RunRecord.Compare(before, entry) == 0) continue;
                writer.Add(entry);
                previous = entry;
            }

            places = places[count..];
        }
    }

    void Reach(Run run)
    {
        foreach (var section in run.Sections)
            if (section.Reach.IsPast(_reaches.GetValueOrDefault(section.Partition)))
                _reaches[section.Partition] = section.Reach;
    }

    long ExpireBefore(PartitionId partition) => _expireBeforeMs.GetValueOrDefault(partition, long.MinValue);

    Run[] Hold()
    {
        lock (_gate)
        {
            ThrowIfUnusable();
            foreach (var run in _runs) run.Hold();
            return _runs;
        }
    }

    static void LetGo(Run[] runs)
    {
        foreach (var run in runs) run.LetGo();
    }

    /// <summary>After it has left the list. A file that stays is within a merged one's range, or expires
    /// again.</summary>
    void Delete(Run run)
    {
        try
        {
            File.Delete(run.FilePath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _logger.DeleteFailed(run.FilePath, exception);
        }

        run.LetGo();
    }

    void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_corrupt is { } corrupt) throw new KeyIndexCorruptException(corrupt.FilePath, "a merge found it broken");
    }
}
