using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Kafka;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>One reader of a topic, whose room for what it fetches ahead is full again and again.</summary>
public sealed class KafkaLaneTests
{
    const int Frames = 120;
    const int FrameBytes = 100_000;

    static readonly PartitionId Zero = new(0);
    static readonly PartitionId One = new(1);

    [Fact]
    public async Task Law_11_a_partition_whose_room_was_full_is_read_at_any_place()
    {
        using var rig = await KafkaRig.NewAsync();
        using var lane = await FilledAsync(rig);
        foreach (var offset in new[] { 0, 60, 1, 119, 2 })
        {
            Assert.Equal(1, await CountAsync(lane, Zero, offset, bytesMax: 1));
            // Nobody takes what it fetches meanwhile.
            await Task.Delay(300);
        }
    }

    [Fact]
    public async Task Law_11_partitions_with_little_room_are_read_whole_however_the_reads_take_turns()
    {
        using var rig = await KafkaRig.NewAsync();
        using var lane = await FilledAsync(rig);
        var random = new Random(1);
        var next = new[] { 0, 0 };
        for (var read = 0; read < 400; read++)
        {
            var partition = random.Next(4) > 0 ? Zero : One;
            if (random.Next(8) == 0) next[partition.Value] = random.Next(Frames);
            var count = await CountAsync(
                lane, partition, next[partition.Value], bytesMax: random.Next(1, 30) * FrameBytes);
            next[partition.Value] = (next[partition.Value] + count) % Frames;
            if (random.Next(10) == 0) await Task.Delay(random.Next(20));
        }
    }

    [Fact]
    public async Task A_partition_that_nobody_goes_on_with_leaves_the_others_their_room()
    {
        using var rig = await KafkaRig.NewAsync();
        using var lane = await FilledAsync(rig);
        Assert.Equal(1, await CountAsync(lane, Zero, 0, bytesMax: 1));
        await Task.Delay(500);
        var most = 0;
        for (var next = 0; next < Frames && most < 4;)
        {
            var count = await CountAsync(lane, One, next, bytesMax: int.MaxValue);
            most = Math.Max(most, count);
            next += count;
            await Task.Delay(100);
        }

        Assert.InRange(most, 4, 12);
    }

    static async Task<int> CountAsync(KafkaLane lane, PartitionId partition, long offset, int bytesMax)
    {
        using var batch = await lane.ReadAsync(partition, offset, bytesMax, default);
        Assert.All(batch.Records.Index(), each => Assert.Equal(offset + each.Index, each.Item.Offset));
        Assert.All(batch.Records, record => Assert.Equal(RecordState.Whole, record.State));
        return batch.Records.Count;
    }

    static async Task<KafkaLane> FilledAsync(KafkaRig rig)
    {
        await using (var log = await rig.OpenAsync())
        {
            await Task.WhenAll(Enumerable.Range(0, Frames * 2).Select(i => log.AppendAsync(
                new((ushort)(i % 2)), rig.Frame(i % 2, FrameBytes))));
        }

        var options = rig.Options(readAheadBytes: 1 << 20, readTimeout: TimeSpan.FromSeconds(5));
        return new(
            options, new(options, NullLogger.Instance), new([0, 0], [Frames, Frames]), TimeProvider.System,
            NullLogger.Instance);
    }
}
