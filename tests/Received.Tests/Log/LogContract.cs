using Received.Log;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>
/// What every log keeps, whatever it is made of: an adapter's test class derives from this and says how to open one.
/// </summary>
public abstract class LogContract
{
    static readonly PartitionId Zero = new(0);
    static readonly PartitionId Three = new(3);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly Random _random = new(4711);

    /// <summary>A log of 8 partitions; the second call of a test opens the same log again.</summary>
    protected abstract Task<ILog> OpenAsync();

    byte[] Frame(PartitionId partition, long number = 1, int payloadBytes = 100) =>
        TestFrames.Make(partition.Value, number, payloadBytes, _random);

    [Fact]
    public async Task A_new_log_is_empty_in_every_partition()
    {
        await using var log = await OpenAsync();
        Assert.Equal(8, log.Identity.PartitionCount);
        for (ushort p = 0; p < 8; p++)
        {
            Assert.Equal(new LogExtent(0, 0), log.Extent(new(p)));
            using var batch = await log.ReadAsync(new(p), 0, 1000);
            Assert.Empty(batch.Records);
        }
    }

    [Fact]
    public async Task Offsets_count_up_from_zero_in_each_partition_by_itself()
    {
        await using var log = await OpenAsync();
        Assert.Equal(0, await log.AppendAsync(Zero, Frame(Zero)));
        Assert.Equal(0, await log.AppendAsync(Three, Frame(Three)));
        Assert.Equal(1, await log.AppendAsync(Zero, Frame(Zero)));
        Assert.Equal(new LogExtent(0, 2), log.Extent(Zero));
        Assert.Equal(new LogExtent(0, 1), log.Extent(Three));
    }

    [Fact]
    public async Task What_was_appended_is_read_byte_for_byte_in_order()
    {
        await using var log = await OpenAsync();
        var frames = Enumerable.Range(0, 60).Select(i => Frame(Three, i, i * 17 % 900)).ToList();
        foreach (var frame in frames) await log.AppendAsync(Three, frame);
        Assert.Equal(frames, await ReadAllAsync(log, Three, 1000));
        Assert.Equal(frames, await ReadAllAsync(log, Three, int.MaxValue));
        Assert.Equal(frames.Skip(41), await ReadAllAsync(log, Three, 1, from: 41));
    }

