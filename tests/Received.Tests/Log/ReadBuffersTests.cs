using Received.Log.Segments;
using Xunit;

namespace Received.Tests.Log;

public sealed class ReadBuffersTests
{
    readonly ReadBuffers _buffers = new();

    [Fact]
    public void A_buffer_that_came_back_is_used_again_also_for_less()
    {
        byte[] first;
        using (var rented = _buffers.Rent(100_000)) first = rented.Bytes;
        Assert.InRange(first.Length, 100_000, 200_000);
        using (var rented = _buffers.Rent(131_072)) Assert.Same(first, rented.Bytes);
        using (var rented = _buffers.Rent(1)) Assert.Same(first, rented.Bytes);
    }

    [Fact]
    public void A_buffer_is_never_with_two()
    {
        var one = _buffers.Rent(1000);
        using var two = _buffers.Rent(1000);
        Assert.NotSame(one.Bytes, two.Bytes);
        one.Dispose();
        one.Dispose();
        using var three = _buffers.Rent(1000);
        using var four = _buffers.Rent(1000);
        Assert.NotSame(three.Bytes, four.Bytes);
        Assert.Throws<ObjectDisposedException>(() => one.Bytes);
    }

    [Fact]
    public void Buffers_that_are_too_small_give_way()
    {
        byte[] small;
        using (var rented = _buffers.Rent(1000)) small = rented.Bytes;
        byte[] large;
        using (var rented = _buffers.Rent(1_000_000)) large = rented.Bytes;
        using (var rented = _buffers.Rent(1_000_000)) Assert.Same(large, rented.Bytes);
        using var taken = _buffers.Rent(1_000_000);
        using var next = _buffers.Rent(1000);
        Assert.NotSame(small, next.Bytes);
    }

    [Fact]
    public void What_is_very_large_is_not_kept()
    {
        byte[] first;
        using (var rented = _buffers.Rent(8 << 20)) first = rented.Bytes;
        using var again = _buffers.Rent(8 << 20);
        Assert.NotSame(first, again.Bytes);
    }
}
