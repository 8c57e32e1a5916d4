using Microsoft.Extensions.Logging;
using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Writes the log's events as they are into the archive, at its own pace and position. Not rating: it decides nothing
/// about an event, and the events that it sums up as accepted come from frame headers alone (law 3), so that rating's
/// figures have something to disagree with. Bounded: what waits is packed as in the log (<see cref="WaitingBytes"/>),
/// one frame at a time is decoded for the store, and nothing is read while a batch is being written.
/// </summary>
public sealed class ArchiveLoop : LogLoop
{
    const int FramesMax = 4096;

    // 245,760 events take 10 to 16 MiB; a frame of large additional_report_data is near a megabyte with a few dozen:
    // the number of events alone would bound nothing. What the store packs anew of it is held by the store as well.
    const long BytesMax = 24 * 1024 * 1024;

    static readonly TimeSpan YieldLook = TimeSpan.FromMilliseconds(50);

    // For each write.
    static readonly TimeSpan YieldFarBehindMax = TimeSpan.FromSeconds(1);

    readonly IUsageStore _store;
    readonly RatingMetrics _metrics;
    readonly Func<TimeSpan> _ratingBehind;
    readonly Func<TimeSpan> _processorTime;
    readonly FrameReader _reader = new();
    readonly EventColumns _events = new();
    readonly WaitingBytes _waiting = new();
    readonly List<ArchiveBatch> _batches = [];
    readonly List<Slot> _closed = [];
    Slot[] _slots = [];
    long? _firstPendingAt;
    long? _dueSince;
    int _turn;
    long _pendingEvents;
    int _pendingFrames;

    /// <param name="ratingBehind">How far rating is behind: the archive yields to it.</param>
    /// <param name="processorTime">
    /// What this process has had of the processors so far: while the archive writes nothing, that is what doors, rating
    /// and queries take, to which it yields as well. In a process that only archives: always zero.
    /// </param>
    public ArchiveLoop(
        ILog log, IUsageStore store, Ownership ownership, RatingOptions options,
        Func<TimeSpan> ratingBehind, Func<TimeSpan> processorTime, RatingMetrics metrics, TimeProvider time,
        ILogger<ArchiveLoop> logger)
        : base("The archive", log, ownership, options, time, logger)
    {
        _store = store;
        _metrics = metrics;
        _ratingBehind = ratingBehind;
        _processorTime = processorTime;
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
        slot.Forget();
        slot.Progress = stored with { Partition = partition, Generation = generation };
        slot.Turn.Wrote(stored.Next);
    }

    private protected override void Drop(PartitionId partition)
    {
        var dropped = Array.Find(_slots, slot => slot.Partition == partition);
        if (dropped is null) return;
        _pendingEvents -= dropped.EventCount;
        _pendingFrames -= dropped.Records.Count;
        Volatile.Write(ref _slots, [.. _slots.Where(slot => slot != dropped)]);
    }

    private protected override async ValueTask<bool> PassAsync(CancellationToken cancellation)
    {
        foreach (var slot in _slots) slot.Turn.Saw(Log.Extent(slot.Partition).Head, NowMs);
        var read = false;
        for (var left = _slots.Length; left > 0; left--)
        {
            var slot = _slots[_turn %= _slots.Length];
            if (Log.Extent(slot.Partition).Head > slot.Progress.Next)
            {
                // What cannot be written yet is left in the log; that partition is the first when it can.
                if (IsFull && !await TryFlushAsync(cancellation)) return read;
                await ReadAsync(slot, cancellation);
                read = true;
            }

            _turn++;
        }

        if (UntilFlush() <= TimeSpan.Zero) await TryFlushAsync(cancellation);
        return read;
    }

    /// <returns>False after a short wait: not now.</returns>
    async ValueTask<bool> TryFlushAsync(CancellationToken cancellation)
    {
        var dueSince = _dueSince ??= Time.GetTimestamp();
        if (Options.ArchiveYieldPercent < 100 && await MustYieldAsync(dueSince, cancellation)) return false;
        _dueSince = null;
        await FlushAsync(cancellation);
        return true;
    }

