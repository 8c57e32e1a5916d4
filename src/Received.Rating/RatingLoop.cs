using Microsoft.Extensions.Logging;
using Received.Log;
using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Rates the partitions that it owns: reads, decides, adds up, writes. Goal: an acknowledged event is in the totals
/// within 2 s, and each exactly once through any crash.
/// Order of writing: keys, then fates, totals and progress in one step. A crash in between leaves keys at positions
/// past the progress; those have no say when the same frames are rated again.
/// While a flush is being written the next frames are rated already; one flush is under way at a time, and what it
/// carries is held in memory until it is there. When it fails, all is discarded and begins anew where the store is.
/// Bounded: nothing is read while a flush is being written that takes long, or once the next one is full.
/// </summary>
public sealed class RatingLoop : LogLoop
{
    static readonly TimeSpan ExpireEvery = TimeSpan.FromMinutes(10);

    // A flush is a tenth of the time at most, but for the bounds.
    const int FlushShare = 9;

    // Longer than frames that keep coming let a pass wait: see RatingOptions.ReadDelay.
    static readonly TimeSpan QuietAfter = TimeSpan.FromMilliseconds(50);

    // What docs/deployment.md asks of the machines' clocks.
    static readonly TimeSpan ClocksApartMax = TimeSpan.FromSeconds(1);

    readonly IUsageStore _store;
    readonly IKeyIndex _keys;
    readonly RatingMetrics _metrics;
    readonly FrameReader _reader = new(forRating: true);
    readonly EventColumns _events = new();
    readonly List<Heartbeat> _heartbeats = [];
    Slot[] _slots = [];
    PartitionId[] _observed = [];
    long[] _heads = [];
    int _turn;
    Flight? _flight;
    TimeSpan _flushTook;
    long? _firstPendingAt;
    long _ratedAt;
    long? _heartbeatAt;
    bool _comparesClocks;
    long _expiredAt;

    public RatingLoop(
        ILog log, IUsageStore store, IKeyIndex keys, Ownership ownership, RatingOptions options,
        RatingMetrics metrics, TimeProvider time, ILogger<RatingLoop> logger)
        : base("Rating", log, ownership, options, time, logger)
    {
        _store = store;
        _keys = keys;
        _metrics = metrics;
        _expiredAt = time.GetTimestamp();
        metrics.Observe("rating", Snapshot);
    }

    public override IReadOnlyList<PartitionLag> Snapshot()
    {
        var nowMs = NowMs;
        return [.. Volatile.Read(ref _slots).Select(slot => slot.Turn.Lag(Log, nowMs))];
    }

    private protected override void Forget() => _firstPendingAt = null;

    private protected override async ValueTask OpenAsync(PartitionId partition, CancellationToken cancellation)
    {
        // What is under way would come after what is read now.
        await LandAsync(cancellation);
        var slot = Array.Find(_slots, one => one.Rater.Partition == partition);
        if (slot is null) SetSlots([.. _slots, slot = NewSlot(partition)]);
        await OpenAsync(slot, false, cancellation);
        _comparesClocks = true;
    }

    private protected override void Drop(PartitionId partition) =>
        SetSlots([.. _slots.Where(slot => slot.Rater.Partition != partition)]);

    private protected override async ValueTask<bool> PassAsync(CancellationToken cancellation)
    {
        if (_flight is { } flight
            && (flight.Written.IsCompleted || Time.GetElapsedTime(flight.StartedAt) >= Options.FlushDelayMax))
            await LandAsync(cancellation);
        if (UntilHeartbeat() <= TimeSpan.Zero) await BeatAsync(cancellation);
        var read = false;
        for (var left = _slots.Length; left > 0 && !IsFull && !HasFullKeys; left--)
        {
            // Where the pass before ended: with a full batch after each, the first would have all turns.
            _turn = (_turn + 1) % _slots.Length;
            var slot = _slots[_turn];
            if (Log.Extent(slot.Rater.Partition).Head <= slot.Rater.Next) continue;
            await RateAsync(slot, cancellation);
            read = true;
        }

        if (read) _ratedAt = Time.GetTimestamp();
        if (IsFull || (!IsStoreBusy && UntilFlush() <= TimeSpan.Zero)) await TakeOffAsync(cancellation);
        else if (HasFullKeys) await TakeOffWithKeysAsync(cancellation);
        // With nothing else to do a store that is stuck shows, and what it was given is known to be there at once.
        if (!read) await LandAsync(cancellation);
        return read;
    }

    private protected override async ValueTask FlushAsync(CancellationToken cancellation)
    {
        await TakeOffAsync(cancellation);
        await LandAsync(cancellation);
    }

