namespace Received.Usage.Runs;

/// <summary>Reads a section's entries in order, many blocks at a time.</summary>
sealed class RunCursor(Run run, RunSection section, int blocksBuffered)
{
    /// <summary>2 MB: sequential reads at the disk's speed.</summary>
    public const int BlocksForStreams = 512;

    /// <summary>256 KB, since a merge has many cursors.</summary>
    public const int BlocksForMerges = 64;

    readonly byte[] _bytes = new byte[Math.Min(blocksBuffered, section.Firsts.Length) * RunFormat.BlockBytes];
    readonly KeyEntry[] _entries =
        new KeyEntry[Math.Min(blocksBuffered, section.Firsts.Length) * RunFormat.BlockRecords];
    int _nextBlock;
    int _at;
    int _count;

    public ref readonly KeyEntry Current => ref _entries[_at];

    /// <summary>Moves to the next entry at or after that log time.</summary>
    /// <returns>False behind the last.</returns>
    public bool Advance(long notBeforeMs)
    {
        if (++_at < _count) return true;
        do
        {
            if (_nextBlock == section.Firsts.Length) return false;
            ReadChunk(notBeforeMs);
        }
        while (_count == 0);
        return true;
    }

    /// <summary>The next blocks' entries at or after that log time; false behind the last block.</summary>
    public bool TryReadChunk(long notBeforeMs, out ReadOnlyMemory<KeyEntry> chunk)
    {
        if (_nextBlock == section.Firsts.Length)
        {
            chunk = default;
            return false;
        }

        ReadChunk(notBeforeMs);
        chunk = _entries.AsMemory(0, _count);
        return true;
    }

    void ReadChunk(long notBeforeMs)
    {
        var blocks = run.ReadBlocks(section, _nextBlock, _bytes);
        _at = 0;
        _count = 0;
        for (var i = 0; i < blocks; i++)
        {
            var end = section.BlockBytes(_nextBlock + i);
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
