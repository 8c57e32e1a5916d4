using System.Buffers.Binary;
using System.Runtime.InteropServices;
using K4os.Compression.LZ4;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// Keys and data of a frame's events as one value: 4 bytes of length, then an LZ4 block of each key's length, all keys'
/// bytes, each data's length, all data's bytes; lengths are 4 bytes, all little-endian. Empty where no event has any.
/// DuckDB would look at every text by itself, and that cost more than all else of an archived event together.
/// One instance per thread.
/// </summary>
sealed class ArchiveBodies
{
    byte[] _raw = [];
    byte[] _packed = [];

    /// <summary>The value, valid until the next call.</summary>
    public ReadOnlySpan<byte> Pack(EventColumns events)
    {
        if (events.Keys.ByteCount == 0 && events.Data.ByteCount == 0) return [];
        var length = checked((events.Count * 2 * sizeof(int)) + events.Keys.ByteCount + events.Data.ByteCount);
        if (_raw.Length < length) _raw = new byte[length];
        var rest = Put(Put(_raw.AsSpan(0, length), events.Keys), events.Data);
        if (!rest.IsEmpty) throw new InvalidOperationException("Keys and data are not of as many events.");
        var room = sizeof(int) + LZ4Codec.MaximumOutputSize(length);
        if (_packed.Length < room) _packed = new byte[room];
        BinaryPrimitives.WriteInt32LittleEndian(_packed, length);
        var size = LZ4Codec.Encode(_raw.AsSpan(0, length), _packed.AsSpan(sizeof(int)));
        return _packed.AsSpan(0, sizeof(int) + size);
    }

    /// <summary>Fills both columns with as many entries as the frame has events.</summary>
    /// <exception cref="InvalidDataException">The value is no body of so many events.</exception>
    public void Unpack(ReadOnlySpan<byte> packed, int count, ByteColumn keys, ByteColumn data)
    {
        if (packed.IsEmpty)
        {
            Span<int> none = stackalloc int[Math.Min(count, 1024)];
            var ends = count <= none.Length ? none[..count] : new int[count];
            ends.Clear();
            keys.Resize(ends);
            data.Resize(ends);
            return;
        }

        var length = packed.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(packed);
        if (length < 0) throw Broken();
        if (_raw.Length < length) _raw = new byte[length];
        if (LZ4Codec.Decode(packed[sizeof(int)..], _raw.AsSpan(0, length)) != length) throw Broken();
        if (!Take(Take(_raw.AsSpan(0, length), count, keys), count, data).IsEmpty) throw Broken();
    }

    static Span<byte> Put(Span<byte> target, ByteColumn column)
    {
        var lengths = MemoryMarshal.Cast<byte, int>(target)[..column.Count];
        for (var i = 0; i < lengths.Length; i++) lengths[i] = column.LengthOf(i);
        target = target[(column.Count * sizeof(int))..];
        column.Bytes.CopyTo(target);
        return target[column.ByteCount..];
    }

    static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> source, int count, ByteColumn column)
    {
        if (source.Length < (long)count * sizeof(int)) throw Broken();
        var ends = new int[count];
        var end = 0L;
        for (var i = 0; i < count; i++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(source[(i * sizeof(int))..]);
            end += length;
            if (length < 0 || end > source.Length) throw Broken();
            ends[i] = (int)end;
        }

        source = source[(count * sizeof(int))..];
        if (source.Length < end) throw Broken();
        source[..(int)end].CopyTo(column.Resize(ends));
        return source[(int)end..];
    }

    static InvalidDataException Broken() => new("The archive's keys and data of a frame are not what was written.");
}
