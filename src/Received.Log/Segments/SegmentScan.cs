using System.Runtime.InteropServices;

namespace Received.Log.Segments;

/// <summary>A record header found by a scan, with its place.</summary>
readonly record struct FoundRecord(RecordHeader Header, uint Position);

/// <summary>
/// Everything sound in a segment's bytes, found without its index. Past damage it looks for the next group or record
/// header; their checksums are seeded with their place, so nothing else passes for one.
/// </summary>
sealed class SegmentScan
{
    readonly HeaderSeed _seed;
    readonly long[] _groupHeads;
    GroupHeader? _group;
    long _groupAt;
    int _seen;
    bool _intact;
    long _damageAt = long.MaxValue;

    public List<FoundRecord> Records { get; } = [];

    /// <summary>Behind everything that was found sound, the last group's remains included.</summary>
    public long End { get; private set; } = SegmentHeader.Bytes;

    /// <summary>Something before the last group is not sound: no torn write, since a later group was written.</summary>
    public bool Damaged => _damageAt < LastGroupAt;

    /// <summary>Behind the last byte that is not zero.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>The highest group number seen; -1 without any.</summary>
    public long LastGroup { get; private set; } = -1;

    /// <summary>Where the last group begins.</summary>
    public long LastGroupAt { get; private set; } = SegmentHeader.Bytes;

    /// <summary>The last group has its header and all its records, each with a sound frame.</summary>
    public bool LastGroupWhole => LastGroup < 0
        || (_group is { } group && _intact && _seen == group.RecordCount && End == _groupAt + group.GroupBytes);

    /// <summary>Every partition's next offset as the headers tell it.</summary>
    public long[] Heads { get; }

    /// <summary>The heads before the first group whose header is sound; null without any.</summary>
    public long[]? FirstHeads { get; private set; }

    SegmentScan(HeaderSeed seed, long[] heads)
    {
        _seed = seed;
        _groupHeads = new long[heads.Length];
        Heads = [.. heads];
    }

    /// <param name="segment">The segment's bytes from its start to where the scan shall end.</param>
    /// <param name="heads">The heads at which the segment began.</param>
    public static SegmentScan Of(ReadOnlySpan<byte> segment, HeaderSeed seed, long[] heads)
    {
        var scan = new SegmentScan(seed, heads);
        scan.UsedBytes = segment.LastIndexOfAnyExcept((byte)0) + 1;
        scan.Run(segment);
        if (scan.LastGroup >= 0 && !scan.LastGroupWhole) scan.DropLastGroup();
        foreach (var record in scan.Records)
        {
            ref var head = ref scan.Heads[record.Header.Partition];
            head = Math.Max(head, record.Header.Offset + 1);
        }

        return scan;
    }

    /// <summary>
    /// Records of a last group that is not whole; they count only where the log ended cleanly behind them.
    /// </summary>
    public List<FoundRecord> TornRecords { get; } = [];

    void DropLastGroup()
    {
        foreach (var record in Records)
            if (record.Header.Group == LastGroup) TornRecords.Add(record);
        Records.RemoveRange(Records.Count - TornRecords.Count, TornRecords.Count);
    }

    void Run(ReadOnlySpan<byte> segment)
    {
        long at = SegmentHeader.Bytes;
        while (at < UsedBytes)
        {
            var length = TryGroup(segment, at);
            if (length == 0) length = TryRecord(segment, at);
            if (length > 0)
            {
                at += length;
                End = at;
                continue;
            }

            var next = Find(segment, at + RecordHeader.Alignment);
            if (next < 0) return;
            _damageAt = Math.Min(_damageAt, at);
            _intact = false;
            at = next;
        }
    }

    int TryGroup(ReadOnlySpan<byte> segment, long at)
    {
        if (!GroupHeader.TryRead(segment[(int)at..], _groupHeads, _seed, at, out var group)) return 0;
        _group = group;
        _groupAt = at;
        _seen = 0;
        _intact = true;
        LastGroup = group.Group;
        LastGroupAt = at;
        FirstHeads ??= [.. _groupHeads];
        for (var p = 0; p < Heads.Length; p++) Heads[p] = Math.Max(Heads[p], _groupHeads[p]);
        return GroupHeader.Bytes(_groupHeads.Length);
    }

    int TryRecord(ReadOnlySpan<byte> segment, long at)
    {
        if (!RecordHeader.TryRead(segment[(int)at..], _seed, at, out var record)
            || record.Partition >= Heads.Length) return 0;
        if (record.Group != LastGroup || _group is null)
        {
            // The group's own header is lost: the record tells where it began.
            _group = null;
            LastGroup = record.Group;
            LastGroupAt = record.GroupAt;
        }

        Records.Add(new(record, (uint)at));
        _seen++;
        var frameAt = (int)at + RecordHeader.Bytes;
        var whole = frameAt + record.FrameBytes <= segment.Length;
        if (!whole || FrameHeader.Check(segment.Slice(frameAt, record.FrameBytes)) != RecordState.Whole)
            _intact = false;
        return record.StoredBytes;
    }

    /// <summary>The next place at which a sound header stands, or -1.</summary>
    int Find(ReadOnlySpan<byte> segment, long from)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(segment);
        var end = Math.Min(words.Length, (UsedBytes / RecordHeader.Alignment) + 1);
        for (var i = (int)(from / RecordHeader.Alignment); i < end; i++)
        {
            var at = i * RecordHeader.Alignment;
            var magic = unchecked((uint)words[i]);
            if (magic == RecordHeader.Magic && RecordHeader.TryRead(segment[at..], _seed, at, out _)) return at;
            if (magic == GroupHeader.Magic
                && GroupHeader.TryRead(segment[at..], _groupHeads, _seed, at, out _)) return at;
        }

        return -1;
    }
}
