using System.Collections.Concurrent;
using System.IO.Hashing;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Kafka;
using Xunit;

namespace Received.Faults.Distributed;

/// <summary>Appends go on while the broker is killed, started again, and held so that it answers late.</summary>
public sealed class KafkaBrokerTests
{
    const int Partitions = 4;
    const int UnderWay = 20;

    static readonly TimeSpan AppendTimeout = TimeSpan.FromSeconds(4);
    static readonly TimeSpan ReadBackTimeout = TimeSpan.FromSeconds(2);

    readonly ConcurrentDictionary<(int Partition, long Offset), long> _acknowledged = [];
    long _number;
    long _waitMaxTicks;
    int _unknown;

    [Fact]
    public async Task Law_1_what_was_acknowledged_is_there_once_when_the_broker_is_killed_and_when_it_answers_late()
    {
        await using var servers = await OwnServers.StartAsync(clickHouse: false);
        var options = new KafkaLogOptions
        {
            BootstrapServers = servers.Bootstrap,
            Topic = "faults",
            Partitions = Partitions,
            AppendTimeout = AppendTimeout,
            ReadBackTimeout = ReadBackTimeout,
        };
        await using (var log = await OpenAsync(options))
        {
            using var stop = new CancellationTokenSource();
            var appending = Enumerable.Range(0, Partitions)
                .Select(partition => Task.Run(() => AppendUntilAsync(log, partition, stop.Token))).ToList();
            await UntilGrownAsync(2000);
            await servers.KillBrokerAsync(1);
            await servers.StartKafkaAsync();
            await UntilGrownAsync(2000);
            await servers.SignalBrokerAsync(1, "STOP");
            await Task.Delay(AppendTimeout + TimeSpan.FromSeconds(1));
            await servers.SignalBrokerAsync(1, "CONT");
            await UntilGrownAsync(2000);
            await stop.CancelAsync();
            await Task.WhenAll(appending);
        }

        Assert.True(_unknown > 0, "No append was ever without an answer: the faults did nothing.");
        // Two searches at most: one that was under way, and the frame's own; the rest is a loaded machine.
        var bound = AppendTimeout + (2 * ReadBackTimeout) + TimeSpan.FromSeconds(10);
        Assert.True(_waitMaxTicks < bound.Ticks, $"An append waited {new TimeSpan(_waitMaxTicks)}.");
        await CheckAsync(options);
    }

    async Task AppendUntilAsync(KafkaLog log, int partition, CancellationToken stop)
    {
        var underWay = new Queue<Task>();
        while (!stop.IsCancellationRequested)
        {
            underWay.Enqueue(AppendAsync(log, partition, Interlocked.Increment(ref _number)));
            if (underWay.Count >= UnderWay) await underWay.Dequeue();
        }

        await Task.WhenAll(underWay);
    }

    async Task AppendAsync(KafkaLog log, int partition, long number)
    {
        var started = TimeProvider.System.GetTimestamp();
        try
        {
            var offset = await log.AppendAsync(new((ushort)partition), Frame(partition, number));
            Assert.True(_acknowledged.TryAdd((partition, offset), number), "An offset was given out twice.");
        }
        catch (LogUnavailableException)
        {
            Interlocked.Increment(ref _unknown);
        }

        var waited = TimeProvider.System.GetElapsedTime(started).Ticks;
        for (var max = Volatile.Read(ref _waitMaxTicks); waited > max; max = Volatile.Read(ref _waitMaxTicks))
            Interlocked.CompareExchange(ref _waitMaxTicks, waited, max);
    }

    async Task UntilGrownAsync(int count)
    {
        var wanted = _acknowledged.Count + count;
        while (_acknowledged.Count < wanted) await Task.Delay(20);
    }

    /// <summary>Every acknowledged frame at its offset, each once, all in the order of their numbers.</summary>
    async Task CheckAsync(KafkaLogOptions options)
    {
        await using var log = await OpenAsync(options);
        var found = 0;
        for (var p = 0; p < Partitions; p++)
        {
            var last = 0L;
            for (var next = 0L; ;)
            {
                using var batch = await log.ReadAsync(new((ushort)p), next, 1 << 20);
                if (batch.Records.Count == 0) break;
                foreach (var record in batch.Records)
                {
                    Assert.Equal((next++, RecordState.Whole), (record.Offset, record.State));
                    FrameHeader.TryRead(record.Frame.Span, out var header);
                    Assert.True(header.ProducerNumber > last, "A frame is there twice, or before its turn.");
                    last = header.ProducerNumber;
                    if (!_acknowledged.TryGetValue((p, record.Offset), out var number)) continue;
                    Assert.Equal(number, header.ProducerNumber);
                    found++;
                }
            }
        }

        Assert.Equal(_acknowledged.Count, found);
    }

    static Task<KafkaLog> OpenAsync(KafkaLogOptions options) =>
        KafkaLog.OpenAsync(options, TimeProvider.System, NullLogger.Instance);

    static byte[] Frame(int partition, long number)
    {
        var frame = new byte[FrameHeader.Bytes + 1000];
        BitConverter.TryWriteBytes(frame.AsSpan(FrameHeader.Bytes), number);
        new FrameHeader(
            FrameHeader.CurrentVersion, FrameKind.Events, false, new((ushort)partition), 1, 1000, 1000, 1, number,
            1_700_000_000_000 + number, XxHash3.HashToUInt64(frame.AsSpan(FrameHeader.Bytes))).Write(frame);
        return frame;
    }
}
