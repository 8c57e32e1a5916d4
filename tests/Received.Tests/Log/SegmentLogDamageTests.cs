using System.IO.Hashing;
using Received.Log;
using Received.Log.Segments;
using Xunit;

namespace Received.Tests.Log;

/// <summary>Torn tails and flipped bits, at every place.</summary>
public sealed class SegmentLogDamageTests
{
    const int Frame = RecordHeader.Bytes;
    static readonly int GroupBytes = GroupHeader.Bytes(3);

    static string SegmentPath(long number) => Segment.PathOf(LogRig.Folder, number);

    static string InFolder(string name) => Path.Combine(LogRig.Folder, name);

    /// <summary>
    /// A log of one segment: a group of one frame, then one of three, then, unless left out, one of one.
    /// Frame payloads are 20, 21, 22, ... bytes.
    /// </summary>
    static async Task<(LogRig Rig, int Middle, int End)> MakeAsync(bool third, bool clean, int segmentBytes = 8192)
    {
        var rig = new LogRig(new(), segmentBytes: segmentBytes);
        var log = await rig.OpenAsync();
        async Task<byte[]> One(int partition, int payload)
        {
            var frame = rig.Frame(partition, payload);
            var offset = await log.AppendAsync(new((ushort)partition), frame);
            // Four appends complete at once, each on a thread of its own.
            lock (rig.Acknowledged) rig.Acknowledged.Add((partition, offset), frame);
            return frame;
        }

        using (var hold = new ManualResetEventSlim())
        {
            var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            // The first group's segment is held until the next three frames wait, so that they share a group.
            rig.Files.Fault = (operation, name) =>
            {
                var first = operation == "rename" && name == Path.GetFileName(SegmentPath(1));
                if (first && held.TrySetResult()) hold.Wait();
                return null;
            };
            var alone = One(0, 20);
            await held.Task;
            Task[] next = [One(1, 21), One(2, 22), One(1, 23)];
            hold.Set();
            await Task.WhenAll([alone, .. next]);
        }

        rig.Files.Fault = (_, _) => null;
        var middle = SegmentHeader.Bytes + GroupBytes + RecordHeader.Stored(FrameHeader.Bytes + 20);
        var end = middle + GroupBytes + Enumerable.Range(21, 3).Sum(n => RecordHeader.Stored(FrameHeader.Bytes + n));
        if (third)
        {
            await One(0, 24);
            end += GroupBytes + RecordHeader.Stored(FrameHeader.Bytes + 24);
        }

        await log.DisposeAsync();
        if (!clean) rig.Files.Delete(InFolder(CleanMarker.Name));
        var bytes = rig.Files.Bytes(SegmentPath(1));
        Assert.Equal(-1, bytes.AsSpan(end).IndexOfAnyExcept((byte)0));
        Assert.Equal(third ? 3 : 2, log.GroupsWritten);
        return (rig, middle, end);
    }

