using System.Buffers.Binary;
using Received.Ingest.Validation;

namespace Received.Ingest.Formats;

/// <summary>
/// Timestamps written as 2024-02-05T08:55:32.160Z, of the two days that were met last, as after midnight: three words
/// of eight bytes. The day itself and every other spelling are read by <see cref="Rfc3339"/>.
/// </summary>
struct PlainTimestamp
{
    public const int Length = 24;

    const int MsPerDay = 86_400_000;
    const ulong HighBits = 0x8080_8080_8080_8080;
    const int DayBytesOfSecondWord = 3;
    const ulong DayMask = (1UL << (8 * DayBytesOfSecondWord)) - 1;

    // "ddThh:mm" and ":ss.fffZ" in the order of bytes, and what brings digits above nine and other signs than these to
    // the high bit.
    const ulong HourForm = 0x3030_3A30_3054_3030;
    const ulong HourLimits = 0x7676_7F76_767F_7676;
    const ulong SecondForm = 0x5A30_3030_2E30_303A;
    const ulong SecondLimits = 0x7F76_7676_7F76_767F;

    Day _newer;
    Day _older;

    public readonly bool TryRead(ReadOnlySpan<byte> text, int at, out long unixMs)
    {
        unixMs = 0;
        if (at > text.Length - Length) return false;
        var month = BinaryPrimitives.ReadUInt64LittleEndian(text[at..]);
        var hour = BinaryPrimitives.ReadUInt64LittleEndian(text[(at + 8)..]);
        var second = BinaryPrimitives.ReadUInt64LittleEndian(text[(at + 16)..]);
        var day = hour & DayMask;
        long dayMs;
        if (_newer.Is(month, day)) dayMs = _newer.Ms;
        else if (_older.Is(month, day)) dayMs = _older.Ms;
        else return false;
        unchecked
        {
            hour ^= HourForm;
            second ^= SecondForm;
            if (((((hour + HourLimits) | hour) | ((second + SecondLimits) | second)) & HighBits) != 0) return false;
            var hours = Two(hour, 3);
            var minutes = Two(hour, 6);
            var seconds = Two(second, 1);
            if (hours > 23 || minutes > 59 || seconds > 59) return false;
            var ms = ((uint)(second >> 32) & 0xF) * 100 + Two(second, 5);
            unixMs = dayMs + ((((hours * 60) + minutes) * 60) + seconds) * 1000 + ms;
            return true;
        }
    }

    /// <summary>Learns the day of a timestamp that was read the long way.</summary>
    public void Remember(ReadOnlySpan<byte> text, long unixMs)
    {
        if (text.Length != Length || text[10] != 'T' || text[Length - 1] != 'Z') return;
        var month = BinaryPrimitives.ReadUInt64LittleEndian(text);
        var day = BinaryPrimitives.ReadUInt64LittleEndian(text[8..]) & DayMask;
        if (_newer.Is(month, day) || _older.Is(month, day)) return;
        _older = _newer;
        // Towards the earlier day before 1970; a leap second is the last millisecond of its day.
        _newer = new(month, day, unixMs - (((unixMs % MsPerDay) + MsPerDay) % MsPerDay));
    }

    static uint Two(ulong word, int at) => unchecked(
        ((uint)(word >> (8 * at)) & 0xF) * 10 + ((uint)(word >> (8 * (at + 1))) & 0xF));

    /// <summary>"yyyy-mm-" and "dd" and the T, as words, and the day's first millisecond.</summary>
    readonly record struct Day(ulong Month, ulong Number, long Ms)
    {
        public bool Is(ulong month, ulong number) => Month == month && Number == number;
    }
}
