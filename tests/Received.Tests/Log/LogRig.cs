using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Received.Log;
using Received.Log.Segments;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>A small log on files that forget, with a memory of what it acknowledged.</summary>
sealed class LogRig(ForgetfulFiles files, int seed = 1, int partitions = 3, int segmentBytes = 8192)
{
    public const string Folder = "/log";

    readonly Random _random = new(seed);
    long _number;

    public ForgetfulFiles Files { get; } = files;

    public FakeTimeProvider Time { get; } = new();

    public int Partitions => partitions;

    /// <summary>Acknowledged frames: they must be there for ever.</summary>
    public Dictionary<(int Partition, long Offset), byte[]> Acknowledged { get; } = [];

    /// <summary>Frames that were given to the log at all, acknowledged or not.</summary>
    public HashSet<string> Sent { get; } = [];

    public SegmentLogOptions Options => new()
    {
        Folder = Folder,
        PartitionCount = partitions,
        SegmentBytes = segmentBytes,
        RetentionMin = TimeSpan.Zero,
    };

    public Task<SegmentLog> OpenAsync() => SegmentLog.StartAsync(Options, Files, Time, NullLogger.Instance);

    public byte[] Frame(int partition, int payloadBytes)
    {
        var frame = TestFrames.Make(partition, ++_number, payloadBytes, _random);
        Sent.Add(Convert.ToHexString(frame));
        return frame;
    }

    /// <summary>
    /// Appends to random partitions, all at once; remembers what was acknowledged. False if any was not.
    /// </summary>
    public async Task<bool> AppendAsync(SegmentLog log, int count, int payloadBytesMax = 300)
    {
        var appends = Enumerable.Range(0, count).Select(_ =>
        {
            var partition = _random.Next(partitions);
            var frame = Frame(partition, _random.Next(payloadBytesMax));
            return (partition, frame, task: log.AppendAsync(new((ushort)partition), frame));
        }).ToList();
        var all = true;
        foreach (var (partition, frame, task) in appends)
        {
            try
            {
                Acknowledged.Add((partition, await task), frame);
            }
            catch (LogUnavailableException)
            {
                all = false;
            }
        }

        return all;
    }

    public static async Task<List<(long Offset, RecordState State, byte[] Frame)>> ReadAsync(
        SegmentLog log, int partition, int bytesMax = 2000)
    {
        var id = new PartitionId((ushort)partition);
        var (offset, head) = log.Extent(id);
        var records = new List<(long, RecordState, byte[])>();
        while (offset < head)
        {
            using var batch = await log.ReadAsync(id, offset, bytesMax);
            Assert.NotEmpty(batch.Records);
            foreach (var record in batch.Records)
            {
                Assert.Equal(offset++, record.Offset);
                records.Add((record.Offset, record.State, record.Frame.ToArray()));
            }
        }

        return records;
    }

    /// <summary>All that was acknowledged is there; nothing is there that was not sent, or twice, or broken.</summary>
    public async Task CheckAsync(SegmentLog log)
    {
        var seen = new HashSet<string>();
        for (var p = 0; p < partitions; p++)
        {
            var extent = log.Extent(new((ushort)p));
            foreach (var (offset, state, frame) in await ReadAsync(log, p))
            {
                Assert.Equal(RecordState.Whole, state);
                Assert.Contains(Convert.ToHexString(frame), Sent);
                Assert.True(seen.Add(Convert.ToHexString(frame)), "a frame stands at two offsets");
                if (Acknowledged.TryGetValue((p, offset), out var expected)) Assert.Equal(expected, frame);
                else Acknowledged.Add((p, offset), frame);
            }

            foreach (var (partition, offset) in Acknowledged.Keys)
                if (partition == p) Assert.True(offset < extent.Head, $"lost {p}/{offset}");
        }
    }
}
