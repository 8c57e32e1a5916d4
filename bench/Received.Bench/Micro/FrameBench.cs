using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Received.Bench.Ordinary;
using Received.Log;
using Received.Model;

namespace Received.Bench.Micro;

/// <summary>
/// Frames of a thousand events, each one different: repeating one frame flatters LZ4. Beside them JSON Lines under
/// gzip, the ordinary way to store a batch.
/// </summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public class FrameBench
{
    const int Frames = 64;
    const int EventsPerFrame = 1000;

    readonly FrameCodec _codec = new();
    readonly EventColumns _decoded = new();
    EventColumns[] _events = [];
    byte[][] _frames = [];
    List<EventDto>[] _dtos = [];
    byte[][] _packed = [];
    int _next;

    [GlobalSetup]
    public void Prepare()
    {
        var random = new Random(1);
        _events = [.. Enumerable.Range(0, Frames).Select(_ => Batch(random))];
        _dtos = [.. Enumerable.Range(0, Frames).Select(_ => Dtos(random))];
        _packed = [.. _dtos.Select(Pack)];
        _frames = [.. _events.Select(events => _codec.Encode(events, new(new(0), 1, 1, 0)).ToArray())];
    }

    [BenchmarkCategory("encode"), Benchmark(OperationsPerInvoke = EventsPerFrame)]
    public int Encode() => _codec.Encode(_events[_next++ % Frames], new(new(0), 1, 1, 0)).Length;

    [BenchmarkCategory("decode"), Benchmark(OperationsPerInvoke = EventsPerFrame)]
    public bool Decode() => _codec.TryDecode(_frames[_next++ % Frames], _decoded);

    [BenchmarkCategory("encode"), Benchmark(Baseline = true, OperationsPerInvoke = EventsPerFrame)]
    public int JsonAndGzip() => Pack(_dtos[_next++ % Frames]).Length;

    [BenchmarkCategory("decode"), Benchmark(Baseline = true, OperationsPerInvoke = EventsPerFrame)]
    public int GzipAndJson()
    {
        using var gzip = new GZipStream(new MemoryStream(_packed[_next++ % Frames]), CompressionMode.Decompress);
        return JsonSerializer.Deserialize(gzip, EventJson.Default.ListEventDto)!.Count;
    }

    static byte[] Pack(List<EventDto> events)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            JsonSerializer.Serialize(gzip, events, EventJson.Default.ListEventDto);
        return packed.ToArray();
    }

    static List<EventDto> Dtos(Random random) => [.. Enumerable.Range(0, EventsPerFrame).Select(_ => new EventDto(
        DateTimeOffset.FromUnixTimeMilliseconds(1_707_123_332_160 + random.Next(3_600_000)),
        $"4096966d-5c1c-4e18-8b47-{random.Next(1000):x12}", "A customer", $"product-{random.Next(5)}", "Units",
        random.Next(1, 1000), JsonSerializer.SerializeToElement(new { note = $"request {random.Next()} of a run" }),
        null, null))];

    static EventColumns Batch(Random random)
    {
        var events = new EventColumns();
        for (var i = 0; i < EventsPerFrame; i++)
        {
            var customer = Utf8($"4096966d-5c1c-4e18-8b47-{random.Next(1000):x12}");
            events.Add(
                events.Customers.Intern(new(1), customer, "A customer"u8),
                events.Products.Intern(new(1), Utf8($"product-{random.Next(5)}"), "Units"u8), 0,
                1_707_123_332_160 + random.Next(3_600_000), 1_707_123_332_160, Quantity.Of(random.Next(1, 1000)).Scaled,
                [], Utf8($"{{\"note\": \"request {random.Next()} of a run\"}}"));
        }

        return events;
    }

    static byte[] Utf8(FormattableString text) => Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture));
}
