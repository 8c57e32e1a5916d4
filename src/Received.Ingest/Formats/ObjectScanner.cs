using System.Numerics;
using Received.Ingest.Validation;
using Received.Model;

namespace Received.Ingest.Formats;

/// <summary>
/// The fields of one event object. False from a method means: the text is malformed. A wrong value is a refusal, and
/// the object is read on to its end, so that the events behind it can be taken.
/// </summary>
readonly ref struct ObjectScanner(ReadOnlySpan<byte> body, EventRules rules, ParsedEvents events)
{
    internal const int EventDepth = 1;
    const int ValidationsDepth = 2;
    const int EscapedBytesPerByte = JsonText.UnicodeEscapeBytes;

    static readonly uint Required =
        Bit(EventField.Timestamp) | Bit(EventField.CustomerRef) | Bit(EventField.ProductRef) | Bit(EventField.Quantity);

    readonly ReadOnlySpan<byte> _body = body;
    readonly EventRules _rules = rules;
    readonly ParsedEvents _events = events;

    static uint Bit(EventField field) => 1u << (int)field;

    public bool Scan(ref JsonCursor cursor, ref ParsedEvent e)
    {
        uint given = 0;
        if (!ScanFields(ref cursor, ref e, EventField.Unknown, ref given)) return false;
        var missing = Required & ~given;
        if (missing == 0) return true;
        ParsedEvents.Refuse(ref e, RejectReason.MissingField, (EventField)BitOperations.TrailingZeroCount(missing));
        return true;
    }

    /// <summary>Either the event itself or its validations; <paramref name="unknown"/> says which.</summary>
    /// <param name="given">Fields that had a value other than null.</param>
    bool ScanFields(ref JsonCursor cursor, ref ParsedEvent e, EventField unknown, ref uint given)
    {
        cursor.TryTake((byte)'{');
        if (cursor.TryTake((byte)'}')) return true;
        uint seen = 0;
        var unknownCount = 0;
        do
        {
            if (!cursor.ReadName(out var raw)) return false;
            var name = raw.Escaped
                ? _events.Unescape(_body.Slice(raw.Start, raw.Length))
                : new(raw.Start, raw.Length);
            var field = Known(_events.Text(_body, name), unknown);
            Sound(ref cursor, ref e, field, name);
            var read = field == unknown
                ? ReadUnknown(ref cursor, ref e, field, name, ref unknownCount)
                : ReadKnown(ref cursor, ref e, field, ref seen, ref given);
            if (!read) return false;
        }
        while (cursor.TryTake((byte)','));
        return cursor.TryTake((byte)'}');
    }

    internal static EventField Known(ReadOnlySpan<byte> name, EventField unknown)
    {
        if (unknown == EventField.UnknownValidation)
            return name.SequenceEqual("currency"u8) ? EventField.Currency
                : name.SequenceEqual("entity_ref"u8) ? EventField.EntityRef
                : unknown;
        var (expected, field) = Candidate(name);
        return name.SequenceEqual(expected) ? field : unknown;
    }

    /// <summary>The lengths of the known names differ, but for one pair.</summary>
    static NamedField Candidate(ReadOnlySpan<byte> name) => name.Length switch
    {
        8 => new("quantity"u8, EventField.Quantity),
        9 when name[0] == 'e' => new("event_ref"u8, EventField.Ref),
        9 => new("timestamp"u8, EventField.Timestamp),
        11 => new("validations"u8, EventField.Validations),
        12 => new("customer_ref"u8, EventField.CustomerRef),
        13 => new("customer_name"u8, EventField.CustomerName),
        15 => new("idempotency_key"u8, EventField.Key),
        17 => new("usage_product_ref"u8, EventField.ProductRef),
        18 => new("usage_product_name"u8, EventField.ProductName),
        22 => new("additional_report_data"u8, EventField.Data),
        _ => new(default, EventField.Unknown),
    };

    readonly ref struct NamedField(ReadOnlySpan<byte> name, EventField field)
    {
        readonly ReadOnlySpan<byte> _name = name;

        public void Deconstruct(out ReadOnlySpan<byte> name, out EventField known)
        {
            name = _name;
            known = field;
        }
    }

    bool ReadUnknown(ref JsonCursor cursor, ref ParsedEvent e, EventField field, Slice name, ref int count)
    {
        var names = _events.UnknownNames.AsSpan(
            field == EventField.UnknownValidation ? Limits.FieldsMax : 0, Limits.FieldsMax);
        if (_rules.Strict) ParsedEvents.Refuse(ref e, RejectReason.UnknownField, field, name);
        var text = _events.Text(_body, name);
        foreach (var earlier in names[..count])
        {
            if (_events.Text(_body, earlier).SequenceEqual(text))
                ParsedEvents.Refuse(ref e, RejectReason.DuplicateField, field, name);
        }

        if (count < names.Length) names[count++] = name;
        else ParsedEvents.Refuse(ref e, RejectReason.TooManyFields, EventField.Whole);
        var depth = field == EventField.UnknownValidation ? ValidationsDepth : EventDepth;
        if (!cursor.SkipValue(depth)) return false;
        Sound(ref cursor, ref e, field, name);
        return true;
    }

    bool ReadKnown(ref JsonCursor cursor, ref ParsedEvent e, EventField field, ref uint seen, ref uint given)
    {
        if ((seen & Bit(field)) != 0) ParsedEvents.Refuse(ref e, RejectReason.DuplicateField, field);
        seen |= Bit(field);
        if (cursor.Peek() == 'n' && field != EventField.Ref) return cursor.ReadLiteral("null"u8);
        given |= Bit(field);
        return field switch
        {
            EventField.Timestamp => ReadTimestamp(ref cursor, ref e),
            EventField.CustomerRef => ReadText(ref cursor, ref e, field, Limits.RefBytesMax, ref e.CustomerRef),
            EventField.CustomerName => ReadText(ref cursor, ref e, field, Limits.NameBytesMax, ref e.CustomerName),
            EventField.ProductRef => ReadText(ref cursor, ref e, field, Limits.RefBytesMax, ref e.ProductRef),
            EventField.ProductName => ReadText(ref cursor, ref e, field, Limits.NameBytesMax, ref e.ProductName),
            EventField.Quantity => ReadQuantity(ref cursor, ref e),
            EventField.Data => ReadData(ref cursor, ref e),
            EventField.Validations => ReadValidations(ref cursor, ref e),
            EventField.Currency => ReadCurrency(ref cursor, ref e),
            EventField.EntityRef => ReadText(ref cursor, ref e, field, Limits.RefBytesMax, ref e.EntityRef),
            EventField.Key => ReadText(ref cursor, ref e, field, Limits.KeyBytesMax, ref e.Key),
            EventField.Ref or EventField.Whole or EventField.Unknown or EventField.UnknownValidation =>
                RefuseValue(ref cursor, ref e, field, RejectReason.ReservedField),
        };
    }

    static bool RefuseValue(ref JsonCursor cursor, ref ParsedEvent e, EventField field, RejectReason reason)
    {
        ParsedEvents.Refuse(ref e, reason, field);
        if (!cursor.SkipValue(EventDepth)) return false;
        cursor.Flaws = JsonFlaws.None;
        return true;
    }

    /// <summary>Refuses what is JSON by its grammar but not fit to be kept; then forgets it.</summary>
    static bool Sound(ref JsonCursor cursor, ref ParsedEvent e, EventField field, Slice name = default)
    {
        if (cursor.Flaws == JsonFlaws.None) return true;
        var tooDeep = (cursor.Flaws & JsonFlaws.TooDeep) != 0;
        ParsedEvents.Refuse(ref e, tooDeep ? RejectReason.TooDeep : RejectReason.LoneSurrogate, field, name);
        cursor.Flaws = JsonFlaws.None;
        return false;
    }

    bool ReadText(ref JsonCursor cursor, ref ParsedEvent e, EventField field, int bytesMax, ref Slice slice)
    {
        if (cursor.Peek() != '"') return RefuseValue(ref cursor, ref e, field, RejectReason.NotAString);
        if (!cursor.ReadString(out var raw)) return false;
        if (!Sound(ref cursor, ref e, field)) return true;
        slice = new(raw.Start, raw.Length);
        if (raw.Escaped && raw.Length <= bytesMax * EscapedBytesPerByte)
        {
            slice = _events.Unescape(_body.Slice(raw.Start, raw.Length));
            if (_events.Text(_body, slice).Contains((byte)0))
                ParsedEvents.Refuse(ref e, RejectReason.NulCharacter, field);
        }

        if (slice.Length > bytesMax) ParsedEvents.Refuse(ref e, RejectReason.StringTooLong, field);
        // A name that is empty says nothing, as one that is absent; everything else that is empty is a mistake.
        else if (slice.IsEmpty && field is not (EventField.CustomerName or EventField.ProductName))
            ParsedEvents.Refuse(ref e, RejectReason.EmptyString, field);
        return true;
    }

    bool ReadCurrency(ref JsonCursor cursor, ref ParsedEvent e)
    {
        if (!ReadText(ref cursor, ref e, EventField.Currency, Limits.RefBytesMax, ref e.Currency)) return false;
        if (!IsCurrency(_events.Text(_body, e.Currency)))
            ParsedEvents.Refuse(ref e, RejectReason.CurrencyMalformed, EventField.Currency);
        return true;
    }

    internal static bool IsCurrency(ReadOnlySpan<byte> text) => text is
        [>= (byte)'A' and <= (byte)'Z', >= (byte)'A' and <= (byte)'Z', >= (byte)'A' and <= (byte)'Z'];

    bool ReadTimestamp(ref JsonCursor cursor, ref ParsedEvent e)
    {
        const EventField Field = EventField.Timestamp;
        Slice text = default;
        if (!ReadText(ref cursor, ref e, Field, Limits.EventBytesMax, ref text)) return false;
        if (e.Reason != RejectReason.None) return true;
        if (text.Length > Limits.TimestampBytesMax || !Rfc3339.TryParse(_events.Text(_body, text), out e.TimestampMs))
            ParsedEvents.Refuse(ref e, RejectReason.TimestampMalformed, Field);
        else if (e.TimestampMs < _rules.EarliestMs) ParsedEvents.Refuse(ref e, RejectReason.TimestampTooOld, Field);
        else if (e.TimestampMs > _rules.LatestMs) ParsedEvents.Refuse(ref e, RejectReason.TimestampTooFarAhead, Field);
        return true;
    }

    bool ReadQuantity(ref JsonCursor cursor, ref ParsedEvent e)
    {
        const EventField Field = EventField.Quantity;
        Slice text = default;
        switch (cursor.Peek())
        {
            case '"':
                if (!ReadText(ref cursor, ref e, Field, Limits.EventBytesMax, ref text)) return false;
                break;
            case '-' or (>= '0' and <= '9'):
                if (!cursor.ReadNumber(out var start, out var length)) return false;
                text = new(start, length);
                break;
            default:
                return RefuseValue(ref cursor, ref e, Field, RejectReason.NotANumber);
        }

        if (e.Reason != RejectReason.None) return true;
        var quantity = default(Quantity);
        var error = text.Length > Limits.QuantityBytesMax
            ? QuantityError.Malformed
            : Quantity.TryParse(_events.Text(_body, text), out quantity);
        var reason = QuantityReason(error, quantity);
        if (reason != RejectReason.None) ParsedEvents.Refuse(ref e, reason, Field);
        e.Quantity = quantity.Scaled;
        return true;
    }

    RejectReason QuantityReason(QuantityError error, Quantity quantity) => error switch
    {
        QuantityError.Malformed => RejectReason.QuantityMalformed,
        QuantityError.TooManyDecimals => RejectReason.QuantityTooPrecise,
        QuantityError.TooLarge => RejectReason.QuantityTooLarge,
        QuantityError.None => quantity.Scaled < 0 && !_rules.AllowNegative
            ? RejectReason.QuantityNegative
            : RejectReason.None,
    };

    static bool ReadData(ref JsonCursor cursor, ref ParsedEvent e)
    {
        if (cursor.Peek() != '{')
            return RefuseValue(ref cursor, ref e, EventField.Data, RejectReason.NotAnObjectField);
        var start = cursor.Position;
        if (!cursor.SkipValue(EventDepth)) return false;
        e.Data = new(start, cursor.Position - start);
        if (Sound(ref cursor, ref e, EventField.Data) && e.Data.Length > Limits.DataBytesMax)
            ParsedEvents.Refuse(ref e, RejectReason.DataTooLarge, EventField.Data);
        return true;
    }

    bool ReadValidations(ref JsonCursor cursor, ref ParsedEvent e)
    {
        if (cursor.Peek() != '{')
            return RefuseValue(ref cursor, ref e, EventField.Validations, RejectReason.NotAnObjectField);
        uint given = 0;
        return ScanFields(ref cursor, ref e, EventField.UnknownValidation, ref given);
    }
}
