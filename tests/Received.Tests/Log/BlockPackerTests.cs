using K4os.Compression.LZ4;
using Received.Log;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>Blocks are read by another's decoder: that is what makes them LZ4.</summary>
public sealed class BlockPackerTests
{
    const byte Untouched = 0xA5;

    [Fact]
    public void What_was_packed_comes_back_whatever_it_was()
    {
        var random = new Random(11);
        for (var round = 0; round < 3_000; round++)
        {
            var payload = new PayloadWriter();
            var columns = random.Next(1, 6);
            for (var i = 0; i < columns; i++) Write(payload, random);
            // A payload is never empty, and decoders take no empty block.
            if (random.Next(3) == 0 || payload.Written.IsEmpty) payload.WriteInt64(random.NextInt64());
            Check(payload);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(70_000)]
    public void One_byte_again_and_again_comes_back(int count)
    {
        var payload = new PayloadWriter();
        payload.ReserveIntegers(1, count).Fill(7);
        Assert.True(Check(payload) <= 20 + (count / 200));
    }

    [Fact]
    public void Like_entries_take_little_and_nothing_is_found_farther_off_than_a_block_can_say()
    {
        var payload = new PayloadWriter();
        var column = new ByteColumn();
        var far = new byte[70_000];
        new Random(5).NextBytes(far);
        column.Add(far);
        column.Add(far);
        for (var i = 0; i < 1_000; i++) column.Add(System.Text.Encoding.UTF8.GetBytes($"request {i:D6} of a run"));
        payload.WriteEntries(column, isFree: true);
        Assert.InRange(Check(payload), 140_000, 152_000);
    }

    static void Write(PayloadWriter payload, Random random)
    {
        if (random.Next(2) == 0)
        {
            var integers = payload.ReserveIntegers(1 << random.Next(4), random.Next(300));
            var kinds = random.Next(1, 4);
            for (var i = 0; i < integers.Length; i++) integers[i] = (byte)(i % 50 < 40 ? i % 4 : random.Next(kinds));
            return;
        }

        var column = new ByteColumn();
        var entry = new byte[random.Next(0, 120)];
        var letters = random.Next(1, 5);
        var changes = random.Next(0, 12);
        for (var i = random.Next(0, 200); i > 0; i--)
        {
            // Like the one before, but for some bytes, and longer or shorter at times.
            if (random.Next(6) == 0) Array.Resize(ref entry, random.Next(0, 120));
            for (var change = 0; change < changes && entry.Length > 0; change++)
                entry[random.Next(entry.Length)] = (byte)random.Next(letters);
            column.Add(random.Next(9) == 0 ? [] : entry);
        }

        payload.WriteEntries(column, random.Next(2) == 0);
    }

    static int Check(PayloadWriter payload)
    {
        var room = BlockPacker.TargetBytes(payload.Written.Length);
        var target = new byte[room + 100];
        target.AsSpan().Fill(Untouched);
        var size = payload.Pack(target.AsSpan(0, room), new int[BlockPacker.PlacesCount]);
        Assert.True(target.AsSpan(room).IndexOfAnyExcept(Untouched) < 0, "written behind the target");
        var decoded = new byte[payload.Written.Length];
        Assert.Equal(decoded.Length, LZ4Codec.Decode(target.AsSpan(0, size), decoded));
        Assert.Equal(payload.Written, decoded);
        return size;
    }
}
