using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>What became of <see cref="PartitionRater.CloseAsync"/>.</summary>
public enum RatedOutcome
{
    /// <summary><see cref="PartitionRater.Batch"/> can be written.</summary>
    Ready,

    /// <summary>The store has gone past this owner's progress: open again, and go on from there.</summary>
    Overtaken,

    /// <summary>A total is near its bound: open again, to count event by event against the stored totals.</summary>
    NearBound,
}

/// <summary>
/// Turns a partition's frames, in order, into what the store shall hold. Goal: law 4, what comes out depends on the
/// frames up to a position alone: no clock, no option, no matter where it was cut into batches or began anew.
/// Not its job: when to write and what to do when that fails. Not safe for two threads at once; after an exception it
/// must be opened again.
/// </summary>
public sealed class PartitionRater
{
    /// <summary>2^37 quantities below 2^90 cannot overflow a sum; the next event is parked.</summary>
    public const long CountMax = 1L << 37;

    // Over a million UUIDs; a flush's new ones come on top.
    const int ReferenceBytesMax = 64 * 1024 * 1024;

    readonly LogIdentity _log;
    readonly Duplicates _duplicates;
    readonly IUsageStore _store;
    readonly long _countMax;
    readonly int _seriesMax;
    readonly int _referencesMax;
    readonly Decisions _decisions = new();
    readonly FramePlaces _frame;
    readonly TotalsCache _totals;
    readonly References _references;
    readonly SeriesSeen _series;
    readonly NamesSeen _names = new();
    readonly ProducersSeen _producers;
    RatedBatch _pending;
    RatedProgress _progress;
    long _pendingCounted;
    bool _isSealed;
    bool _exact;

    public PartitionRater(
        PartitionId partition, LogIdentity log, Duplicates duplicates, IUsageStore store, int totalsMax, int namesMax,
        long countMax = CountMax)
    {
        _log = log;
        _duplicates = duplicates;
        _store = store;
        _countMax = countMax;
        _seriesMax = totalsMax;
        _referencesMax = namesMax;
        _totals = new(totalsMax, log.Generation);
        _references = new();
        _series = new(log.HashSeed);
        _frame = new(_references, _series, _totals);
        _producers = new(log.DedupeWindow);
        Partition = partition;
        Batch = new(partition);
        _pending = new(partition);
    }

    public PartitionId Partition { get; }

    /// <summary>Offset of the frame that <see cref="RateAsync"/> takes next.</summary>
    public long Next => _progress.Next;

    /// <summary>What the store is known to hold.</summary>
    public RatedProgress Stored { get; private set; }

    public bool HasPending => _progress.Next > (_isSealed ? Batch.Progress : Stored).Next;

    /// <summary>Events of the pending frames, whatever their fate.</summary>
    public long PendingEvents { get; private set; }

    /// <summary>Totals and fates that are pending: memory that grows until they are sealed.</summary>
    public int PendingRows => _totals.DirtyCount + _pending.Fates.Count;

    public int PendingKeyCount => _duplicates.Pending.Length;

    /// <summary>Made by <see cref="CloseAsync"/>; stays as it is until <see cref="Written"/>, while further frames are
    /// rated.</summary>
    public RatedBatch Batch { get; private set; }

    /// <summary>Events of <see cref="Batch"/> that count.</summary>
    public long BatchCounted { get; private set; }

    /// <summary>What the key index must hold before <see cref="Batch"/> is written.</summary>
    public ReadOnlyMemory<KeyEntry> BatchKeys => _duplicates.Sealed;

    /// <summary>Whether so many events more can only be rated against the stored totals: a batch that is on its way to
    /// the store must have come there.</summary>
    public bool NeedsStored(int events) => _exact || _totals.CountHigh + events > _countMax;

    /// <summary>Forgets what is pending and begins where the store is.</summary>
    /// <param name="exact">After <see cref="RatedOutcome.NearBound"/>: until the next batch is written.</param>
    public async ValueTask OpenAsync(bool exact = false, CancellationToken cancellation = default)
    {
        _duplicates.Discard();
        _totals.Clear();
        ForgetReferences();
        Batch.Clear();
        _pending.Clear();
        _isSealed = false;
        PendingEvents = 0;
        _pendingCounted = 0;
        _exact = exact;
        Stored = _progress = await _store.ReadRatedAsync(Partition, cancellation);
        _producers.Load(await _store.ReadProducersAsync(_progress, cancellation));
        await _duplicates.LoadAsync(_progress.LogTimeMs, cancellation);
    }

    /// <exception cref="InvalidOperationException">Not the frame at <see cref="Next"/>.</exception>
    public async ValueTask RateAsync(ArchivedFrame frame, CancellationToken cancellation = default)
    {
        if (frame.Offset != _progress.Next)
            throw new InvalidOperationException($"Frame {frame.Offset} came where {_progress.Next} was expected.");
        var logTimeMs = frame.Broken == ParkReason.HeaderCorrupt
            ? _progress.LogTimeMs
            : Math.Max(_progress.LogTimeMs, frame.TimeMs);
        if (frame.Events is null)
            AddFate(frame, LogPosition.WholeFrame, default, Fate.Parked, frame.Broken, frame.EventCount, null);
        else if (!_producers.TryEnter(frame.ProducerId, frame.ProducerNumber, logTimeMs))
            AddFate(
                frame, LogPosition.WholeFrame, default, Fate.Duplicate, ParkReason.None, frame.EventCount, null);
        else
            await RateEventsAsync(frame, frame.Events, logTimeMs, cancellation);
        PendingEvents += frame.EventCount;
        _progress = _progress with
        {
            Generation = _log.Generation,
            Next = frame.Offset + 1,
            LastChecksum = frame.Checksum,
            LogTimeMs = logTimeMs,
        };
    }

