using System.Globalization;
using System.Text;

namespace Received.Bench.Load;

/// <summary>
/// Prepared requests, a few hundred different ones: repeating one body would flatter branch prediction and LZ4. A
/// keyed request
/// has holes that are filled with a counter before each sending, so that no key is ever sent twice.
/// </summary>
sealed class LoadBodies
{
    const int EventsPrepared = 200_000;
    const int BodiesMin = 16;
    const string KeyHole = "00000000000000000000";

    static readonly string[] Products = ["api-calls", "compute-seconds", "storage-gb-hours", "egress-gb", "messages"];

    readonly byte[][] _requests;
    readonly int[][] _holes;

    public LoadBodies(LoadOptions options, long nowMs)
    {
        var random = new Random(1);
        var count = Math.Max(BodiesMin, Math.Min(512, EventsPrepared / options.Batch));
        _requests = new byte[count][];
        _holes = new int[count][];
        for (var i = 0; i < count; i++)
        {
            _requests[i] = Request(options, Body(options, random, nowMs));
            _holes[i] = options.Keyed ? Holes(_requests[i]) : [];
        }
    }

    public int Count => _requests.Length;

    /// <summary>Copies a request into the connection's buffer, which must fit the largest one.</summary>
    public int Fill(int index, byte[] target, ref long nextKey)
    {
        var request = _requests[index % Count];
        request.CopyTo(target, 0);
        foreach (var hole in _holes[index % Count])
            nextKey++.TryFormat(target.AsSpan(hole, KeyHole.Length), out _, "D20", CultureInfo.InvariantCulture);
        return request.Length;
    }

    public int BytesMax => _requests.Max(request => request.Length);

    static string Body(LoadOptions options, Random random, long nowMs)
    {
        var text = new StringBuilder();
        if (options.Batch > 1) text.Append('[');
        for (var i = 0; i < options.Batch; i++)
        {
            if (i > 0) text.Append(',');
            Event(text, options, random, nowMs);
        }

        if (options.Batch > 1) text.Append(']');
        return text.ToString();
    }

    static void Event(StringBuilder text, LoadOptions options, Random random, long nowMs)
    {
        var draw = random.NextDouble();
        var customer = (int)(draw * draw * options.Customers);
        var product = Products[random.Next(Products.Length)];
        var at = DateTimeOffset.FromUnixTimeMilliseconds(nowMs - random.Next(3_600_000));
        var timestamp = at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        text.Append($"{{\"timestamp\": \"{timestamp}\", ");
        text.Append($"\"customer_ref\": \"4096966d-5c1c-4e18-8b47-{customer:x12}\", ");
        text.Append($"\"customer_name\": \"Customer {customer}\", ");
        text.Append($"\"usage_product_ref\": \"{product}\", \"usage_product_name\": \"Units\", ");
        text.Append($"\"quantity\": {random.Next(1, 1000)}, ");
        text.Append($"\"additional_report_data\": {{\"note\": \"request {random.Next()} of a run\"}}");
        if (options.Keyed) text.Append($", \"idempotency_key\": \"{KeyHole}\"");
        text.Append('}');
    }

    static byte[] Request(LoadOptions options, string body)
    {
        var path = options.Batch > 1 ? "/api/usage/events" : "/api/usage/event";
        var bytes = Encoding.UTF8.GetBytes(body);
        var head = Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {options.Url.Authority}\r\nAuthorization: Bearer {options.Key}\r\n" +
            $"Content-Type: application/json\r\nContent-Length: {bytes.Length}\r\n\r\n");
        return [.. head, .. bytes];
    }

    static int[] Holes(byte[] request)
    {
        var holes = new List<int>();
        var hole = Encoding.ASCII.GetBytes(KeyHole);
        for (var at = request.AsSpan().IndexOf(hole); at >= 0;)
        {
            holes.Add(at);
            var next = request.AsSpan(at + hole.Length).IndexOf(hole);
            at = next < 0 ? -1 : at + hole.Length + next;
        }

        return [.. holes];
    }
}
