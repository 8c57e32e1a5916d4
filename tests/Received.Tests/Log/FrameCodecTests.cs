using System.IO.Hashing;
using System.Text;
using CsCheck;
using K4os.Compression.LZ4;
using Received.Log;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

public sealed class FrameCodecTests
{
    static readonly FrameStamp Stamp = new(new(3), 0x1122334455667788, 42, 1_707_123_332_160);

    /// <summary>
    /// The golden frame of docs/frame-format.md. If this fails, frames on disk can no longer be read, or hold other
    /// bytes than before: raise the version instead of changing them. How a block was packed is no part of the format.
    /// </summary>
    const string GoldenFrame =
        "524356460101010003000000030000003c010000ab01000088776655443322112a0000000000000040d47a788d010000" +
        "8d8fb61e383a3c1a4149c697dafbc55773020000000107000100330101080a00f3201c0034303936393636642d356331" +
        "632d346531382d386234372d3661333635653363313665616b756e64652dc3bc0136007c00040041434d45550013051f" +
        "00f51c1f0062623530646130372d633638362d343638382d383535302d36363330356531376161623062797465735200" +
        "700500556e6974735300050200051d00f617002435353839393733332d333261302d343931322d396432652d61356230" +
        "66303464636462362f0046035553440e002f01010c0002f1040100000400ee20718d01000040e65907a0e55921015001" +
        "68d47a781500b50001010c1000a0724e180993002e00ff010090e73c80d09f3c2e3b032600066b00a50602016b65792d" +
        "31016b1400f0162000027b20226e6f7465223a2022557365722d7370656369666963206e6f746522207d7b7d";

    [Fact]
    public void Golden_bytes_are_written_as_they_were()
    {
        var (golden, frame) = (Convert.FromHexString(GoldenFrame), new FrameCodec().Encode(GoldenEvents(), Stamp));
        Assert.True(FrameHeader.TryRead(golden, out var goldenHeader));
        Assert.True(FrameHeader.TryRead(frame.Span, out var header));
        Assert.Equal(RawPayload(golden, goldenHeader), RawPayload(frame.Span, header));
        var expected = goldenHeader with
        {
            Compressed = header.Compressed,
            PayloadBytes = header.PayloadBytes,
            PayloadChecksum = XxHash3.HashToUInt64(frame.Span[FrameHeader.Bytes..]),
        };
        Assert.Equal(expected, header);
    }

    [Fact]
    public void Golden_bytes_are_read_as_they_were()
    {
        var events = new EventColumns();
        Assert.True(new FrameCodec().TryDecode(Convert.FromHexString(GoldenFrame), events));
        Assert.Equal(Describe(GoldenEvents()), Describe(events));
    }

    [Fact]
    public void Frames_give_back_what_was_put_in() => EventGen.Batch.Sample(
        events =>
        {
            var frame = new FrameCodec().Encode(events, Stamp);
            Assert.Equal(RecordState.Whole, FrameHeader.Check(frame.Span));
            var decoded = new EventColumns();
            Assert.True(new FrameCodec().TryDecode(frame.Span, decoded));
            Assert.Equal(Describe(events), Describe(decoded));
        },
        iter: 300);

    [Fact]
    public void A_codec_and_its_columns_can_be_used_again() => Gen.Select(EventGen.Batch, EventGen.Batch).Sample(
        (first, second) =>
        {
            var codec = new FrameCodec();
            var decoded = new EventColumns();
            Assert.True(codec.TryDecode(codec.Encode(first, Stamp).ToArray(), decoded));
            var frame = codec.Encode(second, Stamp).ToArray();
            Assert.Equal(new FrameCodec().Encode(second, Stamp).ToArray(), frame);
            Assert.True(codec.TryDecode(frame, decoded));
            Assert.Equal(Describe(second), Describe(decoded));
        },
        iter: 100);

