using System.Globalization;
using Received.Model;

namespace Received.Server.Demo;

/// <summary>What an event of the demo is meant to become.</summary>
enum DemoKind : byte
{
    Counted,

    /// <summary>Carries the key of a counted event of its chunk, with another quantity.</summary>
    Conflict,

    /// <summary>Breaks one rule of the front door.</summary>
    Refused,
}

/// <summary>
/// One planned event. <paramref name="Serial"/> is its number in the plan; <paramref name="Original"/> the serial
/// whose key
/// a conflict carries, otherwise its own.
/// </summary>
/// <param name="QuantityScaled">Scaled by 10^12.</param>
readonly record struct DemoEvent(
    long Serial, DemoKind Kind, int Customer, int Product, long TimestampMs, Int128 QuantityScaled, long Original);

/// <summary>
/// A million events that are the same for the same seed, so that any part can be made again when it has to be sent
/// again, and the expected totals can be worked out without the server. Events come in chunks: what is sent as one
/// batch.
/// </summary>
sealed class DemoPlan(long eventCount, DateTimeOffset end, ulong seed)
{
    public const int CustomerCount = 50;
    public const int ChunkSize = 1000;
    public static readonly TimeSpan Span = TimeSpan.FromDays(30);

    const int SingleEvery = 40;
    const int HeaderKeyEvery = 5;
    const int RefusedPerMille = 3;
    const int ConflictsPerMille = 10;

    static readonly (string Ref, string Name, string Unit)[] ProductList =
    [
        ("api-calls", "API calls", "call"),
        ("compute-seconds", "Compute", "second"),
        ("storage-gb-hours", "Storage", "GB hour"),
        ("egress-gb", "Data out", "GB"),
        ("messages", "Messages", "message"),
    ];

    static readonly string[] Names =
    [
        "Northwind Robotics", "Blue Heron Labs", "Kestrel Analytics", "Alpenglow Media", "Fjord Logistics",
        "Sakura Devices", "Tamarind Foods", "Copperfield Bank", "Helios Solar", "Zürich Optik",
    ];

    public long EventCount { get; } = eventCount;

    public int ChunkCount { get; } = (int)((eventCount + ChunkSize - 1) / ChunkSize);

    /// <summary>
    /// Half-open [From, To) of the event times, whole days: so that all runs of a day with one seed are the same.
    /// </summary>
    public DateTimeOffset To { get; } = new(end.UtcDateTime.Date, TimeSpan.Zero);

    public DateTimeOffset From => To - Span;

    public static int ProductCount => ProductList.Length;

    public static string ProductRef(int product) => ProductList[product].Ref;

    public static string ProductName(int product) => ProductList[product].Name;

    public static string Unit(int product) => ProductList[product].Unit;

    /// <summary>A lower-case UUID, as most clients name their customers.</summary>
    public string CustomerRef(int customer)
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, Mix(seed ^ (ulong)(customer + 1)));
        BitConverter.TryWriteBytes(bytes[8..], Mix(~seed ^ (ulong)(customer + 1)));
        return new Guid(bytes).ToString();
    }

    public static string CustomerName(int customer) => customer < Names.Length
        ? Names[customer]
        : $"{Names[customer % Names.Length]} {(customer / Names.Length) + 1}";

    /// <summary>Every so often a chunk is sent as single events.</summary>
    public static bool IsSentSingly(int chunk) => chunk % SingleEvery == SingleEvery / 2;

    /// <summary>Some batches have no keys in their events but an Idempotency-Key header.</summary>
    public static bool HasHeaderKey(int chunk) => chunk % HeaderKeyEvery == 1 && !IsSentSingly(chunk);

    public IEnumerable<DemoEvent> Chunk(int chunk)
    {
        var first = (long)chunk * ChunkSize;
        var last = Math.Min(first + ChunkSize, EventCount);
        var original = -1L;
        for (var serial = first; serial < last; serial++)
        {
            var planned = Plan(serial, original, HasHeaderKey(chunk));
            if (planned.Kind == DemoKind.Counted) original = serial;
            yield return planned;
        }
    }

    /// <summary>Sum (scaled by 10^12) and count that the server must have for each customer and product.</summary>
    public (Int128 Sum, long Count)[,] Expected()
    {
        var totals = new (Int128 Sum, long Count)[CustomerCount, ProductCount];
        for (var chunk = 0; chunk < ChunkCount; chunk++)
        {
            foreach (var planned in Chunk(chunk).Where(planned => planned.Kind == DemoKind.Counted))
            {
                ref var total = ref totals[planned.Customer, planned.Product];
                total = (total.Sum + planned.QuantityScaled, total.Count + 1);
            }
        }

        return totals;
    }

    public static string SerialText(long serial) => serial.ToString(CultureInfo.InvariantCulture);

    DemoEvent Plan(long serial, long original, bool headerKey)
    {
        var random = Mix(seed + (ulong)serial);
        var dice = (int)(random % 1000);
        var kind = dice < RefusedPerMille ? DemoKind.Refused
            : dice < RefusedPerMille + ConflictsPerMille && original >= 0 && !headerKey ? DemoKind.Conflict
            : DemoKind.Counted;
        if (kind == DemoKind.Conflict)
        {
            var first = Plan(original, -1, headerKey);
            return first with
            {
                Serial = serial,
                Kind = kind,
                QuantityScaled = first.QuantityScaled + Quantity.Of(1).Scaled,
                Original = original,
            };
        }

        var more = Mix(random);
        var place = Mix(more);
        return new(
            serial, kind, Customer(more), (int)((more >> 40) % (ulong)ProductCount),
            To.ToUnixTimeMilliseconds() - 1 - (long)(place % (ulong)Span.TotalMilliseconds),
            QuantityOf((int)((more >> 40) % (ulong)ProductCount), place >> 20), serial);
    }

    // A few customers make most of the usage, as everywhere: the square of a uniform draw leans to the front.
    static int Customer(ulong random)
    {
        var draw = random % 1000;
        return (int)(draw * draw * CustomerCount / 1_000_000);
    }

    // Whole calls and messages; seconds and gigabytes to the thousandth.
    static Int128 QuantityOf(int product, ulong random) => ProductList[product].Unit is "call" or "message"
        ? Quantity.Of(1 + (long)(random % 500)).Scaled
        : (Int128)(1 + (long)(random % 250_000)) * (Quantity.Scale / 1000);

    /// <summary>splitmix64: all that a reproducible plan needs.</summary>
    static ulong Mix(ulong value)
    {
        unchecked
        {
            value += 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
