namespace Received.Model;

/// <summary>A column of byte strings: one heap and the end of each entry in it.</summary>
public sealed class ByteColumn
{
    byte[] _bytes = [];
    int[] _ends = [];

    public int Count { get; private set; }

    public int ByteCount { get; private set; }

    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            var ends = Ends;
            var end = ends[index];
            var start = index == 0 ? 0 : ends[index - 1];
            return _bytes.AsSpan(start, end - start);
        }
    }

    /// <summary>All entries' bytes, one behind the other.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, ByteCount);

    /// <summary>Where each entry ends in <see cref="Bytes"/>.</summary>
    public ReadOnlySpan<int> Ends => _ends.AsSpan(0, Count);

    public int LengthOf(int index) => _ends[index] - (index == 0 ? 0 : _ends[index - 1]);

    public void Clear() => (Count, ByteCount) = (0, 0);

    public void Add(ReadOnlySpan<byte> entry)
    {
        var end = ByteCount + entry.Length;
        Reserve(end, Count + 1);
        if (entry.Length > 0) entry.CopyTo(_bytes.AsSpan(ByteCount));
        _ends[Count++] = end;
        ByteCount = end;
    }

    /// <summary>Some entries of another column, behind those that are here.</summary>
    public void AddRange(ByteColumn other, int from, int count)
    {
        var start = from == 0 ? 0 : other._ends[from - 1];
        var ends = other.Ends.Slice(from, count);
        var bytes = count == 0 ? 0 : ends[^1] - start;
        Reserve(ByteCount + bytes, Count + count);
        other._bytes.AsSpan(start, bytes).CopyTo(_bytes.AsSpan(ByteCount));
        var moved = _ends.AsSpan(Count, count);
        for (var i = 0; i < moved.Length; i++) moved[i] = ends[i] - start + ByteCount;
        Count += count;
        ByteCount += bytes;
    }

    void Reserve(int bytes, int entries)
    {
        if (bytes > _bytes.Length) Array.Resize(ref _bytes, Math.Max(bytes, Math.Max(256, _bytes.Length * 2)));
        if (entries > _ends.Length) Array.Resize(ref _ends, Math.Max(entries, Math.Max(16, _ends.Length * 2)));
    }

    /// <summary>For decoders: room for entries of the given ends, which must not descend; fill the bytes
    /// returned.</summary>
    public Span<byte> Resize(ReadOnlySpan<int> ends)
    {
        if (ends.Length > _ends.Length) Array.Resize(ref _ends, ends.Length);
        ends.CopyTo(_ends);
        Count = ends.Length;
        ByteCount = Count == 0 ? 0 : ends[^1];
        if (ByteCount > _bytes.Length) Array.Resize(ref _bytes, ByteCount);
        return _bytes.AsSpan(0, ByteCount);
    }
}
