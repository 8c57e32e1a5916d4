using Received.Model;
using Received.Usage;

namespace Received.Rating;

/// <summary>
/// Decides which keyed events of a partition count (law 2), for the partition's one owner.
/// Goal: the filter answers for nearly all events; what it suspects is looked up, a frame at a time.
/// Not its job: when to write; the owner hands <see cref="Sealed"/> to the index before it writes totals.
/// Invariant: a decision depends on the frames before it within the window and on nothing else (law 4): entries at
/// or past the event's own position, left by a flush that got no further, are seen and have no say.
/// Not safe for two threads at once.
/// </summary>
public sealed class Duplicates(IKeyIndex index, PartitionId partition, LogIdentity log)
{
    // With some ten generations of the filter: what they fetch is a first-level cache full.
    const int FetchEvents = 32;

    readonly long _windowMs = (long)log.DedupeWindow.TotalMilliseconds;
    readonly KeyFilter _filter = new();
    KeysNotStored _pending = new();
    KeysNotStored _sealed = new();

    // Of all keyed events of the frame at hand.
    UInt128[] _frameIdentities = [];
    ulong[] _frameHashes = [];

    // Suspects of the frame at hand: their index in the frame, identity and event hash, and what the index says.
    int[] _suspects = [];
    UInt128[] _identities = [];
    ulong[] _eventHashes = [];
    KeyEntry[] _found = [];

    bool _loaded;
    (ushort Generation, long Offset)? _last;
    long _lastLogTimeMs = long.MinValue;

    /// <summary>
    /// Entries of frames that were decided since the last <see cref="Seal"/>. Valid until the next call of
    /// <see cref="DecideAsync"/>, <see cref="Seal"/> or <see cref="Discard"/>.
    /// </summary>
    public ReadOnlyMemory<KeyEntry> Pending => _pending.Entries;

    /// <summary>Entries that are on their way to the index, and decided by until they are <see cref="Written"/>: they
    /// stay as they are while further frames are decided.</summary>
    public ReadOnlyMemory<KeyEntry> Sealed => _sealed.Entries;

    /// <summary>
    /// What the filter takes: at most 4 bytes a key of <see cref="FilterKeys"/> from a million keys on, at most 5 MB
    /// below that. Keys that have left the window are in it until their generation goes.
    /// </summary>
    public long FilterBytes => _filter.Bytes;

    public long FilterKeys => _filter.Keys;

    /// <summary>Whether the frame decided last was the first place of some identity: its key is pending, or in the
    /// index from a flush that got no further.</summary>
    public bool EnteredKeys { get; private set; }

    /// <summary>
    /// Makes ready to decide frames from <paramref name="logTimeMs"/> on (the log time of the stored progress):
    /// forgets what is pending, and fills the filter from the index. Always from the index: another owner may have
    /// written since.
    /// </summary>
    public async ValueTask LoadAsync(long logTimeMs, CancellationToken cancellation = default)
    {
        Discard();
        _filter.Clear();
        await foreach (var chunk in index.StreamAsync(partition, NotBefore(logTimeMs), cancellation))
            foreach (ref readonly var entry in chunk.Span) _filter.Renew(entry.Identity, entry.LogTimeMs);
        _lastLogTimeMs = logTimeMs;
        _loaded = true;
    }

    /// <summary>
    /// Decides a frame's events in order. Frames must come in the order of the log. When it throws, nothing has
    /// changed and the frame can be decided again.
    /// </summary>
    /// <param name="logTimeMs">The partition's running maximum of frame times, this frame's included.</param>
    /// <param name="decisions">Reset and filled.</param>
    /// <exception cref="InvalidOperationException">Not loaded, or a frame out of order.</exception>
    public ValueTask DecideAsync(
        EventColumns events, ushort generation, long offset, long logTimeMs, Decisions decisions,
        CancellationToken cancellation = default)
    {
        CheckOrder(generation, offset, logTimeMs);
        decisions.Reset(events.Count);
        EnteredKeys = false;
        var pendingBefore = _pending.Count;
        var frame = new Frame(generation, offset, logTimeMs, NotBefore(logTimeMs));
        var suspects = events.Keys.ByteCount == 0 ? 0 : Sift(events, frame, decisions);
        if (suspects != 0) return ResolveAsync(suspects, frame, pendingBefore, decisions, cancellation);
        Decided(frame);
        return default;
    }

    /// <summary>What is pending goes to the index now.</summary>
    /// <exception cref="InvalidOperationException">What was sealed before is not written yet.</exception>
    public void Seal()
    {
        if (_sealed.Count > 0) throw new InvalidOperationException("The keys sealed before are not written yet.");
        (_pending, _sealed) = (_sealed, _pending);
    }

    /// <summary>The sealed entries are in the index, durably.</summary>
    public void Written()
    {
        _sealed.Clear();
        _filter.Expire(NotBefore(_lastLogTimeMs));
    }

    /// <summary>
    /// The owner gave up a flush and will decide again from its stored progress: forgets what is pending. Nothing can
    /// be decided before <see cref="LoadAsync"/>.
    /// </summary>
    public void Discard()
    {
        _pending.Clear();
        _sealed.Clear();
        _last = null;
        _loaded = false;
    }

