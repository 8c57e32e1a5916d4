using System.Buffers.Binary;
using System.Runtime.InteropServices;
using K4os.Compression.LZ4;
using Received.Model;

namespace Received.Usage.DuckDb;

/// <summary>
/// What of a frame's events nobody searches by, as one value: 4 bytes of length, then an LZ4 block of all times of
/// receipt (8 bytes each), the quantities' lower and then their upper halves (8 + 8), each key's length (4), all keys'
/// bytes, each data's length (4), all data's bytes; little-endian. DuckDB would look at every value by itself, and that
/// cost more than all else of an archived event together. One instance per thread.
/// </summary>
sealed class ArchiveBodies
{
    const int FixedBytes = 8 + 16 + 4 + 4;

    byte[] _raw = [];
    byte[] _packed = [];
    long[] _receivedAtMs = [];
    Int128[] _quantity = [];
    int[] _ends = [];

    /// <summary>Events of the frame that was unpacked last.</summary>
    public int Count { get; private set; }

    public ReadOnlySpan<long> ReceivedAtMs => _receivedAtMs.AsSpan(0, Count);

    public ReadOnlySpan<Int128> Quantity => _quantity.AsSpan(0, Count);

    public ByteColumn Keys { get; } = new();

    public ByteColumn Data { get; } = new();

    /// <summary>The value, valid until the next call.</summary>
    public ReadOnlySpan<byte> Pack(EventColumns events)
    {
        var length = checked((events.Count * FixedBytes) + events.Keys.ByteCount + events.Data.ByteCount);
        if (_raw.Length < length) _raw = new byte[length];
        var rest = PutFixed(_raw.AsSpan(0, length), events);
        rest = Put(Put(rest, events.Keys), events.Data);
        if (!rest.IsEmpty) throw new InvalidOperationException("Keys and data are not of as many events.");
        var room = sizeof(int) + LZ4Codec.MaximumOutputSize(length);
        if (_packed.Length < room) _packed = new byte[room];
        BinaryPrimitives.WriteInt32LittleEndian(_packed, length);
        var size = LZ4Codec.Encode(_raw.AsSpan(0, length), _packed.AsSpan(sizeof(int)));
        return _packed.AsSpan(0, sizeof(int) + size);
    }

    /// <summary>Fills the columns.</summary>
    /// <exception cref="InvalidDataException">The value is no body of so many events.</exception>
    public void Unpack(ReadOnlySpan<byte> packed, int count)
    {
        Count = 0;
        var length = packed.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(packed);
        if (length < (long)count * FixedBytes) throw Broken();
        if (_raw.Length < length) _raw = new byte[length];
        if (LZ4Codec.Decode(packed[sizeof(int)..], _raw.AsSpan(0, length)) != length) throw Broken();
        if (_ends.Length < count)
        {
            _receivedAtMs = new long[count];
            _quantity = new Int128[count];
            _ends = new int[count];
        }

        var rest = TakeFixed(_raw.AsSpan(0, length), count);
        if (!Take(Take(rest, count, Keys), count, Data).IsEmpty) throw Broken();
        Count = count;
    }

    static Span<byte> PutFixed(Span<byte> target, EventColumns events)
    {
        var count = events.Count;
        var longs = MemoryMarshal.Cast<byte, long>(target)[..(count * 3)];
        events.ReceivedAtMs.CopyTo(longs);
        var low = longs[count..];
        var high = longs[(count * 2)..];
        var quantity = events.Quantity;
        for (var i = 0; i < quantity.Length; i++)
        {
            low[i] = unchecked((long)quantity[i]);
            high[i] = (long)(quantity[i] >> 64);
        }

        return target[(count * 3 * sizeof(long))..];
    }

    ReadOnlySpan<byte> TakeFixed(ReadOnlySpan<byte> source, int count)
    {
        var longs = MemoryMarshal.Cast<byte, long>(source)[..(count * 3)];
        longs[..count].CopyTo(_receivedAtMs);
        for (var i = 0; i < count; i++)
            _quantity[i] = new(unchecked((ulong)longs[(count * 2) + i]), unchecked((ulong)longs[count + i]));
        return source[(count * 3 * sizeof(long))..];
    }

    static Span<byte> Put(Span<byte> target, ByteColumn column)
    {
        var lengths = MemoryMarshal.Cast<byte, int>(target)[..column.Count];
        for (var i = 0; i < lengths.Length; i++) lengths[i] = column.LengthOf(i);
        target = target[(column.Count * sizeof(int))..];
        column.Bytes.CopyTo(target);
        return target[column.ByteCount..];
    }

    ReadOnlySpan<byte> Take(ReadOnlySpan<byte> source, int count, ByteColumn column)
    {
        if (source.Length < (long)count * sizeof(int)) throw Broken();
        var end = 0L;
        for (var i = 0; i < count; i++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(source[(i * sizeof(int))..]);
            end += length;
            if (length < 0 || end > source.Length) throw Broken();
            _ends[i] = (int)end;
        }

        source = source[(count * sizeof(int))..];
        if (source.Length < end) throw Broken();
        source[..(int)end].CopyTo(column.Resize(_ends.AsSpan(0, count)));
        return source[(int)end..];
    }

    static InvalidDataException Broken() => new("The archive's bodies of a frame are not what was written.");
}
