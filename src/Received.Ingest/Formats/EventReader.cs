using System.Text.Unicode;
using Received.Ingest.Validation;

namespace Received.Ingest.Formats;

/// <summary>What of the rules depends on the account, the request or the clock.</summary>
/// <param name="EarliestMs">Earliest timestamp that is taken, inclusive; <paramref name="LatestMs"/> likewise.</param>
readonly record struct EventRules(bool Strict, bool AllowNegative, long EarliestMs, long LatestMs, int EventsMax);

enum BodyForm : byte
{
    /// <summary>An array of objects; a single object is a batch of one.</summary>
    Array,

    /// <summary>One object a line (NDJSON).</summary>
    Lines,

    /// <summary>One object.</summary>
    Single,
}

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
/// Native events from a body, one after the other, so that who takes one finds its bytes in the processor's cache.
/// Goal: no allocation per event, the first wrong field named. Refusals of an event do not stop the body; text that is
/// no JSON does (except a line of NDJSON: the next line is a sound place to go on). What was read before a fault counts
/// for nothing. An event is known to be UTF-8 when it is given out, not while it is read. A byte order mark at the
/// start is passed over (RFC 8259 section 8.1 allows that; exports from spreadsheets have one).
/// </summary>
ref struct EventReader(ReadOnlySpan<byte> body, BodyForm form, EventRules rules, ParsedEvents events)
{
#if DEBUG
    // So that tests cross the boundary in every body.
    const int Utf8Bytes = 16;
#else
    // Checking brings what is read next into the first-level cache, which has 32 KiB.
    const int Utf8Bytes = 8 * 1024;
#endif

    readonly ReadOnlySpan<byte> _body = body;
    readonly EventRules _rules = rules;
    readonly ParsedEvents _events = events;
    JsonCursor _cursor = new(body, body.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0);
    Stage _stage = form == BodyForm.Lines ? Stage.Lines : Stage.Start;
    // Up to here it is valid UTF-8, and a character ends.
    int _validTo;

    enum Stage : byte
    {
        Start,
        InArray,
        BehindSingle,
        Lines,
        End,
    }

    static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>What is wrong with the body as a whole: to be asked when there is no next event.</summary>
    public ScanResult Result { get; private set; }

    /// <summary>The next event, taken or refused; false at the end or at a fault.</summary>
    public bool Next(ref ParsedEvent e)
    {
        switch (_stage)
        {
            case Stage.Start:
                return Start() && NextValue(ref e);
            case Stage.InArray:
                return _cursor.TryTake((byte)',') ? NextValue(ref e) : Finish(_cursor.TryTake((byte)']'));
            case Stage.BehindSingle:
                return Finish(isClosed: true);
            case Stage.Lines:
                return NextLine(ref e);
            default:
                return false;
        }
    }

    /// <summary>Up to the first event; false where there is none.</summary>
    bool Start()
    {
        var first = _cursor.Peek();
        if (first < 0) return Fail(new(BodyFault.Empty, 0, 0));
        _stage = Stage.BehindSingle;
        if (form == BodyForm.Single || first != '[') return true;
        _cursor.TryTake((byte)'[');
        _stage = Stage.InArray;
        return !_cursor.TryTake((byte)']') || Finish(isClosed: true);
    }

    bool NextValue(ref ParsedEvent e)
    {
        if (_stage == Stage.InArray && _events.Count == _rules.EventsMax)
            return Fail(new(BodyFault.TooManyEvents, _cursor.Position, _events.Count));
        if (!Read(_body, ref e)) return Malformed();
        return _cursor.Position <= _validTo || TryValidate(_cursor.Position) || Fail(new(BodyFault.InvalidUtf8, 0, 0));
    }

    /// <returns>False: there is no next event.</returns>
    bool Finish(bool isClosed)
    {
        if (!isClosed || _cursor.Peek() >= 0) return Malformed();
        _stage = Stage.End;
        return false;
    }

    bool Malformed() => Fail(new(
        _cursor.BodyTooDeep ? BodyFault.TooDeep : BodyFault.Malformed, _cursor.Position,
        Math.Max(0, _events.Count - 1)));

    bool Fail(ScanResult result)
    {
        // That it is no UTF-8 goes before whatever else is wrong.
        Result = TryValidate(_body.Length) ? result : new(BodyFault.InvalidUtf8, 0, 0);
        _stage = Stage.End;
        return false;
    }

    /// <summary>Checks the body's characters at least up to there.</summary>
    bool TryValidate(int end)
    {
        var to = Math.Min(_body.Length, Math.Max(end, _validTo + Utf8Bytes));
        // Not within a character: those are the bytes that go on with one.
        while (to < _body.Length && (_body[to] & 0xC0) == 0x80) to++;
        if (!Utf8.IsValid(_body[_validTo..to])) return false;
        _validTo = to;
        return true;
    }

    /// <summary>One event a line; blank lines are none, and a CR before the LF is white space.</summary>
    bool NextLine(ref ParsedEvent e)
    {
        for (var start = _cursor.Position; start < _body.Length;)
        {
            var length = _body[start..].IndexOf((byte)'\n');
            var end = length < 0 ? _body.Length : start + length;
            // Cut at the line's end: no token may run on into the next line.
            var text = _body[..end];
            _cursor = new(text, start);
            if (_cursor.Peek() >= 0)
            {
                if (_events.Count == _rules.EventsMax)
                {
                    Result = new(BodyFault.TooManyEvents, start, _events.Count);
                    _stage = Stage.End;
                    return false;
                }

                ReadLine(text, start, ref e);
                _cursor.MoveTo(end + 1);
                return true;
            }

            start = end + 1;
        }

        _stage = Stage.End;
        return false;
    }

    void ReadLine(ReadOnlySpan<byte> text, int start, ref ParsedEvent e)
    {
        if (!Utf8.IsValid(text[start..]))
        {
            _events.Begin();
            e = default;
            ParsedEvents.Refuse(ref e, RejectReason.InvalidUtf8, EventField.Whole);
        }
        else if (!Read(text, ref e) || _cursor.Peek() >= 0)
        {
            // Whatever else was wrong with it does not matter.
            e.Reason = RejectReason.MalformedLine;
            e.Field = EventField.Whole;
        }
        else
        {
            return;
        }

        e.Raw = new(start, text.Length - start);
    }

    /// <param name="text">Where the event must end: the body, or what of it ends with the event's line.</param>
    bool Read(ReadOnlySpan<byte> text, ref ParsedEvent e)
    {
        _events.Begin();
        e = default;
        var next = _cursor.Peek();
        var start = _cursor.Position;
        if (_events.Shapes is { } shapes)
        {
            // The fast path sees the whole body, so that it need not creep up to the end of each line.
            var end = shapes.Read(_body, start, _rules, ref e);
            if (end >= 0 && end <= text.Length && end - start <= Limits.EventBytesMax)
            {
                e.Raw = new(start, end - start);
                _cursor.MoveTo(end);
                return true;
            }

            e = default;
        }

        return ReadGenerally(text, next, start, ref e);
    }

    /// <summary>The general path: every legal spelling, and the truth that the fast one must agree with.</summary>
    bool ReadGenerally(ReadOnlySpan<byte> text, int next, int start, ref ParsedEvent e)
    {
        if (next != '{')
        {
            ParsedEvents.Refuse(ref e, RejectReason.NotAnObject, EventField.Whole);
            if (!_cursor.SkipValue(0)) return false;
            // They are this value's, which is refused already, and not the next event's.
            _cursor.Flaws = JsonFlaws.None;
        }
        else if (!new ObjectScanner(text, _rules, _events).Scan(ref _cursor, ref e))
        {
            return false;
        }

        e.Raw = new(start, _cursor.Position - start);
        if (e.Raw.Length > Limits.EventBytesMax)
            ParsedEvents.Refuse(ref e, RejectReason.EventTooLarge, EventField.Whole);
        _events.Shapes?.Learn(text, e);
        return true;
    }
}