    private protected override async ValueTask EndAsync()
    {
        if (_flight is not { } flight) return;
        _flight = null;
        // Whether it came there is of no interest any more: who begins next reads it from the store.
        await flight.Written.ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>Closes what is pending, and begins to write it.</summary>
    async ValueTask TakeOffAsync(CancellationToken cancellation)
    {
        await LandAsync(cancellation);
        if (_firstPendingAt is null) return;
        var flight = new Flight(Time.GetTimestamp());
        foreach (var slot in _slots)
            if (slot.Rater.HasPending) await CloseAsync(slot, flight, cancellation);
        _firstPendingAt = null;
        Start(flight, cancellation);
    }

    /// <summary>
    /// Begins to write keys alone, so that many keys do not make totals be written more often. They are at positions
    /// past the progress until the next flush.
    /// </summary>
    async ValueTask TakeOffWithKeysAsync(CancellationToken cancellation)
    {
        await LandAsync(cancellation);
        var flight = new Flight(Time.GetTimestamp()) { HasKeysAlone = true };
        foreach (var slot in _slots)
        {
            if (slot.Rater.PendingKeyCount == 0) continue;
            slot.Rater.SealKeys();
            flight.Keys.Add(new(slot.Rater.Partition, slot.Rater.BatchKeys));
            flight.Slots.Add(slot);
        }

        Start(flight, cancellation);
    }

    void Start(Flight flight, CancellationToken cancellation)
    {
        // Not on this thread: the index writes its file before it returns.
        flight.Written = Task.Run(() => WriteAsync(flight, cancellation), CancellationToken.None);
        _flight = flight;
    }

    async Task WriteAsync(Flight flight, CancellationToken cancellation)
    {
        if (flight.Keys.Count > 0) await _keys.AddAsync(flight.Keys, cancellation);
        if (flight.Batches.Count > 0) await _store.WriteAsync(flight.Batches, cancellation);
    }

    /// <summary>Waits for what is under way to be in the store; throws what the writing threw.</summary>
    async ValueTask LandAsync(CancellationToken cancellation)
    {
        if (_flight is not { } flight) return;
        while (!flight.Written.IsCompleted)
        {
            // Not of partitions that may be another's by now.
            var until = FollowsOwnership ? UntilHeartbeat() : Options.HeartbeatEvery;
            if (until <= TimeSpan.Zero) await BeatAsync(cancellation);
            // Not cancelled: the writing is, and until it has ended this would go round and round.
            else await Task.WhenAny(flight.Written, Task.Delay(until, Time, CancellationToken.None));
        }

        _flight = null;
        await flight.Written;
        Wrote();
        foreach (var slot in flight.Slots)
        {
            if (flight.HasKeysAlone)
            {
                slot.Rater.KeysWritten();
                continue;
            }

            _metrics.Rated(slot.Rater.Batch, slot.Rater.BatchCounted);
            slot.Rater.Written();
            slot.Turn.Wrote(slot.Rater.Stored.Next);
        }

        if (flight.HasKeysAlone) return;
        _flushTook = Time.GetElapsedTime(flight.StartedAt);
        _metrics.Flushed("rating", _flushTook);
        await ExpireAsync(default);
    }

    private protected override TimeSpan SleepMax() => Min(UntilFlush(), UntilHeartbeat());

    private protected override void CopyNexts(Span<long> nexts)
    {
        for (var i = 0; i < _slots.Length; i++) nexts[i] = _slots[i].Rater.Next;
    }

    void SetSlots(Slot[] slots)
    {
        _observed = [.. slots.Select(slot => slot.Rater.Partition)];
        _heads = new long[slots.Length];
        Volatile.Write(ref _slots, slots);
    }

    /// <summary>An equal share of the caches for all partitions of the log: so that any number of them keeps the
    /// bound.</summary>
    Slot NewSlot(PartitionId partition)
    {
        var identity = Log.Identity;
        return new(
            new(partition, identity, new(_keys, partition, identity), _store,
                Options.TotalsCachedMax / identity.PartitionCount, Options.NamesCachedMax / identity.PartitionCount),
            new(partition));
    }

    async ValueTask OpenAsync(Slot slot, bool exact, CancellationToken cancellation)
    {
        await slot.Rater.OpenAsync(exact, cancellation);
        var stored = slot.Rater.Stored;
        await LogCheck.VerifyAsync(
            Log, stored.Partition, "rated", stored.Generation, stored.Next, stored.LastChecksum, cancellation);
        slot.Turn.Wrote(stored.Next);
    }

    async ValueTask RateAsync(Slot slot, CancellationToken cancellation)
    {
        var partition = slot.Rater.Partition;
        using var batch = await ReadAsync(partition, slot.Rater.Next, cancellation);
        foreach (var record in batch.Records)
        {
            var frame = _reader.Read(partition, record, _events);
            if (slot.Rater.NeedsStored(frame.EventCount)) await LandAsync(cancellation);
            if (frame.Broken != ParkReason.None)
                Logger.FrameParked(partition.Value, frame.Offset, frame.Broken, frame.EventCount);
            await slot.Rater.RateAsync(frame, cancellation);
        }

        if (slot.Rater.HasPending) _firstPendingAt ??= Time.GetTimestamp();
    }

    async ValueTask CloseAsync(Slot slot, Flight flight, CancellationToken cancellation)
    {
        var outcome = await slot.Rater.CloseAsync(cancellation);
        if (outcome == RatedOutcome.Ready)
        {
            if (slot.Rater.BatchKeys.Length > 0) flight.Keys.Add(new(slot.Rater.Partition, slot.Rater.BatchKeys));
            flight.Batches.Add(slot.Rater.Batch);
            flight.Slots.Add(slot);
            return;
        }

        // The same frames come again, from the stored progress: the pass after this one reads them.
        await OpenAsync(slot, outcome == RatedOutcome.NearBound, cancellation);
        if (outcome == RatedOutcome.Overtaken)
            Logger.Overtaken(slot.Rater.Partition.Value, slot.Rater.Next);
    }

    /// <summary>
    /// Law 7. The time is taken before the heads: what was acknowledged by then is below them. Also while a flush is
    /// being written, with what was stored before it.
    /// </summary>
    async ValueTask BeatAsync(CancellationToken cancellation)
    {
        _heartbeatAt = Time.GetTimestamp();
        if (_slots.Length == 0) return;
        var nowMs = NowMs;
        if (_comparesClocks) await CompareClocksAsync(nowMs, cancellation);
        await Log.ObserveHeadsAsync(_observed, _heads, cancellation);
        _heartbeats.Clear();
        for (var i = 0; i < _slots.Length; i++)
        {
            var slot = _slots[i];
            _heartbeats.Add(new(slot.Rater.Partition, _heads[i], nowMs, slot.Rater.Stored.Next));
            slot.Turn.Saw(_heads[i], nowMs);
        }

        await _store.WriteHeartbeatsAsync(_heartbeats, cancellation);
        // A flush that is stuck shall show although heartbeats are written.
        if (_flight is null) Wrote();
    }

    /// <summary>With what others wrote by their clocks, after each taking over.</summary>
    async ValueTask CompareClocksAsync(long nowMs, CancellationToken cancellation)
    {
        _comparesClocks = false;
        var beats = await _store.ReadHeartbeatsAsync(cancellation);
        if (beats.Count == 0) return;
        var latest = beats.MaxBy(beat => beat.ObservedAtMs);
        var ahead = TimeSpan.FromMilliseconds(latest.ObservedAtMs - nowMs);
        if (ahead > ClocksApartMax) Logger.ClockBehind(latest.Partition.Value, ahead);
    }

    async ValueTask ExpireAsync(CancellationToken cancellation)
    {
        if (Time.GetElapsedTime(_expiredAt) < ExpireEvery) return;
        foreach (var slot in _slots)
        {
            var beforeMs = slot.Rater.Stored.LogTimeMs - (long)Log.Identity.DedupeWindow.TotalMilliseconds;
            await _keys.ExpireAsync(slot.Rater.Partition, beforeMs, cancellation);
        }

        _expiredAt = Time.GetTimestamp();
    }

    /// <summary>
    /// Under load every flush writes much the same totals again: so the longer it takes the rarer it is, within what
    /// is promised. When nothing comes any more there is nothing to wait for.
    /// </summary>
    TimeSpan UntilFlush()
    {
        if (_firstPendingAt is not { } first) return TimeSpan.MaxValue;
        if (IsFull) return TimeSpan.Zero;
        var waits = Time.GetElapsedTime(first);
        var soonest = Options.FlushDelay - waits;
        var busy = Min(_flushTook * FlushShare, Options.FlushDelayMax) - waits;
        if (busy <= soonest) return soonest;
        var quiet = QuietAfter - Time.GetElapsedTime(_ratedAt);
        return Min(busy, quiet > soonest ? quiet : soonest);
    }

    bool IsFull
    {
        get
        {
            long events = 0, rows = 0;
            foreach (var slot in _slots)
            {
                events += slot.Rater.PendingEvents;
                rows += slot.Rater.PendingRows;
            }

            return events >= Options.FlushEvents || rows >= Options.FlushRows;
        }
    }

    bool IsStoreBusy => _flight is { HasKeysAlone: false };

    bool HasFullKeys
    {
        get
        {
            long keys = 0;
            foreach (var slot in _slots) keys += slot.Rater.PendingKeyCount;
            return keys >= Options.FlushRows;
        }
    }

    TimeSpan UntilHeartbeat() =>
        _heartbeatAt is { } last ? Options.HeartbeatEvery - Time.GetElapsedTime(last) : TimeSpan.Zero;

    sealed record Slot(PartitionRater Rater, PartitionTurn Turn);

    /// <summary>What is being written.</summary>
    sealed class Flight(long startedAt)
    {
        public long StartedAt { get; } = startedAt;
        public bool HasKeysAlone { get; init; }
        public List<KeyBatch> Keys { get; } = [];
        public List<RatedBatch> Batches { get; } = [];
        public List<Slot> Slots { get; } = [];
        public Task Written { get; set; } = Task.CompletedTask;
    }
}
