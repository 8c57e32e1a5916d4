using Received.Model;

namespace Received.Log.Segments;

/// <summary>
/// Records by offset: places from the index, bytes by pread into one buffer of <see cref="ReadBuffers"/>. Records that
/// lie close together are read at once. What it hands out was checked: record header, frame header and payload.
/// </summary>
sealed class SegmentReader(LogState state, SegmentCache cache)
{
    /// <summary>Reading this much of other partitions' bytes is cheaper than another call to the kernel.</summary>
    const int GapBytesMax = 4096;

    readonly ReadBuffers _buffers = new();

    /// <exception cref="LogRangeException">Before the start or past the head.</exception>
    /// <exception cref="LogUnavailableException">Closed, or the disk does not read.</exception>
    public LogBatch Read(PartitionId partition, long offset, int bytesMax)
    {
        state.ThrowIfClosed();
        while (state.Find(partition, offset, out var end) is { } segment)
        {
            OpenSegment open;
            try
            {
                open = cache.Lease(segment);
            }
            catch (FileNotFoundException) when (state.Segments[0].Number > segment.Number)
            {
                // Trimmed between the look-up and here: the next look-up says so.
                continue;
            }
            catch (IOException error)
            {
                throw Unreadable(segment, error);
            }

            try
            {
                var places = new List<RecordPlace>();
                open.Index.Collect(partition.Value, offset, end, bytesMax, places);
                return ReadPlaces(open.File, cache.Seed(segment), partition, offset, places);
            }
            catch (IOException error)
            {
                throw Unreadable(segment, error);
            }
            finally
            {
                cache.Return(open);
            }
        }

        return LogBatch.Empty;
    }

    static LogUnavailableException Unreadable(Segment segment, IOException error) =>
        new($"Reading {segment.Path}: {error.Message}", LogUnavailableReason.Failing, error);

    LogBatch ReadPlaces(
        LogFile file, HeaderSeed seed, PartitionId partition, long offset, List<RecordPlace> places)
    {
        var memory = _buffers.Rent(Layout(places, out var runs));
        try
        {
            var records = new LogRecord[places.Count];
            foreach (var run in runs)
            {
                var bytes = memory.Bytes.AsSpan(run.At, run.Length);
                // Past the file's end there is nothing; what is missing must not look like an earlier tenant's bytes.
                var read = file.Read(bytes, run.Position);
                bytes[read..].Clear();
                for (var i = run.First; i < run.First + run.Count; i++)
                {
                    records[i] = places[i].Position == 0
                        ? new(offset + i, RecordState.HeaderBroken, default)
                        : Check(memory.Bytes, run, places[i], seed, partition, offset + i);
                }
            }

            return new(records, memory);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    static LogRecord Check(
        byte[] bytes, Run run, RecordPlace place, HeaderSeed seed, PartitionId partition, long offset)
    {
        var at = run.At + (int)(place.Position - run.Position);
        var sound = RecordHeader.TryRead(bytes.AsSpan(at, RecordHeader.Bytes), seed, place.Position, out var header)
            && header.Partition == partition.Value && header.Offset == offset && header.FrameBytes == place.FrameBytes;
        if (!sound) return new(offset, RecordState.HeaderBroken, default);
        return LogRecord.Of(offset, bytes.AsMemory(at + RecordHeader.Bytes, place.FrameBytes));
    }

    /// <summary>Cuts the places into runs that one call reads; returns the bytes they take in all.</summary>
    static int Layout(List<RecordPlace> places, out List<Run> runs)
    {
        runs = [];
        var total = 0;
        for (var i = 0; i < places.Count;)
        {
            var first = i;
            var start = places[i].Position;
            var end = End(places[i++]);
            // Damaged places have no bytes: they ride along in whatever run they follow.
            while (i < places.Count && (places[i].Position == 0
                || (start != 0 && places[i].Position >= end && places[i].Position - end <= GapBytesMax)))
            {
                end = Math.Max(end, End(places[i++]));
            }

            var length = checked((int)(end - start));
            runs.Add(new(first, i - first, start, total, length));
            total = checked(total + length);
        }

        return total;
    }

    static long End(RecordPlace place) =>
        place.Position == 0 ? 0 : place.Position + RecordHeader.Bytes + place.FrameBytes;

    /// <param name="First">Index of its first record.</param>
    /// <param name="Position">In the segment.</param>
    /// <param name="At">In the buffer.</param>
    readonly record struct Run(int First, int Count, long Position, int At, int Length);
}
