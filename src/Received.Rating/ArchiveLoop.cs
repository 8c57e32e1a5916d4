using Microsoft.Extensions.Logging;
using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Writes the log's events as they are into the archive, at its own pace and position. Not rating: it decides nothing
/// about an event, and the events that it sums up as accepted come from frame headers alone (law 3), so that rating's
/// figures have something to disagree with. Bounded: nothing is read while a batch is being written.
/// </summary>
public sealed class ArchiveLoop : LogLoop
{
    // A frame of one event costs about 4 KB in memory: 16 MB.
    const int FramesMax = 4096;

    // A frame of large additional_report_data is near a megabyte with a few dozen events, and may have come compressed
    // to a hundredth of that: the number of events alone would bound nothing.
    const long BytesMax = 64 * 1024 * 1024;

    static readonly TimeSpan YieldLook = TimeSpan.FromMilliseconds(50);

    readonly IUsageStore _store;
    readonly RatingMetrics _metrics;
    readonly Func<TimeSpan> _ratingBehind;
    readonly FrameReader _reader = new();
    readonly ColumnsPool _pool = new(BytesMax);
    readonly List<ArchiveBatch> _batches = [];
    readonly List<Slot> _closed = [];
    Slot[] _slots = [];
    long? _firstPendingAt;
    long _pendingEvents;
    long _pendingBytes;
    int _pendingFrames;

    /// <param name="ratingBehind">How far rating is behind: the archive yields to it.</param>
    public ArchiveLoop(
        ILog log, IUsageStore store, Ownership ownership, RatingOptions options,
        Func<TimeSpan> ratingBehind, RatingMetrics metrics, TimeProvider time, ILogger<ArchiveLoop> logger)
        : base("The archive", log, ownership, options, time, logger)
    {
        _store = store;
        _metrics = metrics;
        _ratingBehind = ratingBehind;
        metrics.Observe("archive", Snapshot);
    }

    public override IReadOnlyList<PartitionLag> Snapshot()
    {
        var nowMs = NowMs;
        return [.. Volatile.Read(ref _slots).Select(slot => slot.Turn.Lag(Log, nowMs))];
    }

    private protected override async ValueTask OpenAsync(PartitionId partition, CancellationToken cancellation)
    {
        var slot = Array.Find(_slots, one => one.Partition == partition);
        if (slot is null) Volatile.Write(ref _slots, [.. _slots, slot = new(partition)]);
        var stored = await _store.ReadArchivedAsync(partition, cancellation);
        // The progress of a partition that was never archived says nothing of a generation.
        var generation = stored.Next == 0 ? Log.Identity.Generation : stored.Generation;
        await LogCheck.VerifyAsync(
            Log, partition, "archived", generation, stored.Next, stored.LastChecksum, cancellation);
        slot.Frames.Clear();
        slot.Progress = stored with { Partition = partition, Generation = generation };
        slot.Turn.Wrote(stored.Next);
    }

    private protected override void Drop(PartitionId partition)
    {
        var dropped = Array.Find(_slots, slot => slot.Partition == partition);
        if (dropped is null) return;
        foreach (var frame in dropped.Frames) Count(frame, -1);
        Volatile.Write(ref _slots, [.. _slots.Where(slot => slot != dropped)]);
    }

    private protected override async ValueTask<bool> PassAsync(CancellationToken cancellation)
    {
        var read = false;
        foreach (var slot in _slots)
        {
            var head = Log.Extent(slot.Partition).Head;
            slot.Turn.Saw(head, NowMs);
            if (head <= slot.Progress.Next) continue;
            await ReadAsync(slot, cancellation);
            read = true;
            if (IsFull) await FlushAsync(cancellation);
        }

        if (UntilFlush() <= TimeSpan.Zero) await FlushAsync(cancellation);
        return read;
    }

