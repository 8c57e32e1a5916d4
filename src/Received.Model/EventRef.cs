using System.Buffers.Binary;
using System.Text;

namespace Received.Model;

/// <summary>
/// <c>event_ref</c>: an event's position as text, known at the acknowledgement and routable without a look-up.
/// "evt_" and 26 characters of Crockford's base32 in lower case: 16 bytes big-endian (generation 2, partition 2,
/// offset 8, index 4). It is no secret; whoever reads with it must check the account.
/// </summary>
public static class EventRef
{
    /// <summary>Length in characters, which are ASCII bytes.</summary>
    public const int Length = 30;

    const int PositionBytes = 16;
    const int BitsPerCharacter = 5;

    static ReadOnlySpan<byte> Prefix => "evt_"u8;
    static ReadOnlySpan<byte> Alphabet => "0123456789abcdefghjkmnpqrstvwxyz"u8;

    /// <summary>Writes <see cref="Length"/> ASCII bytes to <paramref name="utf8"/>.</summary>
    public static void Format(LogPosition position, Span<byte> utf8)
    {
        Span<byte> bytes = stackalloc byte[PositionBytes];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, position.Generation);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], position.Partition.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes[4..], position.Offset);
        BinaryPrimitives.WriteInt32BigEndian(bytes[12..], position.Index);
        var bits = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        Prefix.CopyTo(utf8);
        for (var i = Length - 1; i >= Prefix.Length; i--)
        {
            utf8[i] = Alphabet[(int)(bits & 31)];
            bits >>= BitsPerCharacter;
        }
    }

    public static string Format(LogPosition position)
    {
        Span<byte> utf8 = stackalloc byte[Length];
        Format(position, utf8);
        return Encoding.ASCII.GetString(utf8);
    }

    /// <summary>False for anything that <see cref="Format(LogPosition)"/> cannot have written.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out LogPosition position)
    {
        position = default;
        if (text.Length != Length || !text.StartsWith("evt_", StringComparison.Ordinal)) return false;
        UInt128 bits = 0;
        for (var i = Prefix.Length; i < Length; i++)
        {
            var value = text[i] < 128 ? Alphabet.IndexOf((byte)text[i]) : -1;
            // 26 characters hold 130 bits: the first may only use its lower three.
            if (value < 0 || (i == Prefix.Length && value > 7)) return false;
            bits = unchecked((bits << BitsPerCharacter) | (uint)value);
        }

        Span<byte> bytes = stackalloc byte[PositionBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        var offset = BinaryPrimitives.ReadInt64BigEndian(bytes[4..]);
        var index = BinaryPrimitives.ReadInt32BigEndian(bytes[12..]);
        if (offset < 0 || index < 0) return false;
        position = new(
            BinaryPrimitives.ReadUInt16BigEndian(bytes),
            new(BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])), offset, index);
        return true;
    }
}
