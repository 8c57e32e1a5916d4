using System.Text;

namespace Received.Ingest.Formats;

/// <summary>Escapes of JSON strings whose grammar has been checked.</summary>
static class JsonText
{
    /// <summary>Backslash, u, four digits.</summary>
    public const int UnicodeEscapeBytes = 6;

    /// <summary>Four hexadecimal digits at that place.</summary>
    public static bool TryHex(ReadOnlySpan<byte> text, int at, out int unit)
    {
        unit = 0;
        if (at + 4 > text.Length) return false;
        for (var i = at; i < at + 4; i++)
        {
            if (!char.IsAsciiHexDigit((char)text[i])) return false;
            unit = (unit << 4) | HexValue(text[i]);
        }

        return true;
    }

    static int HexValue(byte c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

    /// <summary>
    /// Writes the string's value as UTF-8; <paramref name="target"/> must be as long as <paramref name="raw"/>, which
    /// is never shorter than its value. Half of a surrogate pair (refused elsewhere) becomes U+FFFD.
    /// </summary>
    public static int Unescape(ReadOnlySpan<byte> raw, Span<byte> target)
    {
        var written = 0;
        var at = 0;
        while (at < raw.Length)
        {
            var plain = raw[at..].IndexOf((byte)'\\');
            if (plain < 0) plain = raw.Length - at;
            raw.Slice(at, plain).CopyTo(target[written..]);
            written += plain;
            at += plain;
            if (at == raw.Length) break;
            if (raw[at + 1] == 'u')
            {
                written += ReadRune(raw, ref at).EncodeToUtf8(target[written..]);
                continue;
            }

            target[written++] = Plain(raw[at + 1]);
            at += 2;
        }

        return written;
    }

    static Rune ReadRune(ReadOnlySpan<byte> raw, ref int at)
    {
        _ = TryHex(raw, at + 2, out var unit);
        at += UnicodeEscapeBytes;
        if (Rune.TryCreate((char)unit, out var rune)) return rune;
        if (at + 1 < raw.Length && raw[at] == '\\' && raw[at + 1] == 'u' && TryHex(raw, at + 2, out var low)
            && Rune.TryCreate((char)unit, (char)low, out rune))
        {
            at += UnicodeEscapeBytes;
            return rune;
        }

        return Rune.ReplacementChar;
    }

    static byte Plain(byte escape) => escape switch
    {
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        _ => escape,
    };
}
