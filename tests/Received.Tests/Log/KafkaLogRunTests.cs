using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Kafka;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>What the log does while it runs and the topic or the broker is not as it should be.</summary>
public sealed class KafkaLogRunTests
{
    static readonly PartitionId Zero = new(0);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Broken_and_foreign_records_are_handed_out_marked_with_their_offsets()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        var whole = rig.Frame();
        await log.AppendAsync(Zero, whole);
        var payloadBroken = rig.Frame();
        payloadBroken[^1] ^= 1;
        await rig.WriteAsync(payloadBroken);
        await rig.WriteAsync([1, 2, 3]);
        await rig.WriteAsync(null);
        var last = rig.Frame();
        Assert.Equal(4, await log.AppendAsync(Zero, last));
        Assert.Equal(
            [
                (0, RecordState.Whole, Hex(whole)),
                (1, RecordState.PayloadBroken, Hex(payloadBroken.AsSpan(0, FrameHeader.Bytes))),
                (2, RecordState.HeaderBroken, ""),
                (3, RecordState.HeaderBroken, ""),
                (4, RecordState.Whole, Hex(last)),
            ],
            await ReadAsync(log, 5));
    }

    [Fact]
    public async Task Law_11_offsets_without_a_record_are_handed_out_as_broken()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        await rig.AppendAsync(log, 1);
        // The mark of a transaction's end takes an offset, and is no record.
        await rig.WriteAsync(rig.Frame(), inTransaction: true);
        Assert.Equal(
            [RecordState.Whole, RecordState.Whole, RecordState.HeaderBroken],
            (await ReadAsync(log, 3)).Select(record => record.State));
        Assert.Equal(3, await log.AppendAsync(Zero, rig.Frame()));
        Assert.Equal([RecordState.Whole], (await ReadAsync(log, 1, from: 3)).Select(record => record.State));
    }

    [Fact]
    public async Task A_frame_whose_answer_was_unclear_is_acknowledged_where_it_is_found()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        await rig.AppendAsync(log, 5);
        await using var parts = await PartsAsync(rig);
        var frame = rig.Frame();
        var pending = parts.Expect(frame);
        await rig.AppendAsync(log, 2);
        Assert.Equal(7, await log.AppendAsync(Zero, frame));
        parts.Report(pending, ErrorCode.NoError, PersistenceStatus.Persisted);
        Assert.Equal(7, await pending.Task.WaitAsync(Patience));
        // Twice in the log, as a producer's retry may leave it: the first place counts.
        pending = parts.Expect(frame = rig.Frame());
        await log.AppendAsync(Zero, frame);
        await log.AppendAsync(Zero, frame);
        parts.Report(pending, ErrorCode.Local_MsgTimedOut, PersistenceStatus.PossiblyPersisted);
        Assert.Equal(8, await pending.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task Law_1_a_frame_whose_answer_was_unclear_and_that_is_not_found_is_not_acknowledged()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        await using var parts = await PartsAsync(rig);
        var pending = parts.Expect(rig.Frame());
        await rig.AppendAsync(log, 3);
        parts.Report(pending, ErrorCode.Local_MsgTimedOut, PersistenceStatus.PossiblyPersisted);
        var error = await Assert.ThrowsAsync<LogUnavailableException>(() => pending.Task.WaitAsync(Patience));
        Assert.Equal(LogUnavailableReason.Failing, error.Reason);
        Assert.Contains("did not answer in time", error.Message);
    }

    [Fact]
    public async Task Law_1_a_producer_that_gave_up_is_followed_by_another_when_all_its_frames_have_their_answer()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        await using var parts = await PartsAsync(rig);
        Assert.Equal(0, await parts.AppendAsync(rig.Frame()));
        var late = rig.Frame();
        var pending = parts.Expect(late);
        parts.GiveUp();
        await Assert.ThrowsAsync<LogUnavailableException>(() => parts.AppendAsync(rig.Frame()));
        // Found late, and before all that is taken from here on.
        Assert.Equal(1, await log.AppendAsync(Zero, late));
        Assert.Equal(1, await pending.Task.WaitAsync(Patience));
        var next = rig.Frame();
        Assert.Equal(2, await Eventually(() => parts.AppendAsync(next)));
    }

    static async Task<long> Eventually(Func<Task<long>> append)
    {
        for (var started = TimeProvider.System.GetTimestamp(); ;)
        {
            try
            {
                return await append();
            }
            catch (LogUnavailableException) when (TimeProvider.System.GetElapsedTime(started) < Patience)
            {
                await Task.Delay(20);
            }
        }
    }

    [Fact]
    public async Task A_frame_that_the_topic_does_not_take_any_more_is_refused_with_what_to_do()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        await rig.SetAsync("max.message.bytes", "1000");
        var error = await Assert.ThrowsAsync<LogUnavailableException>(
            () => log.AppendAsync(Zero, rig.Frame(payloadBytes: 5000)).WaitAsync(Patience));
        Assert.Contains("max.message.bytes", error.Message);
        Assert.Equal(0, await log.AppendAsync(Zero, rig.Frame()).WaitAsync(Patience));
    }

    [Fact]
    public async Task The_largest_frame_is_taken()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        var frames = Enumerable.Range(0, 6).Select(_ => rig.Frame(payloadBytes: FrameLimits.RawBytesMax)).ToList();
        var offsets = await Task.WhenAll(frames.Select(frame => log.AppendAsync(Zero, frame))).WaitAsync(Patience);
        Assert.Equal([0, 1, 2, 3, 4, 5], offsets);
        Assert.Equal(frames, await LogContract.ReadAllAsync(log, Zero, 1));
    }

    [Fact]
    public async Task A_topic_made_anew_while_the_log_is_open_is_neither_read_nor_written()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        await rig.AppendAsync(log, 3);
        var wait = log.WaitAsync(Zero, 3);
        await rig.DeleteAsync(rig.Topic);
        await rig.CreateAsync(rig.Topic, 2);
        await Assert.ThrowsAsync<LogRangeException>(() => wait.WaitAsync(Patience));
        var error = await Assert.ThrowsAsync<LogUnavailableException>(() => log.AppendAsync(Zero, rig.Frame()));
        Assert.Contains("made anew", error.Message);
        Assert.Contains("made anew", log.Failure);
        await Assert.ThrowsAsync<LogRangeException>(async () => await log.ReadAsync(Zero, 0, 1));
    }

    [Fact]
    public async Task What_another_process_appends_shows_and_ends_waiting()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var one = await rig.OpenAsync();
        await using var other = await rig.OpenAsync();
        var wait = one.WaitAsync(Zero, 1);
        await rig.AppendAsync(other, 2);
        await wait.WaitAsync(Patience);
        Assert.Equal(2, one.Extent(Zero).Head);
        await rig.AppendAsync(other, 1);
        using var batch = await one.ReadAsync(Zero, 2, 1);
        Assert.Single(batch.Records);
    }

    [Fact]
    public async Task Two_readers_at_different_places_each_get_all_in_order()
    {
        using var rig = await KafkaRig.NewAsync();
        await using var log = await rig.OpenAsync();
        await rig.AppendAsync(log, 400);
        var reads = await Task.WhenAll(
            ReadAsync(log, 400, bytesMax: 500), ReadAsync(log, 250, from: 150, bytesMax: 3000));
        Assert.Equal(reads[0].Skip(150), reads[1]);
        Assert.Equal(Enumerable.Range(0, 400).Select(i => (long)i), reads[0].Select(record => record.Offset));
    }

    static async Task<List<(long Offset, RecordState State, string Frame)>> ReadAsync(
        KafkaLog log, int count, long from = 0, int bytesMax = 1000)
    {
        var records = new List<(long, RecordState, string)>();
        while (records.Count < count)
        {
            // A transaction's end has been answered before its mark is in the log.
            await log.WaitAsync(Zero, from + records.Count).WaitAsync(Patience);
            using var batch = await log.ReadAsync(Zero, from + records.Count, bytesMax);
            Assert.NotEmpty(batch.Records);
            records.AddRange(batch.Records.Select(record => (record.Offset, record.State, Hex(record.Frame.Span))));
            await Task.Yield();
        }

        return records;
    }

    static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);

    static async Task<AppendParts> PartsAsync(KafkaRig rig)
    {
        var options = rig.Options();
        var clients = new KafkaClients(options, NullLogger.Instance);
        var admin = new KafkaAdmin(options, clients, TimeProvider.System);
        var heads = await admin.ListAsync(rig.Topic, [0, 1], Confluent.Kafka.Admin.OffsetSpec.Latest());
        var readBack = new KafkaReadBack(options, admin, clients, TimeProvider.System, NullLogger.Instance);
        var appends = new KafkaAppends(
            options, clients, new([0, 0], heads), readBack, _ => { }, TimeProvider.System, NullLogger.Instance);
        readBack.Start(appends);
        return new(appends, admin);
    }

    /// <summary>The way into the log by itself, so that a test can be the broker's answer.</summary>
    sealed class AppendParts(KafkaAppends appends, KafkaAdmin admin) : IAsyncDisposable
    {
        public PendingFrame Expect(byte[] frame)
        {
            Assert.True(FrameHeader.TryRead(frame, out var header));
            return appends.Expect(0, header, frame.Length);
        }

        public void GiveUp() => appends.Replace(0, new(ErrorCode.Local_Fatal));

        public Task<long> AppendAsync(byte[] frame)
        {
            Assert.True(FrameHeader.TryRead(frame, out var header));
            return appends.AppendAsync(header, frame);
        }

        public void Report(PendingFrame pending, ErrorCode error, PersistenceStatus status) => appends.Delivered(
            pending, new() { Error = new(error), Offset = Offset.Unset, Status = status });

        public async ValueTask DisposeAsync()
        {
            await appends.DisposeAsync();
            admin.Dispose();
        }
    }
}