    [Fact]
    public void Any_flipped_bit_is_noticed()
    {
        var frame = new FrameCodec().Encode(GoldenEvents(), Stamp).ToArray();
        for (var bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            var expected = bit < FrameHeader.Bytes * 8 ? RecordState.HeaderBroken : RecordState.PayloadBroken;
            Assert.Equal(expected, FrameHeader.Check(frame));
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Any_truncation_is_noticed()
    {
        var frame = new FrameCodec().Encode(GoldenEvents(), Stamp).ToArray();
        for (var length = 0; length < frame.Length; length++)
            Assert.NotEqual(RecordState.Whole, FrameHeader.Check(frame.AsSpan(0, length)));
    }

    /// <summary>Payloads with right checksums and wrong content: refused or read, never an exception or a bad
    /// index.</summary>
    [Fact]
    public void Hostile_payloads_can_do_no_more_than_be_refused() =>
        Gen.Select(EventGen.Batch, Gen.Int[0, int.MaxValue], Gen.Byte, Gen.Int[0, 8]).Sample(
            (events, place, value, cut) =>
            {
                var frame = new FrameCodec().Encode(events, Stamp);
                Assert.True(FrameHeader.TryRead(frame.Span, out var header));
                var raw = RawPayload(frame.Span, header);
                raw[place % raw.Length] = value;
                raw = raw[..^Math.Min(cut, raw.Length)];
                var decoded = new EventColumns();
                var whole = new FrameCodec().TryDecode(Reframe(header, raw), decoded);
                // Rating does not keep all of it, and must park the same frames as the archive.
                var rated = new EventColumns();
                Assert.Equal(whole, new FrameCodec().TryDecode(Reframe(header, raw), rated, forRating: true));
                if (!whole) return;
                Assert.Equal(header.EventCount, decoded.Count);
                Describe(decoded);
                Assert.Equal(decoded.Keys.ByteCount == 0 ? 0 : decoded.Data.Count, rated.Data.Count);
            },
            iter: 3_000);

    [Fact]
    public void Unknown_versions_and_kinds_are_not_decoded_but_their_count_is_known()
    {
        var frame = new FrameCodec().Encode(GoldenEvents(), Stamp).ToArray();
        Assert.True(FrameHeader.TryRead(frame, out var header));
        foreach (var strange in new[] { header with { Version = 2 }, header with { Kind = (FrameKind)9 } })
        {
            strange.Write(frame);
            Assert.True(FrameHeader.TryRead(frame, out var read));
            Assert.Equal(header.EventCount, read.EventCount);
            Assert.False(new FrameCodec().TryDecode(frame, new EventColumns()));
        }
    }

    [Fact]
    public void A_frame_without_events_or_with_too_many_bytes_is_refused()
    {
        var events = new EventColumns();
        Assert.Throws<ArgumentException>(() => new FrameCodec().Encode(events, Stamp));
        var customer = events.Customers.Intern(new(1), "c"u8, []);
        var product = events.Products.Intern(new(1), "p"u8, []);
        events.Add(customer, product, 0, 0, 0, 0, [], new byte[FrameLimits.RawBytesMax]);
        Assert.Throws<ArgumentException>(() => new FrameCodec().Encode(events, Stamp));
    }

    static EventColumns GoldenEvents()
    {
        var events = new EventColumns();
        var acme = events.Customers.Intern(new(7), "4096966d-5c1c-4e18-8b47-6a365e3c16ea"u8, "ACME"u8);
        var other = events.Customers.Intern(new(8), "kunde-ü"u8, []);
        var units = events.Products.Intern(new(7), "bb50da07-c686-4688-8550-66305e17aab0"u8, "Units"u8);
        var bytes = events.Products.Intern(new(8), "bytes"u8, []);
        var dollars = events.Assertions.Intern(default, "55899733-32a0-4912-9d2e-a5b0f04dcdb6"u8, "USD"u8);
        events.Add(
            acme, units, dollars, 1_707_123_332_160, 1_707_123_332_200, Quantity.Of(10).Scaled, [],
            """{ "note": "User-specific note" }"""u8);
        events.Add(other, bytes, 0, 1_707_123_332_000, 1_707_123_332_201, -1, "\u0001key-1"u8, []);
        events.Add(
            other, bytes, 0, 1_707_000_000_000, 1_707_123_332_201, Quantity.ScaledLimit - 1, "\u0001k"u8, "{}"u8);
        return events;
    }

    static byte[] RawPayload(ReadOnlySpan<byte> frame, FrameHeader header)
    {
        var stored = frame[FrameHeader.Bytes..];
        if (!header.Compressed) return stored.ToArray();
        var raw = new byte[header.RawBytes];
        Assert.Equal(raw.Length, LZ4Codec.Decode(stored, raw));
        return raw;
    }

    static byte[] Reframe(FrameHeader header, byte[] raw)
    {
        var frame = new byte[FrameHeader.Bytes + raw.Length];
        raw.CopyTo(frame, FrameHeader.Bytes);
        (header with
        {
            Compressed = false,
            PayloadBytes = raw.Length,
            RawBytes = raw.Length,
            PayloadChecksum = XxHash3.HashToUInt64(raw),
        }).Write(frame);
        return frame;
    }

    /// <summary>Every field of every event as text: two batches are the same when their descriptions are.</summary>
    internal static string Describe(EventColumns events)
    {
        var text = new StringBuilder();
        for (var i = 0; i < events.Count; i++)
        {
            Describe(text, events.Customers, events.Customer[i]);
            Describe(text, events.Products, events.Product[i]);
            Describe(text, events.Assertions, events.Assertion[i]);
            text.Append($"{events.TimestampMs[i]}|{events.ReceivedAtMs[i]}|{events.Quantity[i]}|");
            text.Append($"{Convert.ToHexString(events.Keys[i])}|{Convert.ToHexString(events.Data[i])}\n");
        }

        return text.ToString();
    }

    static void Describe(StringBuilder text, NamedTable table, int index)
    {
        text.Append($"{table.Account(index)}/{Encoding.UTF8.GetString(table.Ref(index))}/");
        text.Append($"{Encoding.UTF8.GetString(table.Name(index))}|");
    }
}
