using System.Runtime.InteropServices;
using Received.Ingest.Batching;
using Received.Ingest.Validation;

namespace Received.Ingest.Formats;

/// <summary>Bytes of a field: in the body, or (start below zero) in the arena where escapes were resolved.</summary>
readonly record struct Slice(int Start, int Length)
{
    public bool IsEmpty => Length == 0;

    public static Slice InArena(int start, int length) => new(~start, length);
}

/// <summary>One event as scanned: slices and numbers, no objects. Empty slices are absent fields.</summary>
[StructLayout(LayoutKind.Auto)]
struct ParsedEvent
{
    public RejectReason Reason;
    public EventField Field;

    /// <summary>Name of the field that a refusal is about, where <see cref="Field"/> is an unknown one.</summary>
    public Slice FieldName;

    /// <summary>The event's own bytes in the body.</summary>
    public Slice Raw;

    public Slice CustomerRef;
    public Slice CustomerName;
    public Slice ProductRef;
    public Slice ProductName;
    public Slice Currency;
    public Slice EntityRef;
    public Slice Key;
    public Slice Data;
    public Int128 Quantity;
    public long TimestampMs;
}

/// <summary>Where an event went: index in <see cref="ParsedEvents.Frames"/>, and index in that frame.</summary>
readonly record struct EventPlace(int Frame, int IndexInFrame)
{
    /// <summary>Of an event that was refused.</summary>
    public static readonly EventPlace None = new(-1, -1);
}

/// <summary>Why the event at an index of the body was refused.</summary>
/// <param name="Name">The field's own name, where <paramref name="Field"/> is an unknown one.</param>
readonly record struct EventRefusal(int Index, RejectReason Reason, EventField Field, Slice Name);

/// <summary>
/// What is to be known of a body's events when they are on their way: where each went or why it was refused; and
/// scratch for reading them. Pooled: one request owns it from <see cref="Clear"/> to the end of its answer.
/// </summary>
sealed class ParsedEvents
{
    readonly List<EventRefusal> _refusals = [];
    readonly int[] _refusedByReason = new int[Enum.GetValues<RejectReason>().Length];
    EventPlace[] _places = new EventPlace[16];
    byte[] _arena = new byte[256];
    int _arenaUsed;
    // What the events before the last one have of the arena.
    int _arenaKept;

    public int Count { get; private set; }

    public int Refused { get; private set; }

    public int Accepted => Count - Refused;

    /// <summary>The first refusals, as many as an answer lists.</summary>
    public IReadOnlyList<EventRefusal> Refusals => _refusals;

    /// <summary>How many events were refused, by <see cref="RejectReason"/>.</summary>
    public ReadOnlySpan<int> RefusedByReason => _refusedByReason;

    /// <summary>
    /// Frames that took events of this body, in the order in which <see cref="EventPlace.Frame"/> names them.
    /// </summary>
    public List<FrameTicket> Frames { get; } = [];

    /// <summary>Completes when all of <see cref="Frames"/> have.</summary>
    public AppendWait Wait { get; } = new();

    /// <summary>How often each raw event was met, for batch keys.</summary>
    public Dictionary<UInt128, int> RawCounts { get; } = [];

    /// <summary>
    /// Names of unknown fields, for finding duplicates: first the event's, then those of its validations.
    /// </summary>
    public Slice[] UnknownNames { get; } = new Slice[2 * Limits.FieldsMax];

    /// <summary>False: the general path alone, for tests and benchmarks that compare with it.</summary>
    public bool LearnsShapes
    {
        init => Shapes = value ? new() : null;
    }

    /// <summary>What the fast path goes by; null where there is none.</summary>
    public EventShapes? Shapes { get; private init; } = new();

    /// <summary>Of an event that was appended, or <see cref="EventPlace.None"/>.</summary>
    public ref EventPlace Place(int index) => ref _places.AsSpan(0, Count)[index];

    /// <summary>False where a frame may still complete its <see cref="Wait"/>: nobody may use it again.</summary>
    public bool TryClear()
    {
        Clear();
        return Wait.IsIdle;
    }

    public void Clear()
    {
        Count = 0;
        if (Refused > 0)
        {
            Refused = 0;
            _refusals.Clear();
            Array.Clear(_refusedByReason);
        }

        _arenaUsed = _arenaKept = 0;
        Shapes?.BeginBody();
        Frames.Clear();
        if (RawCounts.Count > 0) RawCounts.Clear();
        if (_arena.Length > Limits.PooledArenaBytesMax) _arena = new byte[256];
        if (_places.Length <= Limits.PooledEventsMax) return;
        _places = new EventPlace[16];
        RawCounts.TrimExcess();
    }

    /// <summary>One more event, of which nothing is known yet.</summary>
    public void Begin()
    {
        if (Count == _places.Length) Array.Resize(ref _places, Count * 2);
        _places[Count++] = EventPlace.None;
        _arenaKept = _arenaUsed;
    }

    /// <summary>Only the first reason of an event is kept: it is the one that stands first in the body.</summary>
    public static void Refuse(ref ParsedEvent e, RejectReason reason, EventField field, Slice name = default)
    {
        if (e.Reason != RejectReason.None) return;
        e.Reason = reason;
        e.Field = field;
        e.FieldName = name;
    }

    /// <summary>
    /// The last event is done with: what it was refused for is kept for the answer, all else of it is not.
    /// </summary>
    public void Close(in ParsedEvent e)
    {
        if (e.Reason == RejectReason.None)
        {
            _arenaUsed = _arenaKept;
            return;
        }

        Refused++;
        _refusedByReason[(int)e.Reason]++;
        if (_refusals.Count < Limits.ErrorsListedMax) _refusals.Add(new(Count - 1, e.Reason, e.Field, e.FieldName));
        else _arenaUsed = _arenaKept;
    }

    public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> body, Slice slice) =>
        slice.Start >= 0 ? body.Slice(slice.Start, slice.Length) : _arena.AsSpan(~slice.Start, slice.Length);

    public Slice Unescape(ReadOnlySpan<byte> raw)
    {
        if (_arenaUsed + raw.Length > _arena.Length)
            Array.Resize(ref _arena, Math.Max(_arenaUsed + raw.Length, _arena.Length * 2));
        var length = JsonText.Unescape(raw, _arena.AsSpan(_arenaUsed));
        var slice = Slice.InArena(_arenaUsed, length);
        _arenaUsed += length;
        return slice;
    }
}
