using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Received.Bench.Load;

/// <summary>
/// Prepared requests of events as the usage API's page has them, about 390 bytes each; many different ones for each
/// connection: repeating one body would flatter branch prediction and LZ4.
/// </summary>
sealed class LoadBodies
{
    const int EventsPrepared = 200_000;
    const int SinglesPrepared = 32_768;
    const int RequestsMin = 2;
    const int HoursBack = 1;

    const int ProductCount = 5;

    static readonly string KeyHole = new('0', LoadRequest.KeyDigits);

    readonly LoadShape _shape;
    readonly string _key;
    readonly DateTimeOffset _now;
    readonly Random _random = new(1);
    readonly StringBuilder _text = new();
    readonly List<int> _holes = [];

    /// <param name="key">The API key that the requests show.</param>
    public LoadBodies(LoadShape shape, string key, DateTimeOffset now)
    {
        _shape = shape;
        _key = key;
        _now = now;
        var all = shape.Batch == 1 ? SinglesPrepared : EventsPrepared / shape.Batch;
        var each = Math.Max(RequestsMin, all / shape.Connections);
        Requests = [.. Enumerable.Range(0, shape.Connections)
            .Select(_ => Enumerable.Range(0, each).Select(_ => Make()).ToArray())];
    }

    /// <summary>By connection.</summary>
    public IReadOnlyList<LoadRequest[]> Requests { get; }

    /// <summary>The same, of some connections only.</summary>
    public IReadOnlyList<LoadRequest[]> Of(int connections) => [.. Requests.Take(connections)];

    public double BytesPerEvent => (double)Requests.Sum(own => own.Sum(request => (long)request.Bytes.Length))
        / Requests.Sum(own => own.Sum(request => (long)request.Events));

    /// <summary>The events' own times: all of them lie from here on, up to the making of the bodies.</summary>
    public DateTimeOffset From => _now.AddHours(-HoursBack);

    /// <summary>What all sendings that were answered with 200 add up to.</summary>
    public LoadTotals Acknowledged()
    {
        var totals = new LoadTotals();
        foreach (var request in Requests.SelectMany(own => own)) request.AddTo(totals);
        return totals;
    }

    LoadRequest Make()
    {
        _text.Clear();
        _holes.Clear();
        var events = new LoadEvent[_shape.Batch];
        var isArray = _shape.Batch > 1 && !_shape.Lines;
        if (isArray) _text.Append('[');
        for (var i = 0; i < events.Length; i++)
        {
            if (i > 0) _text.Append(isArray ? ',' : '\n');
            events[i] = WriteEvent();
        }

        if (isArray) _text.Append(']');
        var body = Encoding.UTF8.GetBytes(_text.ToString());
        if (_shape.Gzip) body = Pack(body);
        var head = Encoding.ASCII.GetBytes(
            $"POST {(_shape.Batch > 1 ? "/api/usage/events" : "/api/usage/event")} HTTP/1.1\r\nHost: bench\r\n"
            + $"Authorization: Bearer {_key}\r\n{(_shape.Gzip ? "Content-Encoding: gzip\r\n" : "")}"
            + $"Content-Type: application/{(_shape.Lines ? "x-ndjson" : "json")}\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n");
        return new([.. head, .. body], [.. _holes.Select(at => head.Length + at)], events);
    }

    LoadEvent WriteEvent()
    {
        var draw = _random.NextDouble();
        var customer = (int)(draw * draw * _shape.Customers);
        var product = $"bb50da07-c686-4688-8550-66305e17a{_random.Next(ProductCount):x3}";
        var hundredths = _random.Next(4) > 0 ? _random.Next(1, 1000) * 100 : _random.Next(1, 100_000);
        var at = _now.AddMilliseconds(-_random.Next(HoursBack * 3_600_000));
        var timestamp = at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        _text.Append(CultureInfo.InvariantCulture,
            $"{{\"timestamp\": \"{timestamp}\", \"customer_ref\": \"{LoadEvent.CustomerRef(customer)}\", ");
        _text.Append(CultureInfo.InvariantCulture,
            $"\"customer_name\": \"Customer {customer}\", \"usage_product_ref\": \"{product}\", ");
        _text.Append(CultureInfo.InvariantCulture,
            $"\"usage_product_name\": \"Units\", \"quantity\": {hundredths / 100m:0.##}, ");
        _text.Append(CultureInfo.InvariantCulture,
            $"\"additional_report_data\": {{\"note\": \"request {_random.Next()} of a run\"}}, ");
        _text.Append(
            "\"validations\": {\"currency\": \"USD\", \"entity_ref\": \"55899733-32a0-4912-9d2e-a5b0f04dcdb6\"}");
        if (_random.NextDouble() < _shape.Keyed)
        {
            _text.Append(", \"idempotency_key\": \"order-");
            // All of it is ASCII, so characters are bytes.
            _holes.Add(_text.Length);
            _text.Append(KeyHole).Append('"');
        }

        _text.Append('}');
        return new(customer, product, hundredths);
    }

    static byte[] Pack(byte[] body)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(body);
        return packed.ToArray();
    }
}
