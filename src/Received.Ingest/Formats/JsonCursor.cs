using System.Runtime.CompilerServices;
using Received.Ingest.Validation;

namespace Received.Ingest.Formats;

/// <summary>What is wrong with a value that is JSON all the same.</summary>
[Flags]
enum JsonFlaws : byte
{
    None = 0,
    LoneSurrogate = 1,
    TooDeep = 2,
}

/// <summary>A string token: its bytes between the quotation marks, as they stand in the text.</summary>
readonly record struct RawString(int Start, int Length, bool Escaped);

/// <summary>
/// Walks over one text by the grammar of RFC 8259; whether it is UTF-8 is checked apart. Goal: the truth about what is
/// JSON. Invariant: after a method returned false the text is malformed at <see cref="Position"/>, and nothing more can
/// be read.
/// </summary>
ref struct JsonCursor(ReadOnlySpan<byte> text, int position)
{
    readonly ReadOnlySpan<byte> _text = text;
    int _at = position;

    public readonly int Position => _at;

    /// <summary>Goes on behind what someone else has read.</summary>
    public void MoveTo(int position) => _at = position;

    /// <summary>Flaws of all that was read since they were last set to none.</summary>
    public JsonFlaws Flaws { get; set; }

    /// <summary>Nested past what a body may have: malformed for us, though not for RFC 8259.</summary>
    public bool BodyTooDeep { get; private set; }

    /// <summary>Skips white space; the next byte, or -1 at the end.</summary>
    public int Peek() => (uint)_at < (uint)_text.Length && _text[_at] > ' ' ? _text[_at] : PeekPastSpace();

    int PeekPastSpace()
    {
        for (; _at < _text.Length; _at++)
        {
            if (_text[_at] is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')) return _text[_at];
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(byte expected)
    {
        if (Peek() != expected) return false;
        _at++;
        return true;
    }

    public bool ReadString(out RawString value)
    {
        value = default;
        if (!TryTake((byte)'"')) return false;
        var start = _at;
        var escaped = false;
        while (true)
        {
            _at = StringEnd.Find(_text, _at);
            if (_at == _text.Length) return false;
            if (_text[_at] == '"')
            {
                value = new(start, _at - start, escaped);
                _at++;
                return true;
            }

            if (_text[_at] != '\\' || !ReadEscape()) return false;
            escaped = true;
        }
    }

    bool ReadEscape()
    {
        if (_at + 1 >= _text.Length) return false;
        switch (_text[_at + 1])
        {
            case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                _at += 2;
                return true;
            case (byte)'u':
                return ReadUnicodeEscape();
            default:
                return false;
        }
    }

    bool ReadUnicodeEscape()
    {
        if (!JsonText.TryHex(_text, _at + 2, out var unit)) return false;
        _at += JsonText.UnicodeEscapeBytes;
        if (!char.IsSurrogate((char)unit)) return true;
        if (char.IsHighSurrogate((char)unit) && _at + 1 < _text.Length && _text[_at] == '\\' && _text[_at + 1] == 'u'
            && JsonText.TryHex(_text, _at + 2, out var low) && char.IsLowSurrogate((char)low))
        {
            _at += JsonText.UnicodeEscapeBytes;
            return true;
        }

        Flaws |= JsonFlaws.LoneSurrogate;
        return true;
    }

    /// <summary>A number token by the grammar; its value is not looked at.</summary>
    public bool ReadNumber(out int start, out int length)
    {
        start = _at;
        length = 0;
        if (Current() == '-') _at++;
        var whole = SkipDigits();
        if (whole == 0 || (whole > 1 && _text[_at - whole] == '0')) return false;
        if (Current() == '.')
        {
            _at++;
            if (SkipDigits() == 0) return false;
        }

        if ((Current() | 0x20) == 'e')
        {
            _at++;
            if (Current() is '+' or '-') _at++;
            if (SkipDigits() == 0) return false;
        }

        length = _at - start;
        return true;
    }

    readonly int Current() => _at < _text.Length ? _text[_at] : 0;

    int SkipDigits()
    {
        var start = _at;
        while (_at < _text.Length && char.IsAsciiDigit((char)_text[_at])) _at++;
        return _at - start;
    }

    public bool ReadLiteral(ReadOnlySpan<byte> literal)
    {
        if (!_text[_at..].StartsWith(literal)) return false;
        _at += literal.Length;
        return true;
    }

    /// <summary>Checks and passes over any value. <paramref name="depth"/>: levels that are open around it.</summary>
    public bool SkipValue(int depth) => Peek() is '{' or '[' ? SkipContainer(depth) : SkipScalar();

    bool SkipScalar() => Peek() switch
    {
        '"' => ReadString(out _),
        '-' or (>= '0' and <= '9') => ReadNumber(out _, out _),
        't' => ReadLiteral("true"u8),
        'f' => ReadLiteral("false"u8),
        'n' => ReadLiteral("null"u8),
        _ => false,
    };

    bool SkipContainer(int outer)
    {
        var start = _at;
        if (_text[_at] == '{' && outer < Limits.EventDepthMax && SkipFlat(out var sound)) return sound;
        _at = start;
        return SkipNested(outer);
    }

    /// <summary>An object of scalars, the usual one, needs no stack. False: there is more in it.</summary>
    bool SkipFlat(out bool sound)
    {
        _at++;
        sound = true;
        if (TryTake((byte)'}')) return true;
        do
        {
            sound = ReadName(out _);
            if (!sound) return true;
            if (Peek() is '{' or '[') return false;
            sound = SkipScalar();
        }
        while (sound && TryTake((byte)','));
        sound = sound && TryTake((byte)'}');
        return true;
    }

    bool SkipNested(int outer)
    {
        // One bit a level, set where it is an object.
        Span<ulong> objects = stackalloc ulong[Limits.BodyDepthMax / 64];
        var depth = 0;
        while (true)
        {
            var opens = Peek() is '{' or '[';
            if (opens)
            {
                if (!Open(objects, ref depth, outer, out var empty)) return false;
                if (!empty) continue;
            }
            else if (!SkipScalar())
            {
                return false;
            }

            if (!CloseOrContinue(objects, ref depth)) return false;
            if (depth == 0) return true;
        }
    }

    bool Open(scoped Span<ulong> objects, ref int depth, int outer, out bool empty)
    {
        empty = false;
        if (depth == Limits.BodyDepthMax)
        {
            BodyTooDeep = true;
            return false;
        }

        var isObject = _text[_at++] == '{';
        var bit = 1UL << (depth & 63);
        if (isObject) objects[depth >> 6] |= bit;
        else objects[depth >> 6] &= ~bit;
        depth++;
        if (outer + depth > Limits.EventDepthMax) Flaws |= JsonFlaws.TooDeep;
        empty = Peek() == (isObject ? '}' : ']');
        return empty || !isObject || ReadName(out _);
    }

    /// <summary>Behind a value: closes what ends here, or stops before the next value.</summary>
    bool CloseOrContinue(scoped Span<ulong> objects, ref int depth)
    {
        while (depth > 0)
        {
            var isObject = (objects[(depth - 1) >> 6] & (1UL << ((depth - 1) & 63))) != 0;
            var next = Peek();
            if (next == ',')
            {
                _at++;
                return !isObject || ReadName(out _);
            }

            if (next != (isObject ? '}' : ']')) return false;
            _at++;
            depth--;
        }

        return true;
    }

    /// <summary>A field's name and the colon behind it.</summary>
    public bool ReadName(out RawString name) => ReadString(out name) && TryTake((byte)':');
}
