using System.Threading.Channels;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Received.Log.Kafka;

/// <summary>
/// Looks in the log for frames whose report was unclear: persisted, but at an unknown offset; or sent, and never
/// answered. Found means acknowledged, at the first place that has it. Not found means unknown, not absent: a broker
/// may still have the request before it. Bounded: all that wait at the time are looked for at once.
/// </summary>
sealed class KafkaReadBack(
    KafkaLogOptions options, KafkaAdmin admin, KafkaClients clients, TimeProvider time, ILogger logger)
{
    static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    readonly Channel<(PendingFrame Frame, Error Error)> _unclear =
        Channel.CreateUnbounded<(PendingFrame, Error)>(new() { SingleReader = true });
    KafkaAppends? _appends;
    Task _running = Task.CompletedTask;

    /// <summary>Begins to serve; the two need each other.</summary>
    public void Start(KafkaAppends appends)
    {
        _appends = appends;
        _running = Task.Run(RunAsync);
    }

    public void Add(PendingFrame frame, Error error) => _unclear.Writer.TryWrite((frame, error));

    /// <summary>Looks for what is left, once.</summary>
    public async Task StopAsync()
    {
        _unclear.Writer.TryComplete();
        await _running;
    }

    async Task RunAsync()
    {
        while (await _unclear.Reader.WaitToReadAsync())
        {
            var frames = new List<(PendingFrame Frame, Error Error)>();
            while (_unclear.Reader.TryRead(out var unclear)) frames.Add(unclear);
            await TryFindAsync(frames);
            var found = frames.Count(unclear => unclear.Frame.Task.IsCompleted);
            LogMessages.ReadBack(logger, frames.Count, found);
            foreach (var (frame, error) in frames)
            {
                if (!frame.Task.IsCompleted)
                    _appends!.Fail(frame, error.IsError ? error : new(ErrorCode.Local_MsgTimedOut));
            }
        }
    }

    /// <summary>As long as there is time: a broker that is away now may be back in a moment.</summary>
    async Task TryFindAsync(List<(PendingFrame Frame, Error Error)> frames)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            string reason;
            try
            {
                await FindAsync([.. frames.Where(unclear => !unclear.Frame.Task.IsCompleted)], started);
                return;
            }
            catch (KafkaException error)
            {
                reason = admin.Unavailable(error).Message;
            }
            catch (Exception error)
            {
                // A client that cannot be made, say: these frames' callers must have an answer, and so must the next.
                LogMessages.ReadBackFailed(logger, error.Message);
                return;
            }

            if (time.GetElapsedTime(started) >= options.ReadBackTimeout)
            {
                LogMessages.ReadBackFailed(logger, reason);
                return;
            }

            await Task.Delay(Slice, time);
        }
    }

    async Task FindAsync(List<(PendingFrame Frame, Error Error)> unclear, long started)
    {
        var wanted = unclear.GroupBy(one => one.Frame.Partition).ToDictionary(
            group => group.Key, group => group.Select(one => one.Frame).ToList());
        var partitions = wanted.Keys.ToList();
        // Asked now: what was persisted before its report came is below it.
        var heads = await admin.ListAsync(options.Topic, partitions, OffsetSpec.Latest());
        var nexts = new Dictionary<int, (long Next, long Head)>();
        for (var i = 0; i < partitions.Count; i++)
        {
            var floor = wanted[partitions[i]].Min(frame => frame.Floor);
            if (floor < heads[i]) nexts.Add(partitions[i], (floor, heads[i]));
        }

        if (nexts.Count > 0) await Task.Run(() => Read(wanted, nexts, started));
    }

    void Read(Dictionary<int, List<PendingFrame>> wanted, Dictionary<int, (long Next, long Head)> nexts, long started)
    {
        using var reader = clients.Reader();
        reader.Assign(nexts.Select(pair => new TopicPartitionOffset(options.Topic, pair.Key, pair.Value.Next)));
        while (nexts.Count > 0 && time.GetElapsedTime(started) < options.ReadBackTimeout)
        {
            if (reader.Consume(Slice) is not { } result) continue;
            var partition = result.Partition.Value;
            var frame = result.Message.Value;
            if (FrameHeader.TryRead(frame.Bytes.Span, out var header))
                Acknowledge(wanted[partition], header, result.Offset.Value);
            frame.Return();
            if (!nexts.TryGetValue(partition, out var at)) continue;
            if (result.Offset.Value + 1 >= at.Head || wanted[partition].Count == 0) nexts.Remove(partition);
            else nexts[partition] = (result.Offset.Value + 1, at.Head);
        }
    }

    void Acknowledge(List<PendingFrame> wanted, in FrameHeader header, long offset)
    {
        for (var i = 0; i < wanted.Count; i++)
        {
            if (!wanted[i].Is(header) || offset < wanted[i].Floor) continue;
            _appends!.Acknowledge(wanted[i], offset);
            wanted.RemoveAt(i);
            return;
        }
    }
}