    private protected override async ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (_firstPendingAt is null) return;
        await YieldAsync(cancellation);
        var started = Time.GetTimestamp();
        _batches.Clear();
        _closed.Clear();
        var mayYield = Behind < Options.ArchiveLagMax;
        foreach (var slot in _slots)
        {
            if (slot.Frames.Count == 0) continue;
            _batches.Add(new(slot.Partition, Log.Identity.Generation, slot.Frames, slot.Progress)
            {
                MayYield = mayYield,
            });
            _closed.Add(slot);
        }

        if (_batches.Count > 0) await _store.ArchiveAsync(_batches, cancellation);
        foreach (var slot in _closed)
        {
            slot.Frames.Clear();
            slot.Turn.Wrote(slot.Progress.Next);
        }

        _metrics.Archived(_pendingEvents);
        _metrics.Flushed("archive", Time.GetElapsedTime(started));
        Forget();
        Wrote();
    }

    /// <summary>Totals are waited for, the archive is not: while rating is behind it has the cores.</summary>
    async ValueTask YieldAsync(CancellationToken cancellation)
    {
        var from = Time.GetTimestamp();
        while (Time.GetElapsedTime(from) < Options.ArchiveYieldMax && _ratingBehind() > Options.ArchiveYieldBehind)
            await Task.Delay(YieldLook, Time, cancellation);
    }

    // Looks at the clock at least that often, so that a snapshot's lag stays honest.
    private protected override TimeSpan SleepMax() => Min(UntilFlush(), Options.HeartbeatEvery);

    private protected override void CopyNexts(Span<long> nexts)
    {
        for (var i = 0; i < _slots.Length; i++) nexts[i] = _slots[i].Progress.Next;
    }

    bool IsFull =>
        _pendingEvents >= Options.ArchiveEvents || _pendingFrames >= FramesMax || _pendingBytes >= BytesMax;

    async ValueTask ReadAsync(Slot slot, CancellationToken cancellation)
    {
        using var batch = await ReadAsync(slot.Partition, slot.Progress.Next, cancellation);
        foreach (var record in batch.Records)
        {
            // What is left of the batch is read again after the write.
            if (IsFull) break;
            var frame = _reader.Read(slot.Partition, record, _pool.Rent());
            slot.Frames.Add(frame);
            slot.Progress = Advance(slot.Progress, frame);
            Count(frame, 1);
        }

        if (slot.Frames.Count > 0) _firstPendingAt ??= Time.GetTimestamp();
    }

    static ArchiveProgress Advance(ArchiveProgress progress, in ArchivedFrame frame) => progress with
    {
        Next = frame.Offset + 1,
        LastChecksum = frame.Checksum,
        Accepted = progress.Accepted + frame.EventCount,
        UnknownFrames = progress.UnknownFrames + (frame.Broken == ParkReason.HeaderCorrupt ? 1 : 0),
    };

    TimeSpan UntilFlush()
    {
        if (_firstPendingAt is not { } first) return TimeSpan.MaxValue;
        return IsFull ? TimeSpan.Zero : Options.ArchiveDelay - Time.GetElapsedTime(first);
    }

    void Count(in ArchivedFrame frame, int sign)
    {
        _pendingEvents += sign * frame.EventCount;
        _pendingBytes += sign * (frame.Events?.ByteCount ?? 0);
        _pendingFrames += sign;
    }

    private protected override void Forget()
    {
        foreach (var slot in _slots) slot.Frames.Clear();
        _pool.Return();
        _firstPendingAt = null;
        _pendingEvents = 0;
        _pendingBytes = 0;
        _pendingFrames = 0;
    }

    sealed class Slot(PartitionId partition)
    {
        public PartitionId Partition { get; } = partition;
        public PartitionTurn Turn { get; } = new(partition);
        public List<ArchivedFrame> Frames { get; } = [];

        /// <summary>After <see cref="Frames"/>.</summary>
        public ArchiveProgress Progress { get; set; }
    }
}
