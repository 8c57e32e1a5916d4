using System.Buffers.Binary;

namespace Received.Log;

/// <summary>A growing buffer that a payload is written to; reused from frame to frame.</summary>
sealed class PayloadWriter
{
    byte[] _bytes = new byte[4096];
    int _count;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _count);

    public void Clear() => _count = 0;

    /// <summary>The next <paramref name="size"/> bytes, to be filled by the caller before the next call.</summary>
    public Span<byte> Reserve(int size)
    {
        if (_bytes.Length - _count < size) Array.Resize(ref _bytes, Math.Max(_count + size, _bytes.Length * 2));
        var reserved = _bytes.AsSpan(_count, size);
        _count += size;
        return reserved;
    }

    public void WriteByte(byte value) => Reserve(1)[0] = value;

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Reserve(sizeof(int)), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Reserve(sizeof(long)), value);
}

/// <summary>Reads a payload from front to back; never past its end.</summary>
ref struct PayloadReader(ReadOnlySpan<byte> bytes)
{
    ReadOnlySpan<byte> _rest = bytes;

    public readonly int Remaining => _rest.Length;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool TryReadBytes(int size, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if ((uint)size > (uint)_rest.Length) return false;
        bytes = _rest[..size];
        _rest = _rest[size..];
        return true;
    }

    /// <summary>Whether the next byte is that one, which stays unread.</summary>
    public readonly bool NextIs(byte value) => !_rest.IsEmpty && _rest[0] == value;

    public bool TryReadByte(out byte value)
    {
        value = 0;
        if (!TryReadBytes(1, out var bytes)) return false;
        value = bytes[0];
        return true;
    }

    public bool TryReadInt32(out int value)
    {
        value = 0;
        return TryReadBytes(sizeof(int), out var bytes) && BinaryPrimitives.TryReadInt32LittleEndian(bytes, out value);
    }

    public bool TryReadInt64(out long value)
    {
        value = 0;
        return TryReadBytes(sizeof(long), out var bytes) && BinaryPrimitives.TryReadInt64LittleEndian(bytes, out value);
    }
}
