using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Received.Model;

namespace Received.Usage.Runs;

/// <summary>
/// An immutable run, open for reading. Held by the index and by whoever reads it at the moment; the last to let go
/// closes the file. Every block is checked against its checksum whenever it is read.
/// </summary>
sealed class Run
{
    readonly SafeFileHandle _file;
    readonly RunSection[] _sections;
    int _holders = 1;

    Run(string path, RunRange range, SafeFileHandle file, RunSection[] sections)
    {
        FilePath = path;
        Range = range;
        _file = file;
        _sections = sections;
    }

    public string FilePath { get; }

    public RunRange Range { get; }

    public IReadOnlyList<RunSection> Sections => _sections;

    public long Records => _sections.Sum(section => section.Records);

    /// <exception cref="KeyIndexCorruptException">Header, footer or length are not what was written.</exception>
    public static Run Open(string path, RunRange range)
    {
        var file = File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);
        try
        {
            var bytes = new byte[RunFormat.HeaderBytes];
            var header = RunFormat.ReadHeader(bytes.AsSpan(0, ReadFully(file, bytes, 0)), range, path);
            var length = RandomAccess.GetLength(file);
            if (length != header.FooterAt + header.FooterBytes)
                throw new KeyIndexCorruptException(
                    path, $"it has {length} bytes instead of {header.FooterAt + header.FooterBytes}");
            var footer = new byte[header.FooterBytes];
            var sections = RunFormat.ReadFooter(
                footer.AsSpan(0, ReadFully(file, footer, header.FooterAt)), header, path);
            return new(path, range, file, sections);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public RunSection? Section(PartitionId partition)
    {
        foreach (var section in _sections)
            if (section.Partition == partition) return section;
        return null;
    }

    /// <summary>Only while the index, or another, holds it.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    public void LetGo()
    {
        if (Interlocked.Decrement(ref _holders) == 0) _file.Dispose();
    }

    /// <summary>
    /// Reads whole blocks, checked, one behind the other in <paramref name="buffer"/>, checksums in between.
    /// </summary>
    /// <returns>Their number: as many as fit, 0 behind the last.</returns>
    public int ReadBlocks(RunSection section, int first, Span<byte> buffer)
    {
        var count = Math.Min(section.Firsts.Length - first, buffer.Length / RunFormat.BlockBytes);
        if (count <= 0) return 0;
        var offset = section.BlockOffset(first);
        var bytes = buffer[..((count - 1) * RunFormat.BlockBytes + section.BlockBytes(first + count - 1))];
        if (ReadFully(_file, bytes, offset) != bytes.Length)
            throw new KeyIndexCorruptException(FilePath, $"it ends within the block at byte {offset}");
        for (var i = 0; i < count; i++)
        {
            var block = bytes.Slice(i * RunFormat.BlockBytes, section.BlockBytes(first + i));
            var at = section.BlockOffset(first + i);
            if (BinaryPrimitives.ReadUInt64LittleEndian(block)
                != RunFormat.BlockChecksum(block[RunFormat.ChecksumBytes..], Range, at))
                throw new KeyIndexCorruptException(FilePath, $"the block at byte {at} does not match its checksum");
        }

        return count;
    }

    /// <summary>
    /// For each identity the earliest entry at or after that log time, where it is earlier than what is found already.
    /// </summary>
    /// <param name="identities">Ascending.</param>
    /// <param name="places">Where in <paramref name="found"/> each identity's answer goes.</param>
    public void Find(
        PartitionId partition, ReadOnlySpan<UInt128> identities, ReadOnlySpan<int> places, long notBeforeMs,
        Span<KeyEntry> found)
    {
        if (Section(partition) is not { } section || section.NewestMs < notBeforeMs) return;
        var bytes = ArrayPool<byte>.Shared.Rent(RunFormat.BlockBytes);
        try
        {
            var block = new BlockAtHand(this, section, bytes);
            for (var i = 0; i < identities.Length; i++)
                block.Find(identities[i], notBeforeMs, ref found[places[i]]);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    static int ReadFully(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        var read = 0;
        while (read < buffer.Length)
        {
            var count = RandomAccess.Read(file, buffer[read..], offset + read);
            if (count == 0) break;
            read += count;
        }

        return read;
    }

    /// <summary>The block read last: ascending look-ups that fall into one block read it once.</summary>
    ref struct BlockAtHand(Run run, RunSection section, byte[] bytes)
    {
        int _block = -1;
        ReadOnlySpan<byte> _records;

        public void Find(UInt128 identity, long notBeforeMs, ref KeyEntry found)
        {
            for (var block = section.BlockOf(identity); block < section.Firsts.Length; block++)
            {
                if (section.Firsts[block] > identity) return;
                Take(block);
                for (var at = LowerBound(identity); at < _records.Length; at += RunRecord.Bytes)
                {
                    var record = _records[at..];
                    if (RunRecord.Identity(record) != identity) return;
                    if (RunRecord.LogTimeMs(record) < notBeforeMs) continue;
                    var entry = RunRecord.Read(record);
                    if (found == default || RunRecord.ComparePositions(entry, found) < 0) found = entry;
                    return;
                }
            }
        }

        void Take(int block)
        {
            if (block == _block) return;
            var buffer = bytes.AsSpan(0, RunFormat.BlockBytes);
            // Not before it is checked: after an exception there is no block at hand.
            _block = -1;
            run.ReadBlocks(section, block, buffer);
            _block = block;
            _records = buffer[RunFormat.ChecksumBytes..section.BlockBytes(block)];
        }

        // The byte where the first record at or above the identity starts.
        readonly int LowerBound(UInt128 identity)
        {
            int low = 0, high = _records.Length / RunRecord.Bytes;
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (RunRecord.Identity(_records[(middle * RunRecord.Bytes)..]) < identity) low = middle + 1;
                else high = middle;
            }

            return low * RunRecord.Bytes;
        }
    }
}
