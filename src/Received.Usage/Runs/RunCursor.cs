using System.Buffers;

namespace Received.Usage.Runs;

/// <summary>Reads a section's entries in order, many blocks at a time. Its memory is rented: dispose it.</summary>
sealed class RunCursor : IDisposable
{
    /// <summary>2 MB: sequential reads at the disk's speed.</summary>
    public const int BlocksForStreams = 512;

    /// <summary>256 KB, since a merge has many cursors.</summary>
    public const int BlocksForMerges = 64;

    readonly Run _run;
    readonly RunSection _section;
    readonly int _blocksBuffered;
    byte[] _bytes;
    KeyEntry[] _entries;
    int _nextBlock;
    int _at;
    int _count;

    public RunCursor(Run run, RunSection section, int blocksBuffered)
    {
        _run = run;
        _section = section;
        _blocksBuffered = Math.Min(blocksBuffered, section.Firsts.Length);
        _bytes = ArrayPool<byte>.Shared.Rent(_blocksBuffered * RunFormat.BlockBytes);
        _entries = ArrayPool<KeyEntry>.Shared.Rent(_blocksBuffered * RunFormat.BlockRecords);
    }

    public ref readonly KeyEntry Current => ref _entries[_at];

    /// <summary>Moves to the next entry at or after that log time.</summary>
    /// <returns>False behind the last.</returns>
    public bool Advance(long notBeforeMs)
    {
        if (++_at < _count) return true;
        do
        {
            if (_nextBlock == _section.Firsts.Length) return false;
            ReadChunk(notBeforeMs);
        }
        while (_count == 0);
        return true;
    }

    /// <summary>The next blocks' entries at or after that log time; false behind the last block.</summary>
    public bool TryReadChunk(long notBeforeMs, out ReadOnlyMemory<KeyEntry> chunk)
    {
        if (_nextBlock == _section.Firsts.Length)
        {
            chunk = default;
            return false;
        }

        ReadChunk(notBeforeMs);
        chunk = _entries.AsMemory(0, _count);
        return true;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<KeyEntry>.Shared.Return(_entries);
        (_bytes, _entries) = ([], []);
    }

    void ReadChunk(long notBeforeMs)
    {
        var blocks = _run.ReadBlocks(_section, _nextBlock, _bytes.AsSpan(0, _blocksBuffered * RunFormat.BlockBytes));
        _at = 0;
        _count = 0;
        for (var i = 0; i < blocks; i++)
        {
            var end = _section.BlockBytes(_nextBlock + i);
            var block = _bytes.AsSpan(i * RunFormat.BlockBytes, end);
            for (var at = RunFormat.ChecksumBytes; at < end; at += RunRecord.Bytes)
            {
                var record = block.Slice(at, RunRecord.Bytes);
                if (RunRecord.LogTimeMs(record) >= notBeforeMs) _entries[_count++] = RunRecord.Read(record);
            }
        }

        _nextBlock += blocks;
    }
}
