using System.Text;
using Received.Log;
using Received.Model;
using Received.Tests.Rating.Fakes;

namespace Received.Tests.Rating;

/// <summary>
/// A random log of one partition: few customers, products, keys and instants, so that everything collides; frames that
/// are broken, unknown, or there twice; log time that jumps past the dedupe window.
/// </summary>
sealed class History
{
    public const long StartMs = 1_700_000_000_000;
    public static readonly TimeSpan DedupeWindow = TimeSpan.FromHours(2);
    public static readonly PartitionId Partition = new(0);

    static readonly string[] Refs = ["a", "kunde-ü", "4096966d-5c1c-4e18-8b47-6a365e3c16ea"];
    static readonly string[] Names = ["", "", "ACME", "Acme \"2\""];

    // Where 64 bits end, and where quantities do.
    static readonly Int128[] Edges =
    [
        Quantity.ScaledLimit - 1, 1 - Quantity.ScaledLimit, long.MaxValue, (Int128)long.MaxValue + 1, long.MinValue,
        (Int128)long.MinValue - 1, Int128.One << 64,
    ];

    readonly Random _random;
    readonly FrameCodec _codec = new();
    readonly List<byte[]> _sent = [];
    readonly long[] _numbers = new long[2];
    long _timeMs = StartMs;

    public History(int seed, int frames)
    {
        _random = new(seed);
        for (var i = 0; i < frames; i++) Add();
    }

    public ScriptedLog Log { get; } = new(1, DedupeWindow);

    void Add()
    {
        var roll = _random.Next(100);
        if (roll < 8 && _sent.Count > 0)
        {
            Log.Append(Partition, _sent[_random.Next(_sent.Count)]);
            return;
        }

        var frame = Frame();
        if (roll < 12) Log.Append(Partition, frame, RecordState.PayloadBroken);
        else if (roll < 15) Log.Append(Partition, frame, RecordState.HeaderBroken);
        else if (roll < 18) Log.Append(Partition, OfVersion(frame, 9));
        else if (roll < 20) Log.Append(Partition, Undecodable(frame));
        else
        {
            Log.Append(Partition, frame);
            _sent.Add(frame);
        }
    }

    byte[] Frame()
    {
        var events = new EventColumns();
        var count = _random.Next(1, 12);
        for (var i = 0; i < count; i++) AddEvent(events);
        _timeMs += _random.Next(10) == 0 ? _random.Next(5_000_000) : _random.Next(-2_000, 5_000);
        var producer = _random.Next(2);
        // Now and then a gap, and numbers that arrive late.
        _numbers[producer] += _random.Next(6) == 0 ? _random.Next(-70, 90) : 1;
        return _codec.Encode(events, new(Partition, (ulong)producer + 7, _numbers[producer], _timeMs)).ToArray();
    }

    void AddEvent(EventColumns events)
    {
        var account = new AccountId((uint)_random.Next(1, 3));
        var customer = events.Customers.Intern(account, Utf8(Pick(Refs)), Utf8(Pick(Names)));
        var product = events.Products.Intern(account, Utf8(Pick(Refs)), Utf8(Pick(Names)));
        var assertion = _random.Next(3) == 0 ? events.Assertions.Intern(default, Utf8(Pick(Names)), "USD"u8) : 0;
        var quantity = _random.Next(6) == 0
            ? Edges[_random.Next(Edges.Length)]
            : Quantity.Of(_random.Next(-2, 3)).Scaled;
        byte[] key = _random.Next(3) == 0 ? [] : [KeyKind.Own, (byte)_random.Next(40)];
        events.Add(
            customer, product, assertion, TimestampMs(), _timeMs, quantity, key,
            _random.Next(4) == 0 ? "{}"u8 : []);
    }

    /// <summary>Mostly of three windows, now and then hours before them, or before 1970.</summary>
    long TimestampMs()
    {
        var fromMs = _random.Next(8) switch
        {
            0 => StartMs - (_random.Next(4) * 8 * UsageWindow.LengthMs),
            1 => -1_000_000,
            _ => StartMs,
        };
        return fromMs + (_random.Next(6) * 400_000L);
    }

    /// <summary>A sound header, with its own checksum, of a version that this program does not know.</summary>
    static byte[] OfVersion(byte[] frame, byte version)
    {
        FrameHeader.TryRead(frame, out var header);
        (header with { Version = version }).Write(frame);
        return frame;
    }

    /// <summary>All checksums match, and yet the payload is not what the format allows.</summary>
    static byte[] Undecodable(byte[] frame)
    {
        FrameHeader.TryRead(frame, out var header);
        (header with { EventCount = header.EventCount + 1 }).Write(frame);
        return frame;
    }

    string Pick(string[] from) => from[_random.Next(from.Length)];

    static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