    /// <summary>Joins what is pending with the stored totals and makes it <see cref="Batch"/>. Can be called again when
    /// it failed.</summary>
    /// <exception cref="InvalidOperationException">The batch before is not written yet.</exception>
    public async ValueTask<RatedOutcome> CloseAsync(CancellationToken cancellation = default)
    {
        if (_isSealed) throw new InvalidOperationException("The batch before is not written yet.");
        if (!await _totals.LoadAsync(_store, Stored, cancellation)) return RatedOutcome.Overtaken;
        if (_totals.CountHigh > _countMax) return RatedOutcome.NearBound;
        (Batch, _pending) = (_pending, Batch);
        _totals.CopyDirtyTo(Batch.Totals);
        _names.CopyDirtyTo(Batch.Names);
        _producers.CopyDirtyTo(Batch.Producers);
        Batch.Progress = _progress;
        BatchCounted = _pendingCounted;
        PendingEvents = 0;
        _pendingCounted = 0;
        _isSealed = true;
        _duplicates.Seal();
        _totals.Sealed();
        _names.Sealed();
        _producers.Sealed(_progress.LogTimeMs);
        if (_series.Count > _seriesMax || _references.Count > _referencesMax
            || _references.ByteCount > ReferenceBytesMax) ForgetReferences();
        return RatedOutcome.Ready;
    }

    /// <summary>
    /// Makes what is pending of keys alone <see cref="BatchKeys"/>: they may come to the index before their totals come
    /// to the store, and are far more.
    /// </summary>
    /// <exception cref="InvalidOperationException">What was sealed before is not written yet.</exception>
    public void SealKeys() => _duplicates.Seal();

    /// <summary>They are in the index.</summary>
    public void KeysWritten() => _duplicates.Written();

    /// <summary>Keys and batch are in index and store.</summary>
    public void Written()
    {
        Stored = Batch.Progress;
        _duplicates.Written();
        Batch.Clear();
        _isSealed = false;
        _exact = false;
    }

    async ValueTask RateEventsAsync(
        ArchivedFrame frame, EventColumns events, long logTimeMs, CancellationToken cancellation)
    {
        await _duplicates.DecideAsync(
            events, _log.Generation, frame.Offset, logTimeMs, _decisions, cancellation);
        if (_duplicates.EnteredKeys)
            _progress = _progress with { KeysNext = frame.Offset + 1, KeysLogTimeMs = logTimeMs };
        if (!_decisions.AllCounted) AddRefused(frame, events);
        _frame.Find(events, _decisions, _pending.Series);
        if (NeedsStored(events.Count))
        {
            await AddOneByOneAsync(frame, events, cancellation);
        }
        else
        {
            _totals.Add(events, _frame.Places, _frame.AtMs, frame.Offset);
            _pendingCounted += events.Count - _decisions.NotCounted;
        }

        _names.See(
            events, _frame, _references, new(_log.Generation, Partition, frame.Offset, 0), frame.TimeMs);
    }

    /// <summary>The slow way, where a total may reach its bound within this frame: against the stored totals.</summary>
    async ValueTask AddOneByOneAsync(ArchivedFrame frame, EventColumns events, CancellationToken cancellation)
    {
        if (_isSealed) throw new InvalidOperationException("The stored totals are behind: a batch is not written yet.");
        // False is found again, and answered, by CloseAsync: nothing is written before that.
        await _totals.LoadAsync(_store, Stored, cancellation);
        for (var i = 0; i < events.Count; i++)
        {
            var place = _frame.Places[i];
            if (place < 0) continue;
            if (_totals.CountOf(place) >= _countMax)
            {
                var account = events.Customers.Account(events.Customer[i]);
                AddFate(frame, i, account, Fate.Parked, ParkReason.TotalOverflow, 1, null);
                continue;
            }

            _totals.Add(place, events.Quantity[i], _frame.AtMs[i], frame.Offset, i);
            _pendingCounted++;
        }
    }

    void AddRefused(ArchivedFrame frame, EventColumns events)
    {
        var fates = _decisions.Fates;
        for (var i = 0; i < fates.Length; i++)
        {
            if (fates[i] == Fate.Counted) continue;
            var original = new LogPosition(
                _decisions.OriginalGenerations[i], Partition, _decisions.OriginalOffsets[i],
                _decisions.OriginalIndices[i]);
            var account = events.Customers.Account(events.Customer[i]);
            AddFate(frame, i, account, fates[i], ParkReason.None, 1, original);
        }
    }

    void AddFate(
        ArchivedFrame frame, int index, AccountId account, Fate fate, ParkReason reason, int eventCount,
        LogPosition? original) =>
        _pending.Fates.Add(new(
            _log.Generation, frame.Offset, index, account, fate, reason, eventCount, original));

    /// <summary>Numbers begin anew; those of series and names are made of them.</summary>
    void ForgetReferences()
    {
        _references.Clear();
        _series.Clear();
        _totals.ForgetSeries();
        _names.Clear();
    }
}
