using System.Text.Unicode;
using Received.Ingest.Validation;

namespace Received.Ingest.Formats;

/// <summary>What of the rules depends on the account, the request or the clock.</summary>
/// <param name="EarliestMs">Earliest timestamp that is taken, inclusive; <paramref name="LatestMs"/> likewise.</param>
readonly record struct EventRules(bool Strict, bool AllowNegative, long EarliestMs, long LatestMs, int EventsMax);

enum BodyFault : byte
{
    None,
    Empty,
    InvalidUtf8,
    Malformed,
    TooDeep,
    TooManyEvents,
}

/// <summary>Why nothing of a body can be read; otherwise default.</summary>
/// <param name="Offset">Byte of the body at which it stopped making sense.</param>
/// <param name="Index">Event in which that was.</param>
readonly record struct ScanResult(BodyFault Fault, int Offset, int Index);

/// <summary>
/// Native events from a body: a single object, an array, or lines. The general path: every legal spelling, and the
/// truth that faster ones must agree with. Goal: no allocation per event, the first wrong field named. Refusals of an
/// event do not stop the body; text that is no JSON does (except a line of NDJSON: the next line is a sound place to
/// go on). A byte order mark at the start is passed over (RFC 8259 section 8.1 allows that; exports from spreadsheets
/// have one).
/// </summary>
static class EventScanner
{
    static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    public static ScanResult ScanSingle(ReadOnlySpan<byte> body, in EventRules rules, ParsedEvents events)
    {
        if (!Begin(body, out var at, out var fault)) return fault;
        var cursor = new JsonCursor(body, at);
        return ScanOne(ref cursor, body, body, rules, events) && cursor.Peek() < 0 ? default : Fault(cursor, events);
    }

    /// <summary>An array of events; a single object is a batch of one.</summary>
    public static ScanResult ScanArray(ReadOnlySpan<byte> body, in EventRules rules, ParsedEvents events)
    {
        if (!Begin(body, out var at, out var fault)) return fault;
        var cursor = new JsonCursor(body, at);
        if (cursor.Peek() != '[')
        {
            return ScanOne(ref cursor, body, body, rules, events) && cursor.Peek() < 0
                ? default
                : Fault(cursor, events);
        }

        cursor.TryTake((byte)'[');
        if (!cursor.TryTake((byte)']'))
        {
            do
            {
                if (events.Count == rules.EventsMax)
                    return new(BodyFault.TooManyEvents, cursor.Position, events.Count);
                if (!ScanOne(ref cursor, body, body, rules, events)) return Fault(cursor, events);
            }
            while (cursor.TryTake((byte)','));
            if (!cursor.TryTake((byte)']')) return Fault(cursor, events);
        }

        return cursor.Peek() < 0 ? default : Fault(cursor, events);
    }

    /// <summary>One event a line; blank lines are none, and a CR before the LF is white space.</summary>
    public static ScanResult ScanLines(ReadOnlySpan<byte> body, in EventRules rules, ParsedEvents events)
    {
        var valid = Utf8.IsValid(body);
        for (var start = body.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0; start < body.Length;)
        {
            var length = body[start..].IndexOf((byte)'\n');
            var end = length < 0 ? body.Length : start + length;
            // Cut at the line's end: no token may run on into the next line.
            var cursor = new JsonCursor(body[..end], start);
            if (cursor.Peek() >= 0)
            {
                if (events.Count == rules.EventsMax) return new(BodyFault.TooManyEvents, start, events.Count);
                ScanLine(ref cursor, body[..end], body, start, valid, rules, events);
            }

            start = end + 1;
        }

        return default;
    }

    static void ScanLine(
        ref JsonCursor cursor, ReadOnlySpan<byte> text, ReadOnlySpan<byte> body, int start, bool valid,
        in EventRules rules, ParsedEvents events)
    {
        var index = events.Count;
        if (!valid && !Utf8.IsValid(text[start..]))
            events.Refuse(ref events.Add(), RejectReason.InvalidUtf8, EventField.Whole);
        else if (!ScanOne(ref cursor, text, body, rules, events) || cursor.Peek() >= 0)
            events.RefuseWhole(index, RejectReason.MalformedLine);
        else
            return;
        events[index].Raw = new(start, text.Length - start);
    }

    static bool Begin(ReadOnlySpan<byte> body, out int at, out ScanResult fault)
    {
        at = body.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        fault = default;
        if (!Utf8.IsValid(body)) fault = new(BodyFault.InvalidUtf8, 0, 0);
        else if (new JsonCursor(body, at).Peek() < 0) fault = new(BodyFault.Empty, 0, 0);
        return fault.Fault == BodyFault.None;
    }

    static ScanResult Fault(in JsonCursor cursor, ParsedEvents events) => new(
        cursor.BodyTooDeep ? BodyFault.TooDeep : BodyFault.Malformed, cursor.Position, Math.Max(0, events.Count - 1));

    /// <param name="text">Where the event must end: the body, or what of it ends with the event's line.</param>
    static bool ScanOne(
        ref JsonCursor cursor, ReadOnlySpan<byte> text, ReadOnlySpan<byte> body, in EventRules rules,
        ParsedEvents events)
    {
        ref var e = ref events.Add();
        var next = cursor.Peek();
        var start = cursor.Position;
        if (events.Shapes is { } shapes)
        {
            // The fast path sees the whole body, so that it need not creep up to the end of each line.
            var end = shapes.Read(body, start, rules, ref e);
            if (end >= 0 && end <= text.Length && end - start <= Limits.EventBytesMax)
            {
                e.Raw = new(start, end - start);
                cursor.MoveTo(end);
                return true;
            }

            e = default;
        }

        if (next != '{')
        {
            events.Refuse(ref e, RejectReason.NotAnObject, EventField.Whole);
            if (!cursor.SkipValue(0)) return false;
        }
        else if (!new ObjectScanner(text, rules, events).Scan(ref cursor, ref e))
        {
            return false;
        }

        e.Raw = new(start, cursor.Position - start);
        if (e.Raw.Length > Limits.EventBytesMax) events.Refuse(ref e, RejectReason.EventTooLarge, EventField.Whole);
        events.Shapes?.Learn(text, e);
        return true;
    }
}
