namespace Received.Rating;

/// <summary>
/// Frames as the log has them, copied out of its buffers until the archive has written them. Chunks are kept for the
/// next ones: they are as many as the largest batch needed.
/// </summary>
sealed class WaitingBytes
{
    // Twice the largest frame, so that a chunk is full but for half at worst.
    const int ChunkBytes = 2 * 1024 * 1024;

    readonly List<byte[]> _chunks = [];
    int _chunk;
    int _used;

    /// <summary>Bytes kept.</summary>
    public long Count { get; private set; }

    /// <summary>A copy, which stays until <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> frame)
    {
        Count += frame.Length;
        if (frame.Length > ChunkBytes) return frame.ToArray();
        if (_chunks.Count == 0 || _used + frame.Length > ChunkBytes)
        {
            if (_used > 0) _chunk++;
            _used = 0;
            if (_chunk == _chunks.Count) _chunks.Add(GC.AllocateUninitializedArray<byte>(ChunkBytes));
        }

        var copy = _chunks[_chunk].AsMemory(_used, frame.Length);
        frame.CopyTo(copy.Span);
        _used += frame.Length;
        return copy;
    }

    public void Clear()
    {
        _chunk = 0;
        _used = 0;
        Count = 0;
    }
}
