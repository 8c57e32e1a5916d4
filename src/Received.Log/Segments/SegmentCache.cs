using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Log.Segments;

/// <summary>
/// Open segments with their indexes: the active one and the sealed ones read last, so that a log of any size needs
/// bounded memory and handles. Whoever leases one gives it back.
/// </summary>
sealed class SegmentCache(FileLayer files, LogIdentity identity, ILogger logger) : IDisposable
{
    /// <summary>Two loops read 8 partitions each, all within a few segments of one another.</summary>
    const int SegmentsMax = 32;

    readonly Lock _gate = new();
    readonly Dictionary<long, OpenSegment> _open = [];
    long _clock;
    bool _closed;

    /// <summary>Adds a segment that is open already; it counts as leased once.</summary>
    public void Add(OpenSegment segment)
    {
        lock (_gate)
        {
            segment.Users++;
            _open[segment.Number] = segment;
            Evict();
        }
    }

    /// <exception cref="FileNotFoundException">The segment was trimmed meanwhile.</exception>
    public OpenSegment Lease(Segment segment)
    {
        lock (_gate)
        {
            if (_closed) throw new LogUnavailableException("The log is closed.", LogUnavailableReason.Closing);
            if (!_open.TryGetValue(segment.Number, out var open))
            {
                var file = files.Open(segment.Path);
                try
                {
                    open = new(segment.Number, file, IndexOf(segment, file));
                }
                catch
                {
                    file.Dispose();
                    throw;
                }

                _open[segment.Number] = open;
            }

            open.Users++;
            open.LastUse = ++_clock;
            Evict();
            return open;
        }
    }

    public void Return(OpenSegment segment)
    {
        lock (_gate)
        {
            segment.Users--;
            if (segment.Users == 0 && !(_open.TryGetValue(segment.Number, out var held) && held == segment))
                segment.File.Dispose();
        }
    }

    /// <summary>Drops a segment that was trimmed; its file closes with its last reader.</summary>
    public void Forget(long number)
    {
        lock (_gate)
        {
            if (_open.Remove(number, out var segment) && segment.Users == 0) segment.File.Dispose();
        }
    }

    /// <summary>Writes the index of a sealed segment beside it. Losing it costs a scan and nothing else.</summary>
    public void WriteSidecar(Segment segment, SegmentIndex index)
    {
        try
        {
            files.WriteWhole(segment.SidecarPath, index.ToBytes(Seed(segment)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogMessages.SidecarNotWritten(logger, segment.Path, error);
        }
    }

    public HeaderSeed Seed(Segment segment) => new(identity.HashSeed, segment.Number);

    SegmentIndex IndexOf(Segment segment, LogFile file)
    {
        var stored = files.ReadWhole(segment.SidecarPath);
        var index = stored is null ? null : SegmentIndex.FromBytes(stored, Seed(segment), segment.Heads);
        if (index is not null) return index;
        LogMessages.IndexRebuilt(logger, segment.Path, stored is null ? "missing" : "broken");
        var bytes = new byte[checked((int)Math.Min(segment.End, file.Length))];
        _ = file.Read(bytes, 0);
        index = FromScan(SegmentScan.Of(bytes, Seed(segment), segment.Heads), segment.Heads, withTorn: true);
        WriteSidecar(segment, index);
        return index;
    }

    public static SegmentIndex FromScan(SegmentScan scan, long[] heads, bool withTorn)
    {
        var index = new SegmentIndex(heads);
        foreach (var (header, position) in withTorn ? scan.Records.Concat(scan.TornRecords) : scan.Records)
            index.Add(header.Partition, header.Offset, new(position, header.FrameBytes));
        return index;
    }

    void Evict()
    {
        while (_open.Count > SegmentsMax)
        {
            var oldest = _open.Values.Where(segment => segment.Users == 0).MinBy(segment => segment.LastUse);
            if (oldest is null) return;
            _open.Remove(oldest.Number);
            oldest.File.Dispose();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var segment in _open.Values)
                if (segment.Users == 0) segment.File.Dispose();
            _open.Clear();
        }
    }
}
