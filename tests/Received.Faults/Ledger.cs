using System.Collections.Concurrent;
using System.Globalization;
using Received.Model;
using Received.Server.Demo;
using Xunit;

namespace Received.Faults;

/// <summary>What the clients know about an event: told apart from all others by its serial number.</summary>
sealed record SentEvent(long Serial, bool Keyed, string Customer, string Product, long Quantity)
{
    volatile bool _acknowledged;

    public bool Acknowledged
    {
        get => _acknowledged;
        set => _acknowledged = value;
    }
}

/// <summary>
/// The checker: remembers every event that was sent, and compares it with what the server shows. Acknowledged and
/// keyed ones count once, unanswered unkeyed ones at most once, and every total is the sum of just those.
/// </summary>
sealed class Ledger
{
    readonly ConcurrentDictionary<long, SentEvent> _sent = new();
    readonly string _timestamp = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
    long _nextSerial;

    public int SentCount => _sent.Count;

    public int AcknowledgedCount => _sent.Values.Count(item => item.Acknowledged);

    public SentEvent Next(bool keyed)
    {
        var serial = Interlocked.Increment(ref _nextSerial);
        var sent = new SentEvent(serial, keyed, $"customer-{serial % 13}", $"product-{serial % 3}", 1 + (serial % 7));
        _sent[serial] = sent;
        return sent;
    }

    public string Json(SentEvent sent)
    {
        var key = sent.Keyed ? $", \"idempotency_key\": \"k-{sent.Serial}\"" : "";
        return $"{{\"timestamp\": \"{_timestamp}\", \"customer_ref\": \"{sent.Customer}\", " +
            $"\"usage_product_ref\": \"{sent.Product}\", \"quantity\": {sent.Quantity}, " +
            $"\"additional_report_data\": {{\"serial\": {sent.Serial}}}{key}}}";
    }

    public string Lines(IEnumerable<SentEvent> batch) => string.Join('\n', batch.Select(Json));

    /// <summary>Waits until all that is in the log is rated and archived; the audit then.</summary>
    public static async Task<ReadAudit> SettleAsync(UsageReader reader)
    {
        var limit = DateTime.UtcNow.AddMinutes(1.5);
        var audit = await reader.AuditAsync(default);
        while ((audit.Balanced != true || !audit.CaughtUp) && DateTime.UtcNow < limit)
        {
            await Task.Delay(200);
            audit = await reader.AuditAsync(default);
        }

        return audit;
    }

    /// <summary>Reads all events and totals and compares them with what was sent.</summary>
    public async Task CheckAsync(UsageReader reader)
    {
        var audit = await SettleAsync(reader);
        Assert.True(audit is { Balanced: true, CaughtUp: true }, audit.ToString());
        var counted = new Dictionary<long, int>();
        await foreach (var item in reader.PagesAsync("/api/usage/events?limit=1000", default))
        {
            var serial = item.GetProperty("additional_report_data").GetProperty("serial").GetInt64();
            Assert.True(_sent.ContainsKey(serial), $"nobody sent event {serial}");
            var fate = item.GetProperty("fate").GetString();
            Assert.True(fate is "counted" or "duplicate", $"event {serial} is {fate}");
            if (fate == "counted") counted[serial] = counted.GetValueOrDefault(serial) + 1;
        }

        foreach (var sent in _sent.Values)
        {
            var times = counted.GetValueOrDefault(sent.Serial);
            Assert.True(sent.Acknowledged ? times == 1 : times <= 1, $"{sent} counted {times} times");
        }

        await CheckTotalsAsync(reader, counted.Keys);
    }

    async Task CheckTotalsAsync(UsageReader reader, IEnumerable<long> countedSerials)
    {
        var expected = countedSerials.Select(serial => _sent[serial])
            .GroupBy(sent => (sent.Customer, sent.Product))
            .ToDictionary(
                group => group.Key, group => (Sum: group.Sum(sent => sent.Quantity), Count: group.LongCount()));
        var from = DateTime.UtcNow.Date.AddDays(-2).ToString("yyyy-MM-dd'T'00:00:00'Z'", CultureInfo.InvariantCulture);
        var to = DateTime.UtcNow.Date.AddDays(2).ToString("yyyy-MM-dd'T'00:00:00'Z'", CultureInfo.InvariantCulture);
        var totals = await reader.TotalsAsync($"from={from}&to={to}&group=total&limit=1000", default);
        Assert.Equal(expected.Count, totals.Count);
        foreach (var total in totals)
        {
            var (sum, count) = expected[(total.CustomerRef, total.ProductRef)];
            Assert.Equal(Quantity.Of(sum).Scaled, total.Sum);
            Assert.Equal(count, total.Count);
        }
    }
}
