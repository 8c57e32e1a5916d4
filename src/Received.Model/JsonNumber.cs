namespace Received.Model;

/// <summary>
/// A JSON number taken apart: its digits without zeros at either end, and the power of ten of the last one.
/// </summary>
/// <param name="DigitStart">Index of the first digit that counts.</param>
/// <param name="DigitSpan">Length from there through the last digit that counts; may contain the point.</param>
/// <param name="DigitCount">Number of those digits; 0 for zero.</param>
/// <param name="Exponent">The value is the digits as an integer times 10 to this power.</param>
readonly record struct JsonNumber(bool Negative, int DigitStart, int DigitSpan, int DigitCount, int Exponent)
{
    // Far past every exponent that can matter, and far from overflowing the sums it goes into.
    const int ExponentCap = 1_000_000;

    public static bool TryRead(ReadOnlySpan<byte> utf8, out JsonNumber number)
    {
        number = default;
        var at = 0;
        var negative = utf8.Length > 0 && utf8[0] == '-';
        if (negative) at++;
        var start = at;
        while (at < utf8.Length && char.IsAsciiDigit((char)utf8[at])) at++;
        var wholeDigits = at - start;
        if (wholeDigits == 0 || (wholeDigits > 1 && utf8[start] == '0')) return false;
        var fractionDigits = 0;
        if (at < utf8.Length && utf8[at] == '.')
        {
            at++;
            while (at < utf8.Length && char.IsAsciiDigit((char)utf8[at]))
            {
                at++;
                fractionDigits++;
            }

            if (fractionDigits == 0) return false;
        }

        var end = at;
        if (!TryReadExponent(utf8, ref at, out var exponent) || at != utf8.Length) return false;
        number = Trim(utf8[..end], start, negative, exponent - fractionDigits);
        return true;
    }

    static bool TryReadExponent(ReadOnlySpan<byte> utf8, ref int at, out int exponent)
    {
        exponent = 0;
        if (at == utf8.Length || (utf8[at] | 0x20) != 'e') return true;
        at++;
        var negative = at < utf8.Length && utf8[at] == '-';
        if (at < utf8.Length && utf8[at] is (byte)'-' or (byte)'+') at++;
        var start = at;
        while (at < utf8.Length && char.IsAsciiDigit((char)utf8[at]))
            exponent = Math.Min((exponent * 10) + (utf8[at++] - '0'), ExponentCap);
        if (negative) exponent = -exponent;
        return at > start;
    }

    /// <summary>Drops zeros at both ends; each one dropped at the right raises the exponent by one.</summary>
    static JsonNumber Trim(ReadOnlySpan<byte> mantissa, int start, bool negative, int exponent)
    {
        var end = mantissa.Length;
        while (end > start && mantissa[end - 1] is (byte)'0' or (byte)'.')
        {
            if (mantissa[end - 1] == '0') exponent++;
            end--;
        }

        while (start < end && mantissa[start] is (byte)'0' or (byte)'.') start++;
        var digits = mantissa[start..end].Contains((byte)'.') ? end - start - 1 : end - start;
        return digits == 0 ? new(false, 0, 0, 0, 0) : new(negative, start, end - start, digits, exponent);
    }
}
