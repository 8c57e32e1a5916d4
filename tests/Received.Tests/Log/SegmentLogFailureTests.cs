using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Segments;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>Disks that are full or fail, settings that changed, folders that are taken.</summary>
public sealed class SegmentLogFailureTests
{
    static readonly PartitionId Zero = new(0);

    static async Task<LogUnavailableException> RefusedAsync(SegmentLog log, byte[] frame) =>
        await Assert.ThrowsAsync<LogUnavailableException>(() => log.AppendAsync(Zero, frame));

    [Fact]
    public async Task A_full_disk_refuses_at_once_and_work_goes_on_when_there_is_room()
    {
        var rig = new LogRig(new() { RoomBytes = 40_000 });
        await using var log = await rig.OpenAsync();
        var refusedAll = false;
        for (var i = 0; i < 200 && !refusedAll; i++) refusedAll = !await rig.AppendAsync(log, 1, 400);
        Assert.True(refusedAll);
        var frame = rig.Frame(0, 3000);
        Assert.Equal(LogUnavailableReason.DiskFull, (await RefusedAsync(log, frame)).Reason);
        Assert.NotNull(log.Failure);
        await rig.CheckAsync(log);
        rig.Files.RoomBytes = 80_000;
        Assert.True(await rig.AppendAsync(log, 5));
        Assert.Null(log.Failure);
        await rig.CheckAsync(log);
    }

