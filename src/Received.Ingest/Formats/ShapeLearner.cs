using Received.Ingest.Validation;

namespace Received.Ingest.Formats;

/// <summary>
/// Takes an event's shape: only of one that the general path has just taken. What can be no part of a shape (unknown
/// fields, names with escapes) leaves it unlearned. A field that is null is part of the fixed text.
/// </summary>
ref struct ShapeLearner(ReadOnlySpan<byte> body, int start)
{
    readonly ReadOnlySpan<byte> _body = body;
    JsonCursor _cursor = new(body, start);
    int _textStart = start;

    public bool TryLearn(EventShape shape)
    {
        shape.Clear();
        return TryFields(shape, EventField.Unknown) && shape.TryAdd(TextTo(_cursor.Position), EventField.Whole);
    }

    bool TryFields(EventShape shape, EventField unknown)
    {
        _cursor.TryTake((byte)'{');
        if (_cursor.TryTake((byte)'}')) return true;
        do
        {
            if (!_cursor.ReadName(out var name) || name.Escaped) return false;
            var field = ObjectScanner.Known(_body.Slice(name.Start, name.Length), unknown);
            if (field == unknown || !TryValue(shape, field)) return false;
        }
        while (_cursor.TryTake((byte)','));
        return _cursor.TryTake((byte)'}');
    }

    bool TryValue(EventShape shape, EventField field)
    {
        var next = _cursor.Peek();
        if (next == 'n') return _cursor.ReadLiteral("null"u8);
        if (field == EventField.Validations) return TryFields(shape, EventField.UnknownValidation);
        // A string's quotation marks belong to the fixed text, before it and behind.
        var isText = next == '"';
        if (!shape.TryAdd(TextTo(_cursor.Position + (isText ? 1 : 0)), field)) return false;
        if (!_cursor.SkipValue(ObjectScanner.EventDepth)) return false;
        _textStart = _cursor.Position - (isText ? 1 : 0);
        return true;
    }

    readonly ReadOnlySpan<byte> TextTo(int end) => _body[_textStart..end];
}
