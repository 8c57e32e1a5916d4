using Received.Ingest.Validation;
using Received.Model;

namespace Received.Ingest.Formats;

/// <summary>
/// The fast path: an event that has a known shape, each value in its plainest spelling. Law: what it takes, the general
/// path takes with the same result, bit for bit; anything else it hands over, untouched. So it refuses nothing,
/// resolves no escapes, and checks each value by the same limits. Fixed text equal to that of a good event leaves
/// nothing of an object's grammar unchecked: strings end at the quotation mark that the next part begins with, and
/// no number can go on into it.
/// </summary>
readonly ref struct ShapeReader(ReadOnlySpan<byte> body, in EventRules rules)
{
    readonly ReadOnlySpan<byte> _body = body;
    readonly ref readonly EventRules _rules = ref rules;

    /// <returns>The end of the event that begins at <paramref name="at"/>, or -1 to hand it over.</returns>
    public int Read(EventShape shape, int at, ref PlainTimestamp clock, ref ParsedEvent e)
    {
        foreach (ref readonly var part in shape.Parts)
        {
            if (!shape.Matches(part, _body, at)) return -1;
            at += part.Length;
            switch (part.Field)
            {
                case EventField.Whole:
                    return at;
                case EventField.Timestamp:
                    at = ReadTimestamp(at, ref clock, ref e);
                    break;
                case EventField.Quantity:
                    at = ReadQuantity(at, ref e);
                    break;
                case EventField.Data:
                    at = ReadData(at, ref e);
                    break;
                default:
                    at = ReadText(at, part.Field, ref e);
                    break;
            }

            if (at < 0) return -1;
        }

        return -1;
    }

    int ReadText(int at, EventField field, ref ParsedEvent e)
    {
        var end = StringEnd.Find(_body, at);
        var text = new Slice(at, end - at);
        switch (field)
        {
            case EventField.CustomerRef:
                e.CustomerRef = text;
                break;
            case EventField.ProductRef:
                e.ProductRef = text;
                break;
            case EventField.EntityRef:
                e.EntityRef = text;
                break;
            case EventField.CustomerName:
                e.CustomerName = text;
                return text.Length <= Limits.NameBytesMax ? end : -1;
            case EventField.ProductName:
                e.ProductName = text;
                return text.Length <= Limits.NameBytesMax ? end : -1;
            case EventField.Key:
                e.Key = text;
                return text.Length is > 0 and <= Limits.KeyBytesMax ? end : -1;
            case EventField.Currency:
                e.Currency = text;
                return ObjectScanner.IsCurrency(_body[at..end]) ? end : -1;
            default:
                return -1;
        }

        return text.Length is > 0 and <= Limits.RefBytesMax ? end : -1;
    }

    int ReadTimestamp(int at, ref PlainTimestamp clock, ref ParsedEvent e)
    {
        var end = at + PlainTimestamp.Length;
        if (!clock.TryRead(_body, at, out e.TimestampMs))
        {
            end = StringEnd.Find(_body, at);
            if (end - at > Limits.TimestampBytesMax || !Rfc3339.TryParse(_body[at..end], out e.TimestampMs)) return -1;
            clock.Remember(_body[at..end], e.TimestampMs);
        }

        return e.TimestampMs >= _rules.EarliestMs && e.TimestampMs <= _rules.LatestMs ? end : -1;
    }

    int ReadQuantity(int at, ref ParsedEvent e)
    {
        if (PlainNumber.TryRead(_body, at, out var end, out e.Quantity)) return end;
        var cursor = new JsonCursor(_body, at);
        if (!cursor.ReadNumber(out _, out var length) || length > Limits.QuantityBytesMax) return -1;
        if (Quantity.TryParse(_body.Slice(at, length), out var quantity) != QuantityError.None) return -1;
        e.Quantity = quantity.Scaled;
        return quantity.Scaled >= 0 || _rules.AllowNegative ? at + length : -1;
    }

    int ReadData(int at, ref ParsedEvent e)
    {
        var end = PlainObject.End(_body, at);
        if (end >= 0)
        {
            e.Data = new(at, end - at);
            return e.Data.Length <= Limits.DataBytesMax ? end : -1;
        }

        var cursor = new JsonCursor(_body, at);
        if (at >= _body.Length || _body[at] != '{' || !cursor.SkipValue(ObjectScanner.EventDepth)) return -1;
        e.Data = new(at, cursor.Position - at);
        return cursor.Flaws == JsonFlaws.None && e.Data.Length <= Limits.DataBytesMax ? cursor.Position : -1;
    }
}
