using System.Globalization;
using System.Text;

namespace Received.Bench.Scan;

/// <summary>
/// Many different bodies of the API's documented event, about 390 bytes each: repeating one body would flatter
/// branch prediction and LZ4.
/// </summary>
static class ScanBodies
{
    public const int Count = 64;
    public const int EventsEach = 1000;
    public const long NowMs = 1_707_123_332_160;

    const int Customers = 1000;

    static readonly string[] Products = ["api-calls", "compute-seconds", "storage-gb-hours", "egress-gb", "messages"];

    public static byte[][] Make(bool indented = false, bool shuffled = false)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, Count).Select(_ => Body(random, indented, shuffled))];
    }

    static byte[] Body(Random random, bool indented, bool shuffled)
    {
        var glue = indented ? ",\n  " : ", ";
        var open = indented ? "{\n  " : "{";
        var close = indented ? "\n}" : "}";
        var text = new StringBuilder("[");
        for (var i = 0; i < EventsEach; i++)
        {
            var members = Members(random);
            if (shuffled) random.Shuffle(members);
            if (i > 0) text.Append(indented ? ",\n" : ",");
            text.Append(open).AppendJoin(glue, members).Append(close);
        }

        return Encoding.UTF8.GetBytes(text.Append(']').ToString());
    }

    static string[] Members(Random random)
    {
        var draw = random.NextDouble();
        var customer = (int)(draw * draw * Customers);
        var timestamp = DateTimeOffset.FromUnixTimeMilliseconds(NowMs - random.Next(3_600_000))
            .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        return
        [
            $"\"timestamp\": \"{timestamp}\"",
            $"\"customer_ref\": \"4096966d-5c1c-4e18-8b47-{customer:x12}\"",
            $"\"customer_name\": \"Customer {customer}\"",
            $"\"usage_product_ref\": \"{Products[random.Next(Products.Length)]}\"",
            "\"usage_product_name\": \"Units\"",
            $"\"quantity\": {random.Next(1, 1000)}",
            $"\"additional_report_data\": {{\"note\": \"request {random.Next()} of a run\"}}",
            "\"validations\": {\"currency\": \"USD\", \"entity_ref\": \"55899733-32a0-4912-9d2e-a5b0f04dcdb6\"}",
        ];
    }
}
