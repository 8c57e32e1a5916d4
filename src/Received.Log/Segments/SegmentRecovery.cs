using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Log.Segments;

/// <summary>
/// Opens what a folder holds. Goal: everything that was ever acknowledged is there again, under its offset. A torn last
/// group of an unclean end is cut and kept aside; any other damage stays in its place, to be served as broken.
/// </summary>
sealed class SegmentRecovery(
    FileLayer files, SegmentLogOptions options, LogIdentity identity, SegmentCache cache, ILogger logger)
{
    readonly List<string> _damaged = [];
    CutTail? _cut;

    public LogRecovery Result(bool cleanEnd) => new(cleanEnd, _cut, _damaged);

    public (LogState State, LogTail Tail, bool CleanEnd) Open(IReadOnlyList<long> numbers)
    {
        var marker = CleanMarker.FromBytes(
            files.ReadWhole(MarkerPath) ?? [], identity.Id, identity.PartitionCount);
        if (numbers is [])
        {
            var heads = marker?.Heads ?? new long[identity.PartitionCount];
            var tail = new LogTail(null, null, false, 0, marker?.NextGroup ?? 0);
            return (new([], heads), tail, true);
        }

        var segments = ReadHeaders(numbers);
        var last = segments[^1];
        // A marker of an earlier segment is from before the last roll.
        if (marker is not null && marker.Segment < last.Number) marker = null;
        var (state, end) = OpenLast(segments, marker);
        // Only where something may be written behind the marker's end, it must be gone first.
        if (end.Writable) DeleteMarker();
        return (state, end, marker is not null);
    }

    string MarkerPath => Path.Combine(options.Folder, CleanMarker.Name);

    void DeleteMarker()
    {
        files.Delete(MarkerPath);
        files.SyncFolder(options.Folder);
    }

    Segment[] ReadHeaders(IReadOnlyList<long> numbers)
    {
        var segments = new Segment[numbers.Count];
        var nextHeads = (long[]?)null;
        for (var i = numbers.Count - 1; i >= 0; i--)
        {
            var number = numbers[i];
            var path = Segment.PathOf(options.Folder, number);
            var header = ReadHeader(path, number);
            if (header is null)
            {
                _damaged.Add(path);
                LogMessages.SegmentHeaderBroken(logger, path);
            }

            var heads = header?.Heads ?? HeadsFromScan(path, number, nextHeads);
            segments[i] = new(path, number, heads, header?.CreatedMs ?? 0, long.MaxValue);
            if (i + 1 < segments.Length) Check(segments[i], segments[i + 1]);
            // Where the next segment is the following one, its header says how far this one counts.
            if (header is not null && i > 0 && numbers[i - 1] == number - 1) _ends[number - 1] = header.PreviousEnd;
            if (_ends.TryGetValue(number, out var end)) segments[i] = segments[i] with { End = end };
            nextHeads = heads;
        }

        return segments;
    }

    readonly Dictionary<long, long> _ends = [];

    static void Check(Segment segment, Segment next)
    {
        for (var p = 0; p < segment.Heads.Length; p++)
        {
            if (segment.Heads[p] > next.Heads[p])
            {
                throw new LogRefusedException(
                    $"Segment {next.Path} begins before {segment.Path} although it follows: the folder holds files of "
                    + "different histories of this log. Restore one of them whole.");
            }
        }
    }

    SegmentHeader? ReadHeader(string path, long number)
    {
        using var file = files.Open(path);
        var page = new byte[SegmentHeader.Bytes];
        _ = file.Read(page, 0);
        var header = SegmentHeader.FromBytes(page, identity.Id, number);
        return header?.Heads.Length == identity.PartitionCount ? header : null;
    }

    /// <summary>
    /// With both copies of the header lost, the first group or record of each partition tells where it began; a
    /// partition without any began where the next segment did.
    /// </summary>
    long[] HeadsFromScan(string path, long number, long[]? nextHeads)
    {
        var bytes = files.ReadWhole(path) ?? [];
        var scan = SegmentScan.Of(bytes, new(identity.HashSeed, number), new long[identity.PartitionCount]);
        if (scan.FirstHeads is { } first) return first;
        if (nextHeads is not null) return nextHeads;
        throw new LogRefusedException(
            $"Nothing in the last segment {path} is readable, so where the log stood is unknown: restore that file "
            + "from a copy.");
    }

    (LogState State, LogTail Tail) OpenLast(Segment[] segments, CleanMarker? marker)
    {
        var last = segments[^1];
        var lost = marker is not null && marker.Segment > last.Number;
        var file = files.Open(last.Path);
        var bytes = new byte[checked((int)Math.Min(file.Length, SegmentLogOptions.SegmentBytesMax))];
        _ = file.Read(bytes, 0);
        var limit = marker is not null && !lost ? (int)Math.Min(marker.End, bytes.Length) : bytes.Length;
        var seed = new HeaderSeed(identity.HashSeed, last.Number);
        var scan = SegmentScan.Of(bytes.AsSpan(0, limit), seed, last.Heads);
        var clean = marker is not null;
        var end = clean && !lost ? marker!.End : scan.LastGroupWhole ? scan.End : scan.LastGroupAt;
        var heads = marker?.Heads ?? scan.Heads;
        var intact = !scan.Damaged && scan.LastGroupWhole && !lost
            && (!clean || (scan.End == end && heads.AsSpan().SequenceEqual(scan.Heads)));
        if (!intact && (clean || scan.Damaged))
        {
            _damaged.Add(last.Path);
            LogMessages.SegmentDamaged(logger, last.Path);
        }

        if (!clean)
        {
            MakeDurable(file, bytes, scan);
            Cut(last.Path, bytes, end, scan.UsedBytes);
        }

        var index = SegmentCache.FromScan(scan, last.Heads, withTorn: clean);
        var open = new OpenSegment(last.Number, file, index);
        cache.Add(open);
        var unused = bytes.AsSpan((int)Math.Min(end, bytes.Length)).ContainsAnyExcept((byte)0);
        var writable = intact && !unused && bytes.Length == options.SegmentBytes;
        var nextGroup = Math.Max(marker?.NextGroup ?? 0, scan.LastGroup + 1);
        // The newest that is known is the marker's: its number is not given out again.
        var tail = lost ? last with { Number = marker!.Segment } : last;
        return (new(segments, heads), new(tail, open, writable, end, nextGroup));
    }

    /// <summary>
    /// The last group was written, perhaps not synced, and after a failed sync its pages may count as clean although
    /// the disk never got them: it is written again and synced before anybody sees it. Earlier ones were acknowledged.
    /// </summary>
    static void MakeDurable(LogFile file, byte[] bytes, SegmentScan scan)
    {
        if (scan.LastGroup >= 0 && scan.LastGroupWhole)
        {
            var at = (int)scan.LastGroupAt;
            file.Write([bytes.AsMemory(at, (int)scan.End - at)], at);
        }

        file.Sync();
    }

    void Cut(string path, byte[] bytes, long end, long used)
    {
        if (used <= end) return;
        var kept = Path.Combine(
            options.Folder, $"cut-{Path.GetFileNameWithoutExtension(path)}-{end}.bytes");
        files.WriteWhole(kept, bytes.AsMemory((int)end..(int)used));
        _cut = new(path, end, used - end, kept);
        LogMessages.TailCut(logger, used - end, path, end, kept);
    }
}
