using System.IO.Compression;
using System.Text;
using Received.Ingest.Http;
using Received.Ingest.Validation;
using Xunit;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Received.Tests.Ingest;

/// <summary>Bodies that came packed, well and badly, in each of the encodings.</summary>
public sealed class CompressedBodyTests
{
    const int Mebibyte = 1024 * 1024;

    public static TheoryData<string> Encodings => ["gzip", "br", "zstd"];

    static byte[] Packed(byte[] text, string encoding)
    {
        using var target = new MemoryStream();
        using (Stream packer = encoding switch
        {
            "br" => new BrotliStream(target, CompressionLevel.SmallestSize, true),
            "zstd" => new CompressionStream(target, leaveOpen: true),
            _ => new GZipStream(target, CompressionLevel.SmallestSize, true),
        })
            packer.Write(text);
        return target.ToArray();
    }

    static byte[] Packed(string text, string encoding) => Packed(Encoding.UTF8.GetBytes(text), encoding);

    static Task<Answer> PostAsync(DoorHost door, byte[] packed, string encoding, string route = "event") =>
        door.PostAsync("/api/usage/" + route, packed, "application/json", ("Content-Encoding", encoding));

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_compressed_batch_is_expanded(string encoding)
    {
        await using var door = await DoorHost.StartAsync();
        var body = "[" + string.Join(",", Enumerable.Range(0, 500).Select(i => DoorHost.Event(i, $"c-{i}"))) + "]";
        var packed = Packed(body, encoding);
        Assert.Equal(200, (await PostAsync(door, packed, encoding, "events")).Status);
        Assert.Equal(200, (await PostAsync(door, packed, encoding.ToUpperInvariant(), "events")).Status);
        Assert.Equal(1000, door.Log.Events().Count);
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_compressed_body_that_is_cut_short_is_refused(string encoding)
    {
        await using var door = await DoorHost.StartAsync();
        var packed = Packed(DoorHost.Event(1), encoding);
        for (var length = 1; length < packed.Length; length++)
            Assert.Equal(400, (await PostAsync(door, packed[..length], encoding)).Status);
        Assert.Empty(door.Log.Events());
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_compressed_body_with_a_bit_flipped_is_never_an_error_of_ours(string encoding)
    {
        await using var door = await DoorHost.StartAsync();
        var packed = Packed(DoorHost.Event(1), encoding);
        for (var bit = 0; bit < packed.Length * 8; bit += 3)
        {
            packed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.InRange((await PostAsync(door, packed, encoding)).Status, 200, 422);
            packed[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_bomb_is_refused_by_its_ratio_and_by_its_size(string encoding)
    {
        await using var door = await DoorHost.StartAsync();
        var bomb = Packed(new string(' ', 8 * Mebibyte), encoding);
        var batch = await PostAsync(door, bomb, encoding, "events");
        Assert.Equal((413, "expansion_too_large"), (batch.Status, batch.Code));
        var single = await PostAsync(door, bomb, encoding);
        Assert.Equal((413, "body_too_large"), (single.Status, single.Code));
        Assert.Empty(door.Log.Events());
    }

    [Theory]
    [InlineData("gzip", "more", 400)]
    [InlineData("br", "more", 400)]
    [InlineData("zstd", "more", 400)]
    [InlineData("br", "x", 400)]
    [InlineData("zstd", "x", 400)]
    public async Task What_stands_behind_a_compressed_body_is_not_left_unseen(string encoding, string rest, int status)
    {
        await using var door = await DoorHost.StartAsync();
        byte[] packed = [.. Packed(DoorHost.Event(1), encoding), .. Encoding.ASCII.GetBytes(rest)];
        var answer = await PostAsync(door, packed, encoding);
        Assert.Equal((status, "content_encoding_malformed"), (answer.Status, answer.Code));
        Assert.Empty(door.Log.Events());
    }

    /// <summary>RFC 1952 and RFC 8878 let several members or frames stand in a row; brotli has no such thing.</summary>
    [Theory]
    [InlineData("gzip", 200)]
    [InlineData("zstd", 200)]
    [InlineData("br", 400)]
    public async Task Members_in_a_row_are_one_body(string encoding, int status)
    {
        await using var door = await DoorHost.StartAsync();
        var text = "[" + DoorHost.Event(1) + "," + DoorHost.Event(2) + "]";
        byte[] packed = [.. Packed(text[..40], encoding), .. Packed(text[40..], encoding)];
        Assert.Equal(status, (await PostAsync(door, packed, encoding, "events")).Status);
        Assert.Equal(status == 200 ? 2 : 0, door.Log.Events().Count);
    }

    [Fact]
    public async Task A_zstd_body_that_wants_more_memory_than_http_allows_is_refused()
    {
        await using var door = await DoorHost.StartAsync();
        using var target = new MemoryStream();
        using (var packer = new CompressionStream(target, leaveOpen: true))
        {
            packer.SetParameter(ZSTD_cParameter.ZSTD_c_windowLog, Limits.ZstdWindowLogMax + 1);
            packer.Write(Encoding.UTF8.GetBytes(DoorHost.Event(1)));
        }

        var answer = await PostAsync(door, target.ToArray(), "zstd");
        Assert.Equal((413, "expansion_too_large"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task The_last_byte_of_a_packed_body_is_given_by_itself_however_it_comes()
    {
        var bytes = Enumerable.Range(0, 50).Select(i => (byte)i).ToArray();
        for (var piece = 1; piece <= 51; piece++)
        {
            await using var stream = new PackedStream(new PiecewiseStream(bytes, piece));
            var read = new List<byte>();
            var buffer = new byte[64];
            for (var count = 1; count > 0;)
            {
                Assert.Equal(read.Count == 50, stream.IsUsedUp);
                count = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
                read.AddRange(buffer[..count]);
            }

            Assert.Equal(bytes, read);
            Assert.Equal(50, stream.BytesRead);
        }
    }

    sealed class PiecewiseStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(Read(buffer.Span[..Math.Min(piece, buffer.Length)]));
    }
}
