using System.Buffers.Binary;
using Received.Model;

namespace Received.Log;

/// <summary>A growing buffer that a payload is written to; reused from frame to frame.</summary>
sealed class PayloadWriter
{
    readonly List<PayloadPart> _parts = [];
    byte[] _bytes = new byte[4096];
    int _count;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _count);

    public void Clear()
    {
        _count = 0;
        _parts.Clear();
    }

    /// <summary>Integers of that width, to be filled by the caller before the next call.</summary>
    public Span<byte> ReserveIntegers(int width, int count)
    {
        _parts.Add(new(_count, width, null, false));
        return Reserve(width * count);
    }

    /// <param name="isFree">Whether its entries are texts of any form, not names of something.</param>
    public void WriteEntries(ByteColumn column, bool isFree)
    {
        if (column.ByteCount == 0) return;
        _parts.Add(new(_count, 0, column, isFree));
        column.Bytes.CopyTo(Reserve(column.ByteCount));
    }

    /// <summary>All that was written, as one LZ4 block.</summary>
    /// <param name="target">At least <see cref="BlockPacker.TargetBytes"/>.</param>
    /// <returns>The block's bytes.</returns>
    public int Pack(Span<byte> target, Span<int> places)
    {
        var packer = new BlockPacker(_bytes.AsSpan(0, _count + BlockPacker.Slack), target, places);
        for (var i = 0; i < _parts.Count; i++)
        {
            var part = _parts[i];
            if (part.Column is { } column) packer.Entries(part.Start, column.Ends, part.IsFree);
            else packer.Integers(part.Start, i + 1 < _parts.Count ? _parts[i + 1].Start : _count, part.Width);
        }

        return packer.Finish();
    }

    /// <summary>The next <paramref name="size"/> bytes, to be filled by the caller before the next call.</summary>
    public Span<byte> Reserve(int size)
    {
        var room = _count + size + BlockPacker.Slack;
        if (_bytes.Length < room) Array.Resize(ref _bytes, Math.Max(room, _bytes.Length * 2));
        var reserved = _bytes.AsSpan(_count, size);
        _count += size;
        return reserved;
    }

    public void WriteByte(byte value) => Reserve(1)[0] = value;

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Reserve(sizeof(int)), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Reserve(sizeof(long)), value);
}

/// <summary>A stretch of one kind: integers of a width, or a column's entries.</summary>
readonly record struct PayloadPart(int Start, int Width, ByteColumn? Column, bool IsFree);

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