    /// <summary>
    /// Totals and answers are waited for, the archive is not: while rating is behind, or this process wants the cores
    /// for other things, it gives way; when it is far behind itself, to rating alone, and for a moment. A write
    /// disturbs by more than its time: it goes through the processors' caches.
    /// </summary>
    async ValueTask<bool> MustYieldAsync(long dueSince, CancellationToken cancellation)
    {
        var isFarBehind = Behind >= Options.ArchiveLagMax;
        if (isFarBehind && (!IsRatingBehind || Time.GetElapsedTime(dueSince) >= YieldFarBehindMax)) return false;
        var (from, spent) = (Time.GetTimestamp(), _processorTime());
        await Task.Delay(YieldLook, Time, cancellation);
        var cores = (_processorTime() - spent) / Time.GetElapsedTime(from);
        return IsRatingBehind
            || (!isFarBehind && cores * 100 > Options.ArchiveYieldPercent * Environment.ProcessorCount);
    }

    bool IsRatingBehind => _ratingBehind() > Options.ArchiveYieldBehind;

    private protected override async ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (_firstPendingAt is null) return;
        var started = Time.GetTimestamp();
        _batches.Clear();
        _closed.Clear();
        var mayYield = Behind < Options.ArchiveLagMax;
        foreach (var slot in _slots)
        {
            if (slot.Records.Count == 0) continue;
            _batches.Add(new(slot.Partition, Log.Identity.Generation, Decoded(slot), slot.Progress)
            {
                MayYield = mayYield,
            });
            _closed.Add(slot);
        }

        if (_batches.Count > 0) await _store.ArchiveAsync(_batches, cancellation);
        foreach (var slot in _closed)
        {
            slot.Forget();
            slot.Turn.Wrote(slot.Progress.Next);
        }

        _metrics.Archived(_pendingEvents);
        _metrics.Flushed("archive", Time.GetElapsedTime(started));
        Forget();
        Wrote();
    }

    // Looks at the clock at least that often, so that a snapshot's lag stays honest.
    private protected override TimeSpan SleepMax() => Min(UntilFlush(), Options.HeartbeatEvery);

    private protected override void CopyNexts(Span<long> nexts)
    {
        for (var i = 0; i < _slots.Length; i++) nexts[i] = _slots[i].Progress.Next;
    }

    bool IsFull =>
        _pendingEvents >= Options.ArchiveEvents || _pendingFrames >= FramesMax || _waiting.Count >= BytesMax;

    async ValueTask ReadAsync(Slot slot, CancellationToken cancellation)
    {
        using var batch = await ReadAsync(slot.Partition, slot.Progress.Next, cancellation);
        foreach (var record in batch.Records)
        {
            // What is left of the batch is read again after the write.
            if (IsFull) break;
            var head = FrameReader.ReadHead(record);
            slot.Records.Add(record with { Frame = _waiting.Keep(record.Frame.Span) });
            slot.EventCount += head.EventCount;
            slot.Progress = Advance(slot.Progress, head);
            _pendingEvents += head.EventCount;
            _pendingFrames++;
        }

        if (slot.Records.Count > 0) _firstPendingAt ??= Time.GetTimestamp();
    }

    /// <summary>For the store's thread, while this loop waits for it.</summary>
    IEnumerable<ArchivedFrame> Decoded(Slot slot)
    {
        foreach (var record in slot.Records) yield return _reader.Read(slot.Partition, record, _events);
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

    private protected override void Forget()
    {
        foreach (var slot in _slots) slot.Forget();
        _waiting.Clear();
        _firstPendingAt = null;
        _pendingEvents = 0;
        _pendingFrames = 0;
    }

    sealed class Slot(PartitionId partition)
    {
        public PartitionId Partition { get; } = partition;
        public PartitionTurn Turn { get; } = new(partition);
        public List<LogRecord> Records { get; } = [];

        /// <summary>Of <see cref="Records"/>, by their headers.</summary>
        public long EventCount { get; set; }

        /// <summary>After <see cref="Records"/>.</summary>
        public ArchiveProgress Progress { get; set; }

        public void Forget()
        {
            Records.Clear();
            EventCount = 0;
        }
    }
}