    /// <summary>
    /// All of the frame before the filter is asked: hashing between two of its look-ups would keep the processor from
    /// fetching their cache lines side by side.
    /// </summary>
    void Hash(EventColumns events)
    {
        if (_frameIdentities.Length < events.Count)
        {
            _frameIdentities = new UInt128[events.Count];
            _frameHashes = new ulong[events.Count];
        }

        for (var i = 0; i < events.Count; i++)
        {
            var key = events.Keys[i];
            if (key.IsEmpty) continue;
            var customer = events.Customer[i];
            _frameIdentities[i] = Identities.Identity(
                log.HashSeed, events.Customers.Account(customer), events.Customers.Ref(customer), key);
            _frameHashes[i] = Identities.EventHash(events, i);
        }
    }

    /// <summary>Enters the events that are new for certain; collects those that the index must be asked for.</summary>
    /// <returns>How many those are.</returns>
    int Sift(EventColumns events, in Frame frame, Decisions decisions)
    {
        Hash(events);
        var suspects = 0;
        for (var i = 0; i < events.Count; i++)
        {
            if (i % FetchEvents == 0)
                _filter.Fetch(_frameIdentities.AsSpan(i, Math.Min(FetchEvents, events.Count - i)));
            if (events.Keys.LengthOf(i) == 0) continue;
            var (identity, eventHash) = (_frameIdentities[i], _frameHashes[i]);
            if (!_filter.AddOrSuspect(identity, frame.LogTimeMs))
            {
                Enter(frame.Entry(identity, eventHash, i));
                continue;
            }

            if (TryRefuseByPending(identity, eventHash, i, frame, decisions)) continue;
            if (suspects == _suspects.Length) GrowSuspects();
            _suspects[suspects] = i;
            _identities[suspects] = identity;
            _eventHashes[suspects++] = eventHash;
        }

        return suspects;
    }

    async ValueTask ResolveAsync(
        int suspects, Frame frame, int pendingBefore, Decisions decisions, CancellationToken cancellation)
    {
        try
        {
            await index.FindAsync(
                partition, _identities.AsMemory(0, suspects), frame.NotBeforeMs, _found.AsMemory(0, suspects),
                cancellation);
        }
        catch
        {
            _pending.CutTo(pendingBefore);
            throw;
        }

        for (var s = 0; s < suspects; s++) Resolve(s, frame, decisions);
        Decided(frame);
    }

    void Resolve(int suspect, in Frame frame, Decisions decisions)
    {
        var at = _suspects[suspect];
        var identity = _identities[suspect];
        var eventHash = _eventHashes[suspect];
        ref readonly var found = ref _found[suspect];
        var order = found == default ? 1 : frame.CompareTo(found, at);
        if (found != default && order < 0)
        {
            Refuse(found, eventHash, at, decisions);
        }
        else if (order == 0)
        {
            EnteredKeys = true;
        }
        else if (!TryRefuseByPending(identity, eventHash, at, frame, decisions))
        {
            _filter.Renew(identity, frame.LogTimeMs);
            Enter(frame.Entry(identity, eventHash, at));
        }
    }

    void Enter(in KeyEntry entry)
    {
        _pending.Add(entry);
        EnteredKeys = true;
    }

    /// <summary>
    /// An entry that is pending and in the window is the original, whatever the index holds: an earlier one in the
    /// window would have been the original of that one too.
    /// </summary>
    bool TryRefuseByPending(UInt128 identity, ulong eventHash, int at, in Frame frame, Decisions decisions)
    {
        // Of an identity that is in both, the pending one is the later: the sealed one had left the window.
        if (!_pending.TryFind(identity, out var original) && !_sealed.TryFind(identity, out original)) return false;
        if (original.LogTimeMs < frame.NotBeforeMs) return false;
        Refuse(original, eventHash, at, decisions);
        return true;
    }

    static void Refuse(in KeyEntry original, ulong eventHash, int at, Decisions decisions) =>
        decisions.Refuse(
            at, original.EventHash == eventHash ? Fate.Duplicate : Fate.Conflict,
            original.Generation, original.Offset, original.Index);

    void CheckOrder(ushort generation, long offset, long logTimeMs)
    {
        if (!_loaded) throw new InvalidOperationException("Nothing is loaded to decide by: LoadAsync first.");
        if (_last is { } last && (generation, offset).CompareTo(last) <= 0)
            throw new InvalidOperationException($"Frame {generation}/{offset} comes after {last}: out of order.");
        if (logTimeMs < _lastLogTimeMs)
            throw new InvalidOperationException("Log time went back: it is the running maximum of frame times.");
    }

    void Decided(in Frame frame)
    {
        _last = (frame.Generation, frame.Offset);
        _lastLogTimeMs = frame.LogTimeMs;
    }

    long NotBefore(long logTimeMs) => logTimeMs < long.MinValue + _windowMs ? long.MinValue : logTimeMs - _windowMs;

    void GrowSuspects()
    {
        var size = Math.Max(64, _suspects.Length * 2);
        Array.Resize(ref _suspects, size);
        Array.Resize(ref _identities, size);
        Array.Resize(ref _eventHashes, size);
        Array.Resize(ref _found, size);
    }

    readonly record struct Frame(ushort Generation, long Offset, long LogTimeMs, long NotBeforeMs)
    {
        public KeyEntry Entry(UInt128 identity, ulong eventHash, int at) =>
            new(identity, eventHash, Generation, Offset, at, LogTimeMs);

        /// <summary>Below 0 where the entry stands before this frame's event.</summary>
        public int CompareTo(in KeyEntry entry, int at) =>
            (entry.Generation, entry.Offset, entry.Index).CompareTo((Generation, Offset, at));
    }
}