    static LogRig On(LogRig rig, ForgetfulFiles files) => new(files, seed: 77, segmentBytes: rig.Options.SegmentBytes);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_last_group_torn_at_any_byte_is_cut_and_kept_aside(bool garbage)
    {
        var (made, middle, end) = await MakeAsync(third: false, clean: false);
        var whole = made.Files.Bytes(SegmentPath(1));
        var random = new Random(5);
        for (var torn = middle; torn < end; torn += garbage ? 3 : 1)
        {
            var files = made.Files.Copy();
            var bytes = whole.ToArray();
            bytes.AsSpan(torn..end).Clear();
            if (garbage) random.NextBytes(bytes.AsSpan(torn..end));
            files.SetBytes(SegmentPath(1), bytes);
            var rig = On(made, files);
            var used = bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
            var lost = whole.AsSpan(torn..(end - 1)).ContainsAnyExcept((byte)0);
            await using var log = await rig.OpenAsync();
            Assert.False(log.Recovery.CleanEnd);
            if (!lost) continue;
            Assert.Equal(new LogExtent(0, 1), log.Extent(new(0)));
            Assert.Equal(new LogExtent(0, 0), log.Extent(new(1)));
            Assert.Equal(new LogExtent(0, 0), log.Extent(new(2)));
            Assert.Equal(made.Acknowledged[(0, 0)], (await LogRig.ReadAsync(log, 0)).Single().Frame);
            if (used <= middle) continue;
            Assert.Equal(bytes[middle..used], files.Bytes(log.Recovery.Cut!.KeptIn));
            Assert.Equal(middle, log.Recovery.Cut.Position);
            // The offsets go to other frames now, and the torn ones never come back.
            rig.Sent.Add(Convert.ToHexString(made.Acknowledged[(0, 0)]));
            Assert.True(await rig.AppendAsync(log, 3));
            await log.DisposeAsync();
            files.Delete(InFolder(CleanMarker.Name));
            await using var again = await rig.OpenAsync();
            Assert.Null(again.Recovery.Cut);
            await rig.CheckAsync(again);
        }
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task A_flipped_bit_before_the_last_group_breaks_at_most_its_record(bool clean, bool third)
    {
        var (made, middle, end) = await MakeAsync(third, clean);
        var whole = made.Files.Bytes(SegmentPath(1));
        for (var at = SegmentHeader.Bytes; at < end; at += 3)
        {
            if (third && at >= ThirdAt(middle)) break;
            var files = made.Files.Copy();
            var bytes = whole.ToArray();
            bytes[at] ^= (byte)(1 << (at % 8));
            files.SetBytes(SegmentPath(1), bytes);
            var rig = On(made, files);
            await using var log = await rig.OpenAsync();
            Assert.Null(log.Recovery.Cut);
            await CheckDamageAsync(made, log, at, middle);
            // What is broken stays broken at its offset, whatever follows, also after an unclean end.
            Assert.Equal(made.Acknowledged.Keys.Count(key => key.Partition == 1),
                await log.AppendAsync(new(1), rig.Frame(1, 30)));
            rig.Files.Kill();
            await log.DisposeAsync();
            await using var again = await rig.OpenAsync();
            await CheckDamageAsync(made, again, at, middle);
        }
    }

    static int ThirdAt(int middle) => middle + GroupBytes
        + Enumerable.Range(21, 3).Sum(n => RecordHeader.Stored(FrameHeader.Bytes + n));

    /// <summary>What is served after the bit at the given place was flipped.</summary>
    static async Task CheckDamageAsync(LogRig made, SegmentLog log, int at, int middle)
    {
        var broken = 0;
        for (var p = 0; p < 3; p++)
        {
            foreach (var (offset, state, frame) in await LogRig.ReadAsync(log, p))
            {
                if (!made.Acknowledged.TryGetValue((p, offset), out var expected)) continue;
                if (state == RecordState.Whole) Assert.Equal(expected, frame);
                else broken++;
                if (state == RecordState.PayloadBroken) Assert.Equal(expected[..FrameHeader.Bytes], frame);
                if (state == RecordState.HeaderBroken) Assert.Empty(frame);
            }

            var count = made.Acknowledged.Keys.Count(key => key.Partition == p);
            Assert.InRange(log.Extent(new((ushort)p)).Head, count, count + 1);
        }

        Assert.Equal(StateOf(at, middle) == RecordState.Whole ? 0 : 1, broken);
    }

    /// <summary>What a flip at the position does to the record there; group headers and padding hurt none.</summary>
    static RecordState StateOf(int position, int middle)
    {
        int[] payloads = position < middle ? [20] : [21, 22, 23];
        var at = position < middle ? SegmentHeader.Bytes : middle;
        if (position >= ThirdAt(middle)) (at, payloads) = (ThirdAt(middle), [24]);
        at += GroupBytes;
        if (position < at) return RecordState.Whole;
        foreach (var payload in payloads)
        {
            var stored = RecordHeader.Stored(FrameHeader.Bytes + payload);
            if (position >= at + stored)
            {
                at += stored;
                continue;
            }

            if (position < at + Frame + FrameHeader.Bytes) return RecordState.HeaderBroken;
            return position < at + Frame + FrameHeader.Bytes + payload ? RecordState.PayloadBroken : RecordState.Whole;
        }

        return RecordState.Whole;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_flipped_bit_in_a_sealed_segment_breaks_at_most_its_record(bool sidecar)
    {
        // The third group does not fit the first segment any more.
        var (made, middle, end) = await MakeAsync(third: false, clean: true, segmentBytes: SegmentHeader.Bytes * 2);
        await using (var log = await made.OpenAsync())
            await log.AppendAsync(new(0), made.Frame(0, 3900));
        Assert.Contains(SegmentPath(2), made.Files.Paths);
        var whole = made.Files.Bytes(SegmentPath(1));
        Assert.Equal(end, whole.Length);
        for (var at = SegmentHeader.Bytes; at < end; at += 5)
        {
            var files = made.Files.Copy();
            var bytes = whole.ToArray();
            bytes[at] ^= (byte)(1 << (at % 8));
            files.SetBytes(SegmentPath(1), bytes);
            if (!sidecar) files.Delete(SegmentPath(1) + ".index");
            await using var log = await On(made, files).OpenAsync();
            await CheckDamageAsync(made, log, at, middle);
        }
    }

    [Fact]
    public async Task A_flipped_bit_in_index_marker_or_one_copy_of_a_header_costs_nothing()
    {
        var rig = new LogRig(new());
        await using (var log = await rig.OpenAsync())
            for (var i = 0; i < 12; i++) Assert.True(await rig.AppendAsync(log, 3, 400));
        var segments = rig.Files.Paths.Count(path => Segment.NumberOf(Path.GetFileName(path)) is not null);
        Assert.True(segments > 2);
        foreach (var path in rig.Files.Paths.Where(path => Path.GetFileName(path) != SegmentPreparer.Name))
        {
            var whole = rig.Files.Bytes(path);
            var isSegment = path.EndsWith(".log", StringComparison.Ordinal);
            for (var at = 0; at < (isSegment ? SegmentHeader.Bytes : whole.Length); at += isSegment ? 37 : 11)
            {
                var files = rig.Files.Copy();
                var bytes = whole.ToArray();
                bytes[at] ^= 0x10;
                files.SetBytes(path, bytes);
                var damaged = new LogRig(files);
                foreach (var sent in rig.Sent) damaged.Sent.Add(sent);
                foreach (var (key, frame) in rig.Acknowledged) damaged.Acknowledged.Add(key, frame);
                await using var log = await damaged.OpenAsync();
                await damaged.CheckAsync(log);
            }
        }
    }

    [Fact]
    public async Task A_segment_whose_header_is_lost_whole_is_read_from_its_groups()
    {
        var rig = new LogRig(new());
        await using (var log = await rig.OpenAsync())
            for (var i = 0; i < 12; i++) Assert.True(await rig.AppendAsync(log, 3, 400));
        foreach (var path in rig.Files.Paths.Where(path => path.EndsWith(".log", StringComparison.Ordinal)))
        {
            var damaged = new LogRig(rig.Files.Copy());
            var bytes = rig.Files.Bytes(path);
            bytes.AsSpan(0, SegmentHeader.Bytes).Fill(0xee);
            damaged.Files.SetBytes(path, bytes);
            foreach (var sent in rig.Sent) damaged.Sent.Add(sent);
            foreach (var (key, frame) in rig.Acknowledged) damaged.Acknowledged.Add(key, frame);
            await using var log = await damaged.OpenAsync();
            Assert.Equal([path], log.Recovery.Damaged);
            await damaged.CheckAsync(log);
        }
    }

    [Fact]
    public async Task A_broken_or_missing_identity_is_refused()
    {
        var (rig, _, _) = await MakeAsync(third: true, clean: true);
        var path = InFolder(IdentityFile.Name);
        var bytes = rig.Files.Bytes(path);
        bytes[20] ^= 1;
        bytes[(bytes.Length / 2) + 20] ^= 1;
        rig.Files.SetBytes(path, bytes);
        var broken = await Assert.ThrowsAsync<LogRefusedException>(rig.OpenAsync);
        Assert.Contains("broken", broken.Message, StringComparison.Ordinal);
        rig.Files.Delete(path);
        var missing = await Assert.ThrowsAsync<LogRefusedException>(rig.OpenAsync);
        Assert.Contains("restore", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payload_that_contains_a_copy_of_a_real_group_deceives_no_scan()
    {
        var (rig, middle, end) = await MakeAsync(third: true, clean: true, segmentBytes: 16384);
        var group = rig.Files.Bytes(SegmentPath(1))[middle..end];
        await using (var log = await rig.OpenAsync())
        {
            // At every alignment, so that one of them stands where headers do.
            for (var shift = 0; shift < RecordHeader.Alignment; shift++)
            {
                var frame = rig.Frame(2, group.Length + shift);
                group.CopyTo(frame.AsSpan(FrameHeader.Bytes + shift));
                FrameHeader.TryRead(frame, out var header);
                var checksum = XxHash3.HashToUInt64(frame.AsSpan(FrameHeader.Bytes));
                (header with { PayloadChecksum = checksum }).Write(frame);
                rig.Sent.Add(Convert.ToHexString(frame));
                rig.Acknowledged.Add((2, await log.AppendAsync(new(2), frame)), frame);
            }
        }

        rig.Files.Delete(InFolder(CleanMarker.Name));
        var bytes = rig.Files.Bytes(SegmentPath(1));
        // The headers before the copies are broken, so the scan looks into the payloads.
        bytes[end + GroupBytes + 2] ^= 1;
        rig.Files.SetBytes(SegmentPath(1), bytes);
        await using var opened = await rig.OpenAsync();
        var records = await LogRig.ReadAsync(opened, 2);
        Assert.Equal(RecordState.HeaderBroken, records[1].State);
        Assert.All(records, record => Assert.True(
            record.State == RecordState.HeaderBroken
            || rig.Acknowledged[(2, record.Offset)].SequenceEqual(record.Frame)));
        Assert.Equal(9, records.Count);
    }
}