    [Fact]
    public async Task A_full_disk_is_tried_again_without_anybody_appending()
    {
        var rig = new LogRig(new() { RoomBytes = 20_000 });
        await using var log = await rig.OpenAsync();
        for (var i = 0; log.Failure is null && i < 100; i++) await rig.AppendAsync(log, 1, 800);
        Assert.NotNull(log.Failure);
        rig.Files.RoomBytes = long.MaxValue;
        // The writer's thread works by itself: time moves until it has seen the room.
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                rig.Time.Advance(TimeSpan.FromSeconds(1));
                return log.Failure is null;
            },
            TimeSpan.FromSeconds(20)));
        Assert.True(await rig.AppendAsync(log, 2));
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("write")]
    [InlineData("rename")]
    [InlineData("sync-folder")]
    [InlineData("create")]
    public async Task Law_1_a_failing_disk_acknowledges_nothing_and_its_frames_take_no_offset(string operation)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var rig = new LogRig(new(), seed);
            var log = await rig.OpenAsync();
            for (var i = 0; i < 1 + (seed % 5); i++) Assert.True(await rig.AppendAsync(log, 2));
            var failing = true;
            rig.Files.Fault = (what, _) =>
                failing && what == operation ? new IOException("Input/output error", 5) : null;
            for (var i = 0; i < 30; i++) await rig.AppendAsync(log, 1);
            if (operation is "sync" or "write")
            {
                var sent = rig.Acknowledged.Count;
                Assert.Equal(LogUnavailableReason.Failing, (await RefusedAsync(log, rig.Frame(0, 10))).Reason);
                Assert.Equal(sent, rig.Acknowledged.Count);
            }

            failing = false;
            if (seed % 2 == 0)
            {
                Assert.True(await rig.AppendAsync(log, 3));
                await rig.CheckAsync(log);
            }

            if (seed % 3 == 0) rig.Files.Kill();
            if (seed % 3 == 1) rig.Files.LosePower(new Random(seed));
            await log.DisposeAsync();
            await using var again = await rig.OpenAsync();
            await rig.CheckAsync(again);
            Assert.True(await rig.AppendAsync(again, 5));
            await rig.CheckAsync(again);
        }
    }

    [Fact]
    public async Task A_disk_that_does_not_read_is_an_error_and_no_record()
    {
        var rig = new LogRig(new());
        await using var log = await rig.OpenAsync();
        Assert.True(await rig.AppendAsync(log, 5));
        rig.Files.Kill();
        var error = await Assert.ThrowsAsync<LogUnavailableException>(async () => await LogRig.ReadAsync(log, 0));
        Assert.Equal(LogUnavailableReason.Failing, error.Reason);
    }

    [Fact]
    public async Task Another_partition_count_or_dedupe_window_is_refused_with_what_would_be_right()
    {
        var files = new ForgetfulFiles();
        await using (await new LogRig(files).OpenAsync())
        {
        }

        var partitions = await Assert.ThrowsAsync<LogRefusedException>(() => SegmentLog.StartAsync(
            new() { Folder = LogRig.Folder, PartitionCount = 8 }, files, TimeProvider.System, NullLogger.Instance));
        Assert.Contains("PartitionCount", partitions.Message, StringComparison.Ordinal);
        Assert.Contains("set it to 3", partitions.Message, StringComparison.Ordinal);
        var window = await Assert.ThrowsAsync<LogRefusedException>(() => SegmentLog.StartAsync(
            new() { Folder = LogRig.Folder, PartitionCount = 3, DedupeWindow = TimeSpan.FromDays(41) },
            files, TimeProvider.System, NullLogger.Instance));
        Assert.Contains("DedupeWindow", window.Message, StringComparison.Ordinal);
        Assert.Contains("40.00:00:00", window.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_that_cannot_work_is_named() => Assert.Contains(
        "SegmentBytes",
        Assert.Throws<LogRefusedException>(new SegmentLogOptions { Folder = "x", SegmentBytes = 100 }.Validate).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_second_holder_of_a_folder_is_told_who_has_it()
    {
        var folder = Directory.CreateTempSubdirectory("received-lock-").FullName;
        try
        {
            using (FolderLock.Take(folder, TimeProvider.System))
            {
                var error = Assert.Throws<LogRefusedException>(() => FolderLock.Take(folder, TimeProvider.System));
                Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
            }

            FolderLock.Take(folder, TimeProvider.System).Dispose();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Bytes_that_are_no_whole_frame_of_the_partition_are_not_taken()
    {
        var rig = new LogRig(new());
        await using var log = await rig.OpenAsync();
        var frame = rig.Frame(1, 50);
        await Assert.ThrowsAsync<ArgumentException>(() => log.AppendAsync(Zero, frame));
        frame[^1] ^= 1;
        await Assert.ThrowsAsync<ArgumentException>(() => log.AppendAsync(new(1), frame));
        await Assert.ThrowsAsync<ArgumentException>(() => log.AppendAsync(Zero, rig.Frame(0, 8000)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => log.AppendAsync(new(3), rig.Frame(3, 8)));
    }

    [Fact]
    public async Task More_than_may_wait_is_refused()
    {
        var rig = new LogRig(new());
        var options = new SegmentLogOptions
        {
            Folder = LogRig.Folder,
            PartitionCount = 3,
            SegmentBytes = 8192,
            QueueBytesMax = 1000,
        };
        var log = await SegmentLog.StartAsync(options, rig.Files, rig.Time, NullLogger.Instance);
        using var hold = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Files.Fault = (operation, name) =>
        {
            var segment = operation == "rename" && name.EndsWith(".log", StringComparison.Ordinal);
            if (segment && held.TrySetResult()) hold.Wait();
            return null;
        };
        var first = log.AppendAsync(Zero, rig.Frame(0, 500));
        await held.Task;
        var second = log.AppendAsync(Zero, rig.Frame(0, 500));
        var third = await RefusedAsync(log, rig.Frame(0, 500));
        Assert.Equal(LogUnavailableReason.Failing, third.Reason);
        Assert.False(first.IsCompleted);
        hold.Set();
        Assert.Equal(0, await first);
        Assert.Equal(1, await second);
        await log.DisposeAsync();
    }

    [Fact]
    public async Task Segments_younger_than_the_retention_stay()
    {
        var rig = new LogRig(new());
        var options = new SegmentLogOptions
        {
            Folder = LogRig.Folder,
            PartitionCount = 3,
            SegmentBytes = 8192,
            RetentionMin = TimeSpan.FromDays(7),
        };
        await using var log = await SegmentLog.StartAsync(options, rig.Files, rig.Time, NullLogger.Instance);
        for (var i = 0; i < 40; i++) await log.AppendAsync(Zero, rig.Frame(0, 500));
        long[] all = [40, 0, 0];
        await log.TrimAsync(all);
        Assert.Equal(0, log.Extent(Zero).Start);
        rig.Time.Advance(TimeSpan.FromDays(7));
        await log.TrimAsync([20, 0, 0]);
        Assert.InRange(log.Extent(Zero).Start, 1, 20);
        await log.TrimAsync(all);
        Assert.InRange(log.Extent(Zero).Start, 30, 39);
        Assert.Equal(1, log.SegmentCount);
        var start = log.Extent(Zero).Start;
        await log.DisposeAsync();
        rig.Files.LosePower();
        await using var again = await SegmentLog.StartAsync(options, rig.Files, rig.Time, NullLogger.Instance);
        Assert.Equal(new LogExtent(start, 40), again.Extent(Zero));
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("sync-folder")]
    public async Task A_segment_that_cannot_be_deleted_goes_before_any_younger_one(string operation)
    {
        var rig = new LogRig(new());
        var log = await rig.OpenAsync();
        for (var i = 0; i < 12; i++) Assert.True(await rig.AppendAsync(log, 10));
        var heads = Enumerable.Range(0, rig.Partitions).Select(p => log.Extent(new((ushort)p)).Head).ToArray();
        var segments = log.SegmentCount;
        Assert.InRange(segments, 4, int.MaxValue);
        var oldest = "segment-0000000000000001.log";
        rig.Files.Fault = (what, name) => what == operation && (what != "delete" || name == oldest)
            ? new IOException("Input/output error", 5)
            : null;
        await log.TrimAsync(heads);
        await log.TrimAsync(heads);
        Assert.Equal(segments - 1, log.SegmentCount);
        rig.Files.Fault = (_, _) => null;
        await log.DisposeAsync();
        log = await rig.OpenAsync();
        // Nothing is missing in the middle.
        await rig.CheckAsync(log);
        await log.TrimAsync(heads);
        Assert.Equal(1, log.SegmentCount);
        await log.DisposeAsync();
        await using var again = await rig.OpenAsync();
        Assert.Equal(1, again.SegmentCount);
        await rig.CheckAsync(again);
    }
}
