using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Kafka;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>Partitions move between members of a group; the loops are played by the tests.</summary>
public sealed class KafkaGroupTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Partitions_move_to_a_second_member_and_back_when_it_leaves()
    {
        using var rig = await KafkaRig.NewAsync();
        var options = rig.Options(partitions: 4);
        await using var log = await KafkaRig.OpenAsync(options);
        var first = new Player();
        await using var one = Join(options, first);
        await first.UntilAsync(owned => owned.Count == 4);
        var second = new Player();
        await using (Join(options, second))
        {
            await second.UntilAsync(owned => owned.Count == 2);
            await first.UntilAsync(owned => owned.Count == 2);
            Assert.Equal([0, 1, 2, 3], first.Owned.Concat(second.Owned).Order());
            // Asked, and let go before the second had them.
            Assert.Equal(second.Owned.Order(), first.LetGo.Order());
        }

        await first.UntilAsync(owned => owned.Count == 4);
        Assert.Empty(second.Owned);
    }

    [Fact]
    public async Task A_loop_that_does_not_let_go_loses_its_partitions_after_the_patience()
    {
        using var rig = await KafkaRig.NewAsync();
        var options = rig.Options(partitions: 2);
        await using var log = await KafkaRig.OpenAsync(options);
        var deaf = new Ownership(TimeProvider.System);
        await using var one = Join(options, deaf);
        while (deaf.Current.Partitions.Count < 2) await deaf.ChangedAsync(deaf.Current.Version).WaitAsync(Patience);
        var second = new Player();
        await using var two = Join(options, second);
        await second.UntilAsync(owned => owned.Count == 1);
        Assert.Single(deaf.Current.Partitions);
        deaf.End();
        await second.UntilAsync(owned => owned.Count == 2);
    }

    [Fact]
    public async Task Positions_are_committed_for_whoever_watches_the_lag()
    {
        using var rig = await KafkaRig.NewAsync();
        var options = rig.Options(partitions: 2);
        await using var log = await KafkaRig.OpenAsync(options);
        await rig.AppendAsync(log, 3, partition: 1);
        var player = new Player();
        await using var group = Join(options, player, () => [(new PartitionId(1), 3)]);
        var wanted = new ConsumerGroupTopicPartitions(group.Name, [new(rig.Topic, 1)]);
        var until = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(until) < Patience)
        {
            var found = await rig.Admin.ListConsumerGroupOffsetsAsync([wanted]);
            if (found[0].Partitions[0].Offset.Value == 3) return;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        Assert.Fail("The position was not committed.");
    }

    static KafkaGroup Join(
        KafkaLogOptions options, Player player, Func<IEnumerable<(PartitionId, long)>>? positions = null) =>
        Join(options, player.Ownership, positions);

    static KafkaGroup Join(
        KafkaLogOptions options, Ownership ownership, Func<IEnumerable<(PartitionId, long)>>? positions = null) =>
        KafkaGroup.Join(options, "rate", ownership, positions ?? (() => []), TimeProvider.System, NullLogger.Instance);

    /// <summary>A loop that lets go of what it is asked for at once.</summary>
    sealed class Player
    {
        public Player() => _ = Task.Run(PlayAsync);

        public Ownership Ownership { get; } = new(TimeProvider.System);

        public List<int> LetGo { get; } = [];

        public IReadOnlyList<int> Owned => [.. Ownership.Current.Partitions.Select(one => (int)one.Partition.Value)];

        public async Task UntilAsync(Func<IReadOnlyList<int>, bool> wanted)
        {
            while (true)
            {
                var version = Ownership.Current.Version;
                if (wanted(Owned)) return;
                await Ownership.ChangedAsync(version).WaitAsync(Patience);
            }
        }

        async Task PlayAsync()
        {
            while (true)
            {
                var owned = Ownership.Current;
                lock (LetGo) LetGo.AddRange(owned.Leaving.Select(one => (int)one.Partition.Value));
                Ownership.Acknowledge(owned);
                await Ownership.ChangedAsync(owned.Version);
            }
        }
    }
}
