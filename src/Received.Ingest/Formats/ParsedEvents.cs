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

    /// <summary>Where it went: index in <see cref="ParsedEvents.Frames"/>, and index in that frame.</summary>
    public int Frame;
    public int IndexInFrame;
}

/// <summary>
/// The events of one body, and scratch for scanning and handing them on. Pooled: one request owns it from
/// <see cref="Clear"/> to the end of its answer. Slices point into that request's body.
/// </summary>
sealed class ParsedEvents
{
    ParsedEvent[] _events = new ParsedEvent[16];
    byte[] _arena = new byte[256];
    int _arenaUsed;

    public int Count { get; private set; }

    public int Refused { get; private set; }

    public int Accepted => Count - Refused;

    /// <summary>
    /// Frames that took events of this body, in the order in which the events' <c>Frame</c> names them.
    /// </summary>
    public List<FrameTicket> Frames { get; } = [];

    /// <summary>Completes when all of <see cref="Frames"/> have.</summary>
    public AppendWait Wait { get; } = new();

    /// <summary>How often each raw event was met, for batch keys.</summary>
    public Dictionary<UInt128, int> RawCounts { get; } = [];

    /// <summary>
    /// Under a batch key, by event: hash of its <c>Raw</c>, and how many equal ones came before it.
    /// </summary>
    public List<(UInt128 Hash, int EqualBefore)> RawHashes { get; } = [];

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

    public ref ParsedEvent this[int index] => ref _events.AsSpan(0, Count)[index];

    /// <summary>False where a frame may still complete its <see cref="Wait"/>: nobody may use it again.</summary>
    public bool TryClear()
    {
        Clear();
        return Wait.IsIdle;
    }

    public void Clear()
    {
        Count = 0;
        Refused = 0;
        _arenaUsed = 0;
        Shapes?.BeginBody();
        Frames.Clear();
        RawCounts.Clear();
        RawHashes.Clear();
        if (_arena.Length > Limits.PooledArenaBytesMax) _arena = new byte[256];
        if (_events.Length <= Limits.PooledEventsMax) return;
        _events = new ParsedEvent[16];
        RawCounts.TrimExcess();
        RawHashes.TrimExcess();
    }

    public ref ParsedEvent Add()
    {
        if (Count == _events.Length) Array.Resize(ref _events, Count * 2);
        _events[Count] = default;
        return ref _events[Count++];
    }

    /// <summary>Only the first reason of an event is kept: it is the one that stands first in the body.</summary>
    public void Refuse(ref ParsedEvent e, RejectReason reason, EventField field, Slice name = default)
    {
        if (e.Reason != RejectReason.None) return;
        e.Reason = reason;
        e.Field = field;
        e.FieldName = name;
        Refused++;
    }

    /// <summary>For lines that turned out to be no JSON: whatever else was wrong with them does not matter.</summary>
    public void RefuseWhole(int index, RejectReason reason)
    {
        ref var e = ref this[index];
        if (e.Reason == RejectReason.None) Refused++;
        e.Reason = reason;
        e.Field = EventField.Whole;
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
