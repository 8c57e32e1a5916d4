using Received.Log;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

public sealed class OwnershipTests
{
    static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    readonly Ownership _ownership = new(TimeProvider.System);

    [Fact]
    public async Task What_is_taken_is_leaving_until_the_loop_has_let_it_go()
    {
        _ownership.Give(Of(1, 0));
        Assert.Equal([0, 1], Numbers(_ownership.Current.Partitions));
        var version = _ownership.Current.Version;
        var changed = _ownership.ChangedAsync(version);
        Assert.Same(changed, _ownership.ChangedAsync(version));

        var taking = _ownership.TakeAsync(Of(1), Long);
        await changed;
        Assert.False(taking.IsCompleted);
        var owned = _ownership.Current;
        Assert.Equal(([0], [1]), (Numbers(owned.Partitions), Numbers(owned.Leaving)), Same);
        _ownership.Acknowledge(owned);
        Assert.True(await taking);
        Assert.Equal(owned.Version, _ownership.Current.Version);
        Assert.Empty(_ownership.Current.Leaving);
    }

    [Fact]
    public async Task A_loop_that_does_not_answer_loses_them_when_the_patience_is_over()
    {
        _ownership.Give(Of(3));
        Assert.False(await _ownership.TakeAsync(Of(3), TimeSpan.FromMilliseconds(1)));
        Assert.Empty(_ownership.Current.Partitions);
        Assert.Empty(_ownership.Current.Leaving);
    }

    [Fact]
    public async Task Nobody_waits_for_a_loop_that_has_ended_or_for_what_is_lost_or_given_back()
    {
        _ownership.Give(Of(0, 1, 2));
        var first = _ownership.TakeAsync(Of(0), Long);
        var second = _ownership.TakeAsync(Of(1), Long);
        var third = _ownership.TakeAsync(Of(2), Long);
        _ownership.Lose(Of(0));
        Assert.True(await first);
        _ownership.Give(Of(1));
        Assert.True(await second);
        Assert.False(third.IsCompleted);
        _ownership.End();
        Assert.True(await third);
        Assert.True(await _ownership.TakeAsync(Of(1), Long));
    }

    [Fact]
    public void What_was_lost_and_given_again_is_of_another_term()
    {
        _ownership.Give(Of(0, 1));
        var before = _ownership.Current.Partitions;
        _ownership.Lose(Of(1));
        _ownership.Give(Of(1));
        Assert.Equal(before[0], _ownership.Current.Partitions[0]);
        Assert.NotEqual(before[1], _ownership.Current.Partitions[1]);
    }

    [Fact]
    public void A_fixed_ownership_never_changes()
    {
        var owned = Ownership.Of(Of(1, 0));
        Assert.Equal([0, 1], Numbers(owned.Current.Partitions));
        Assert.False(owned.ChangedAsync(owned.Current.Version).IsCompleted);
        Assert.Throws<InvalidOperationException>(() => owned.Give(Of(2)));
    }

    static bool Same((int[], int[]) left, (int[], int[]) right) =>
        left.Item1.SequenceEqual(right.Item1) && left.Item2.SequenceEqual(right.Item2);

    static PartitionId[] Of(params int[] numbers) => [.. numbers.Select(number => new PartitionId((ushort)number))];

    static int[] Numbers(IEnumerable<OwnedPartition> owned) => [.. owned.Select(one => (int)one.Partition.Value)];
}