    [Fact]
    public async Task Appends_of_one_caller_take_the_order_of_the_calls()
    {
        await using var log = await OpenAsync();
        var appends = Enumerable.Range(0, 200).Select(i => log.AppendAsync(Zero, Frame(Zero, i, 50))).ToList();
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), await Task.WhenAll(appends));
        var numbers = (await ReadAllAsync(log, Zero, 5000)).Select(frame =>
        {
            FrameHeader.TryRead(frame, out var header);
            return header.ProducerNumber;
        });
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), numbers);
    }

    [Fact]
    public async Task Many_callers_get_offsets_without_gap_or_repetition()
    {
        await using var log = await OpenAsync();
        var offsets = new List<long>[8];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(p => Task.Run(async () =>
        {
            var random = new Random(p);
            offsets[p] = [];
            for (var i = 0; i < 50; i++)
            {
                var frame = TestFrames.Make(p / 2, i, 64, random);
                offsets[p].Add(await log.AppendAsync(new((ushort)(p / 2)), frame));
            }
        })));
        for (var p = 0; p < 4; p++)
        {
            Assert.Equal(
                Enumerable.Range(0, 100).Select(i => (long)i), offsets[2 * p].Concat(offsets[(2 * p) + 1]).Order());
        }
    }

    [Fact]
    public async Task Waiting_ends_when_the_head_passes_the_offset()
    {
        await using var log = await OpenAsync();
        var wait = log.WaitAsync(Three, 1);
        await log.AppendAsync(Three, Frame(Three));
        await log.AppendAsync(Zero, Frame(Zero));
        await log.AppendAsync(Zero, Frame(Zero));
        Assert.False(wait.IsCompleted);
        await log.AppendAsync(Three, Frame(Three));
        await wait.WaitAsync(Patience);
        await log.WaitAsync(Three, 0).WaitAsync(Patience);
    }

    [Fact]
    public async Task Law_7_heads_that_are_observed_are_past_all_that_was_acknowledged()
    {
        await using var log = await OpenAsync();
        var heads = new long[2];
        for (var i = 0; i < 20; i++)
        {
            await log.AppendAsync(Three, Frame(Three, i));
            await log.ObserveHeadsAsync(new[] { Three, Zero }, heads);
            Assert.Equal([i + 1, 0], heads);
        }
    }

    [Fact]
    public async Task Waiting_ends_when_it_is_cancelled()
    {
        await using var log = await OpenAsync();
        using var cancel = new CancellationTokenSource();
        var wait = log.WaitAsync(Three, 0, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.WaitAsync(Patience));
    }

    [Fact]
    public async Task Reading_past_the_head_is_an_error_and_at_the_head_is_empty()
    {
        await using var log = await OpenAsync();
        await log.AppendAsync(Zero, Frame(Zero));
        using (var batch = await log.ReadAsync(Zero, 1, 1000)) Assert.Empty(batch.Records);
        await Assert.ThrowsAsync<LogRangeException>(async () => await log.ReadAsync(Zero, 2, 1000));
        await Assert.ThrowsAsync<LogRangeException>(async () => await log.ReadAsync(Zero, -1, 1000));
    }

    [Fact]
    public async Task Law_1_what_was_acknowledged_is_there_after_opening_again()
    {
        LogIdentity identity;
        var frames = Enumerable.Range(0, 90).Select(i => Frame(new((ushort)(i % 8)), i, 300)).ToList();
        await using (var log = await OpenAsync())
        {
            identity = log.Identity;
            for (var i = 0; i < frames.Count; i++) await log.AppendAsync(new((ushort)(i % 8)), frames[i]);
        }

        await using (var log = await OpenAsync())
        {
            Assert.Equal(identity, log.Identity);
            for (var p = 0; p < 8; p++)
            {
                Assert.Equal(
                    frames.Where((_, i) => i % 8 == p), await ReadAllAsync(log, new((ushort)p), 2000));
            }

            Assert.Equal(12, await log.AppendAsync(Zero, Frame(Zero)));
        }
    }

    [Fact]
    public async Task Trimming_never_takes_what_is_at_or_past_the_given_offsets()
    {
        await using var log = await OpenAsync();
        var frames = Enumerable.Range(0, 100).Select(i => Frame(Zero, i, 400)).ToList();
        foreach (var frame in frames) await log.AppendAsync(Zero, frame);
        var before = new long[8];
        before[0] = 70;
        await log.TrimAsync(before);
        var extent = log.Extent(Zero);
        Assert.InRange(extent.Start, 0, 70);
        Assert.Equal(100, extent.Head);
        Assert.Equal(frames.Skip((int)extent.Start), await ReadAllAsync(log, Zero, 5000, extent.Start));
        if (extent.Start > 0)
            await Assert.ThrowsAsync<LogRangeException>(async () => await log.ReadAsync(Zero, extent.Start - 1, 1));
    }

    [Fact]
    public async Task Closing_answers_what_was_queued_and_refuses_what_comes_after()
    {
        var log = await OpenAsync();
        var appends = Enumerable.Range(0, 50).Select(i => log.AppendAsync(Zero, Frame(Zero, i, 64))).ToList();
        var wait = log.WaitAsync(Three, 0);
        await log.DisposeAsync();
        Assert.All(appends, append => Assert.True(append.IsCompletedSuccessfully));
        await Assert.ThrowsAsync<LogUnavailableException>(() => wait.WaitAsync(Patience));
        var refused = await Assert.ThrowsAsync<LogUnavailableException>(() => log.AppendAsync(Zero, Frame(Zero)));
        Assert.Equal(LogUnavailableReason.Closing, refused.Reason);
    }

    /// <summary>Every frame from the offset to the head; fails on a broken one.</summary>
    internal static async Task<List<byte[]>> ReadAllAsync(
        ILog log, PartitionId partition, int bytesMax, long from = 0)
    {
        var frames = new List<byte[]>();
        var offset = from;
        while (true)
        {
            using var batch = await log.ReadAsync(partition, offset, bytesMax);
            if (batch.Records.Count == 0) return frames;
            foreach (var record in batch.Records)
            {
                Assert.Equal(offset++, record.Offset);
                Assert.Equal(RecordState.Whole, record.State);
                frames.Add(record.Frame.ToArray());
            }
        }
    }
}
