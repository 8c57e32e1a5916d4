using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Segments;
using Received.Model;

namespace Received.Bench.Replay;

/// <summary>A stored log of made-up events: five products, skewed customers, times that go on with the log.</summary>
sealed class ReplayLog(ReplayOptions options, SegmentLog log)
{
    const ulong Producer = 1;
    const int UnderWayMax = 64;
    const int ProductCount = 5;

    readonly FrameCodec _codec = new();
    readonly Random _random = new(1);
    readonly EventColumns[] _open =
        [.. Enumerable.Range(0, log.Identity.PartitionCount).Select(_ => new EventColumns())];
    readonly Queue<Task> _underWay = new();
    readonly long _startMs = DateTimeOffset.Parse("2026-01-01T00:00:00Z", CultureInfo.InvariantCulture)
        .ToUnixTimeMilliseconds();
    long _number;

    public static async Task<SegmentLog> WriteAsync(ReplayOptions options, string folder)
    {
        var log = await SegmentLog.StartAsync(
            new() { Folder = folder }, new DiskFiles(), TimeProvider.System, NullLogger.Instance);
        await new ReplayLog(options, log).WriteAsync();
        return log;
    }

    async Task WriteAsync()
    {
        var customers = Enumerable.Range(0, options.Customers)
            .Select(i => Utf8($"4096966d-5c1c-4e18-8b47-{i:x12}")).ToArray();
        var partitions = customers
            .Select(customer => Partitioning.Of(new(1), customer, _open.Length)).ToArray();
        for (var i = 0; i < options.Events; i++)
        {
            // The square skews: a quarter of the customers has half of the events.
            var customer = (int)(Math.Pow(_random.NextDouble(), 2) * customers.Length);
            var timeMs = _startMs + (options.Hours * 3_600_000L * i / options.Events);
            var partition = partitions[customer];
            var events = _open[partition.Value];
            Add(events, customers[customer], timeMs, i);
            if (events.Count == options.Frame) await SealAsync(partition, timeMs);
        }

        for (var p = 0; p < _open.Length; p++)
        {
            if (_open[p].Count > 0)
                await SealAsync(new((ushort)p), _startMs + (options.Hours * 3_600_000L));
        }

        await Task.WhenAll(_underWay);
    }

    void Add(EventColumns events, byte[] customer, long timeMs, int number) => events.Add(
        events.Customers.Intern(new(1), customer, "A customer"u8),
        events.Products.Intern(new(1), Utf8($"product-{_random.Next(ProductCount)}"), "Units"u8), 0,
        timeMs - _random.Next(options.SpreadMinutes * 60_000), timeMs, Quantity.Of(_random.Next(1, 1000)).Scaled,
        options.Keyed ? [KeyKind.Own, .. Utf8($"order-{number:x8}-{_random.Next():x8}")] : [],
        Utf8($"{{\"request\": \"{_random.Next():x8}\", \"region\": \"eu-{_random.Next(4)}\"}}"));

    async Task SealAsync(PartitionId partition, long timeMs)
    {
        var events = _open[partition.Value];
        var frame = _codec.Encode(events, new(partition, Producer + partition.Value, ++_number, timeMs)).ToArray();
        events.Clear();
        _underWay.Enqueue(log.AppendAsync(partition, frame));
        if (_underWay.Count > UnderWayMax) await _underWay.Dequeue();
    }

    static byte[] Utf8(FormattableString text) => Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture));
}
