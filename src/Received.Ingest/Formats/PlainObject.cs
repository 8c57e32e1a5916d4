namespace Received.Ingest.Formats;

/// <summary>
/// Objects of plain strings, whole numbers and literals on one level, which most additional_report_data is: their end.
/// Whatever else an object may be is left to <see cref="JsonCursor"/>.
/// </summary>
static class PlainObject
{
    /// <returns>Behind the closing brace, or -1.</returns>
    public static int End(ReadOnlySpan<byte> text, int at)
    {
        if (At(text, at) != '{') return -1;
        at = Space(text, at + 1);
        if (At(text, at) == '}') return at + 1;
        while (true)
        {
            at = Text(text, at);
            if (at < 0) return -1;
            at = Space(text, at);
            if (At(text, at) != ':') return -1;
            at = Scalar(text, Space(text, at + 1));
            if (at < 0) return -1;
            at = Space(text, at);
            if (At(text, at) == '}') return at + 1;
            if (At(text, at) != ',') return -1;
            at = Space(text, at + 1);
        }
    }

    /// <summary>Zero, which is no part of any token, past the end.</summary>
    static byte At(ReadOnlySpan<byte> text, int at) => (uint)at < (uint)text.Length ? text[at] : (byte)0;

    static int Space(ReadOnlySpan<byte> text, int at)
    {
        while (At(text, at) is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t') at++;
        return at;
    }

    static int Text(ReadOnlySpan<byte> text, int at)
    {
        if (At(text, at) != '"') return -1;
        at = StringEnd.Find(text, at + 1);
        return At(text, at) == '"' ? at + 1 : -1;
    }

    static int Scalar(ReadOnlySpan<byte> text, int at) => At(text, at) switch
    {
        (byte)'"' => Text(text, at),
        >= (byte)'1' and <= (byte)'9' => WholeNumber(text, at),
        (byte)'t' => text[at..].StartsWith("true"u8) ? at + 4 : -1,
        (byte)'f' => text[at..].StartsWith("false"u8) ? at + 5 : -1,
        (byte)'n' => text[at..].StartsWith("null"u8) ? at + 4 : -1,
        _ => -1,
    };

    /// <summary>A point or an exponent behind it is no end that <see cref="End"/> would take.</summary>
    static int WholeNumber(ReadOnlySpan<byte> text, int at)
    {
        while (char.IsAsciiDigit((char)At(text, at))) at++;
        return at;
    }
}
