namespace Received.Ingest.Validation;

/// <summary>
/// Reads RFC 3339 date-times. The offset (or Z) is required; t and z may be lower case; any number of fraction digits,
/// cut to milliseconds. A leap second (:60, only as the last second of a month in UTC) is the last millisecond of its
/// minute: it then falls into the day, window and cycle that it belongs to, and no event is refused for being exact.
/// </summary>
static class Rfc3339
{
    const int DateTimeLength = 19;
    const int MsPerMinute = 60_000;
    const long MsPerDay = 86_400_000;
    static readonly long UnixEpochMs = DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerMillisecond;

    public static bool TryParse(ReadOnlySpan<byte> text, out long unixMs)
    {
        unixMs = 0;
        if (text.Length <= DateTimeLength || text[4] != '-' || text[7] != '-' || (text[10] | 0x20) != 't'
            || text[13] != ':' || text[16] != ':') return false;
        if (!Digits(text[..4], out var year) || !Digits(text[5..7], out var month)
            || !Digits(text[8..10], out var day) || !Digits(text[11..13], out var hour)
            || !Digits(text[14..16], out var minute) || !Digits(text[17..19], out var second)) return false;
        if (year is 0 || month is 0 or > 12 || day is 0 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 60) return false;
        var rest = text[DateTimeLength..];
        if (!TryFraction(ref rest, out var ms) || !TryOffset(rest, out var offsetMinutes)) return false;
        var minuteMs = (new DateTime(year, month, day, hour, minute, 0, DateTimeKind.Utc).Ticks
            / TimeSpan.TicksPerMillisecond) - UnixEpochMs - ((long)offsetMinutes * MsPerMinute);
        unixMs = minuteMs + (second * 1000) + ms;
        if (second < 60) return true;
        unixMs = minuteMs + MsPerMinute - 1;
        return EndsAMonth(minuteMs + MsPerMinute);
    }

    static bool EndsAMonth(long nextMinuteMs) =>
        nextMinuteMs % MsPerDay == 0
        && nextMinuteMs + UnixEpochMs is > 0 and var ms && ms <= DateTime.MaxValue.Ticks / TimeSpan.TicksPerMillisecond
        && new DateTime(ms * TimeSpan.TicksPerMillisecond, DateTimeKind.Utc).Day == 1;

    static bool TryFraction(ref ReadOnlySpan<byte> rest, out int ms)
    {
        ms = 0;
        if (rest[0] != '.') return true;
        var at = 1;
        for (; at < rest.Length && char.IsAsciiDigit((char)rest[at]); at++)
        {
            if (at <= 3) ms = (ms * 10) + (rest[at] - '0');
        }

        for (var i = at; i <= 3; i++) ms *= 10;
        rest = rest[at..];
        return at > 1;
    }

    static bool TryOffset(ReadOnlySpan<byte> rest, out int minutes)
    {
        minutes = 0;
        if (rest.Length == 1) return (rest[0] | 0x20) == 'z';
        if (rest.Length != 6 || rest[0] is not ((byte)'+' or (byte)'-') || rest[3] != ':') return false;
        if (!Digits(rest[1..3], out var hour) || !Digits(rest[4..6], out var minute) || hour > 23 || minute > 59)
            return false;
        minutes = (hour * 60) + minute;
        if (rest[0] == '-') minutes = -minutes;
        return true;
    }

    static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit((char)c)) return false;
            value = (value * 10) + (c - '0');
        }

        return true;
    }
}
