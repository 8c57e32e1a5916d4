using System.Security.Cryptography;
using Received.Rating;
using Xunit;

namespace Received.Tests.Rating;

public sealed class WaitingBytesTests
{
    [Fact]
    public void Copies_stay_as_they_are_until_all_are_let_go()
    {
        var waiting = new WaitingBytes();
        for (var round = 0; round < 3; round++)
        {
            var frames = Enumerable.Range(0, 40)
                .Select(i => RandomNumberGenerator.GetBytes(i % 7 == 0 ? 1_000_000 : i * 3000)).ToList();
            var copies = new List<ReadOnlyMemory<byte>>();
            foreach (var frame in frames)
            {
                var lent = frame.ToArray();
                copies.Add(waiting.Keep(lent));
                Array.Clear(lent);
            }

            Assert.Equal(frames.Sum(frame => (long)frame.Length), waiting.Count);
            Assert.All(frames.Zip(copies), pair => Assert.True(pair.Second.Span.SequenceEqual(pair.First)));
            waiting.Clear();
            Assert.Equal(0, waiting.Count);
        }
    }

    [Fact]
    public void The_same_memory_is_used_for_the_next_batch()
    {
        var waiting = new WaitingBytes();
        var frame = new byte[900_000];
        for (var i = 0; i < 10; i++) waiting.Keep(frame);
        waiting.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++) waiting.Keep(frame);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    [Fact]
    public void A_frame_larger_than_any_may_be_is_kept_as_well()
    {
        var waiting = new WaitingBytes();
        var large = RandomNumberGenerator.GetBytes(5_000_000);
        var (before, copy, after) = (waiting.Keep([1, 2]), waiting.Keep(large), waiting.Keep([3]));
        Assert.True(copy.Span.SequenceEqual(large));
        Assert.Equal([1, 2, 3], (byte[])[.. before.Span, .. after.Span]);
    }
}
