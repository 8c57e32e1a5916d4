using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Received.Model;

namespace Received.Usage.Runs;

/// <summary>
/// Writes one run: records must come by partition, identity and position. Until <see cref="Finish"/> has renamed it,
/// the file has a name that the next start deletes.
/// </summary>
sealed class RunWriter : IDisposable
{
    public const string TemporaryExtension = ".tmp";

    const int BufferBytes = 64 * RunFormat.BlockBytes;

    readonly string _folder;
    readonly RunRange _range;
    readonly string _temporary;
    readonly SafeFileHandle _file;
    byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    readonly List<RunSection> _sections = [];
    readonly List<UInt128> _firsts = [];

    long _written = RunFormat.HeaderBytes;
    int _buffered;
    int _blockStart;
    int _blockRecords;

    PartitionId _partition;
    KeyMark _previous;
    KeyMark _reach;
    long _keptFromMs;
    long _sectionOffset;
    long _sectionRecords;
    long _oldestMs;
    long _newestMs;

    public RunWriter(string folder, RunRange range)
    {
        _folder = folder;
        _range = range;
        _temporary = Path.Combine(folder, range.FileName + TemporaryExtension);
        _file = File.OpenHandle(_temporary, FileMode.Create, FileAccess.Write, FileShare.None);
    }

    public bool IsEmpty => _sections.Count == 0 && _sectionRecords == 0;

    /// <summary>The records that follow are this partition's, which is above those before.</summary>
    /// <param name="previous">How far the index went before these.</param>
    /// <param name="keptFromMs">Records before that log time are left out.</param>
    public void Begin(PartitionId partition, KeyMark previous, long keptFromMs = long.MinValue)
    {
        End();
        _partition = partition;
        _previous = previous;
        _reach = default;
        _keptFromMs = keptFromMs;
        _sectionOffset = _written + _buffered;
        _oldestMs = long.MaxValue;
        _newestMs = long.MinValue;
    }

    public void Add(in KeyEntry entry)
    {
        if (_blockRecords == 0) StartBlock(entry.Identity);
        RunRecord.Write(_buffer.AsSpan(_buffered), entry);
        _buffered += RunRecord.Bytes;
        _sectionRecords++;
        _oldestMs = Math.Min(_oldestMs, entry.LogTimeMs);
        _newestMs = Math.Max(_newestMs, entry.LogTimeMs);
        var reach = new KeyMark(entry.Generation, entry.Offset + 1, 0);
        if (reach.IsPast(_reach)) _reach = reach;
        if (++_blockRecords == RunFormat.BlockRecords) SealBlock();
    }

    /// <summary>Makes the run durable under its name: bytes, then name.</summary>
    /// <returns>Its path.</returns>
    public string Finish()
    {
        End();
        Flush();
        var footer = RunFormat.WriteFooter(_sections);
        RandomAccess.Write(_file, footer, _written);
        RandomAccess.Write(_file, RunFormat.WriteHeader(_range, _sections, _written, footer), 0);
        RandomAccess.FlushToDisk(_file);
        _file.Dispose();
        var path = Path.Combine(_folder, _range.FileName);
        File.Move(_temporary, path, overwrite: true);
        DurableFolder.Sync(_folder);
        return path;
    }

    public void Dispose()
    {
        _file.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        // Gone already where Finish got that far.
        File.Delete(_temporary);
    }

    void End()
    {
        if (_sectionRecords == 0) return;
        if (_blockRecords > 0) SealBlock();
        _sections.Add(new(
            _partition, _sectionRecords, _sectionOffset, _oldestMs, _newestMs, _keptFromMs, _previous,
            _reach with { LogTimeMs = _newestMs }, [.. _firsts]));
        _firsts.Clear();
        _sectionRecords = 0;
    }

    void StartBlock(UInt128 first)
    {
        if (_buffered + RunFormat.BlockBytes > BufferBytes) Flush();
        _blockStart = _buffered;
        _buffered += RunFormat.ChecksumBytes;
        _firsts.Add(first);
    }

    void SealBlock()
    {
        var records = _buffer.AsSpan((_blockStart + RunFormat.ChecksumBytes).._buffered);
        BinaryPrimitives.WriteUInt64LittleEndian(
            _buffer.AsSpan(_blockStart), RunFormat.BlockChecksum(records, _range, _written + _blockStart));
        _blockRecords = 0;
    }

    void Flush()
    {
        RandomAccess.Write(_file, _buffer.AsSpan(0, _buffered), _written);
        _written += _buffered;
        _buffered = 0;
    }
}
