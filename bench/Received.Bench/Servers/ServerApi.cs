using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Received.Model;
using Received.Server.Demo;

namespace Received.Bench.Servers;

/// <summary>A server's HTTP door, as its clients have it: metrics, totals, the audit.</summary>
sealed class ServerApi : IDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly HttpClient _http;
    readonly TimeProvider _time;

    public ServerApi(Uri url, string key, TimeProvider time)
    {
        _time = time;
        _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = url };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public async Task<ServerReading> ReadAsync() => new(await _http.GetStringAsync("/metrics"));

    /// <summary>Looks until something holds. The time from the call on, and the reading that held.</summary>
    /// <param name="progress">A figure that may stand still for a minute at most.</param>
    /// <exception cref="BenchException">It stands still.</exception>
    public async Task<(TimeSpan Waited, ServerReading Reading)> WaitAsync(
        string what, Func<ServerReading, long> progress, long enough)
    {
        var started = _time.GetTimestamp();
        var (last, lastAt) = (-1L, started);
        while (true)
        {
            var reading = await ReadAsync();
            var now = progress(reading);
            if (now >= enough) return (_time.GetElapsedTime(started), reading);
            if (now > last) (last, lastAt) = (now, _time.GetTimestamp());
            if (_time.GetElapsedTime(lastAt) > Patience)
                throw new BenchException($"{what} has stood at {now:N0} of {enough:N0} for a minute.");
            await Task.Delay(Look, _time);
        }
    }

    /// <summary>The status of a single event's answer; null where nobody answers.</summary>
    public async Task<HttpStatusCode?> ReportAsync(string json)
    {
        try
        {
            using var content = new StringContent(json, Encoding.UTF8, "application/json");
            using var answer = await _http.PostAsync("/api/usage/event", content);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>By customer and product, of events in the windows from a time on.</summary>
    public async Task<List<ReadTotal>> TotalsAsync(DateTimeOffset from)
    {
        var totals = new List<ReadTotal>();
        var fromMs = UsageWindow.StartMs(UsageWindow.Of(from.ToUnixTimeMilliseconds()));
        var toMs = UsageWindow.StartMs(UsageWindow.Of(_time.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds()));
        var path = $"/api/usage/totals?group=total&limit=10000&from={Text(fromMs)}&to={Text(toMs)}";
        for (string? cursor = "", page = path; cursor is not null; page = $"{path}&cursor={cursor}")
        {
            using var json = JsonDocument.Parse(await _http.GetByteArrayAsync(page));
            totals.AddRange(json.RootElement.GetProperty("items").EnumerateArray().Select(ToTotal));
            cursor = json.RootElement.TryGetProperty("next_cursor", out var next) && next.GetString() is { } text
                ? Uri.EscapeDataString(text)
                : null;
        }

        return totals;
    }

    /// <summary>Law 3 as the server tells it; needs the scope admin.</summary>
    public async Task<(bool? Balanced, long Accepted, long Counted)> AuditAsync()
    {
        using var json = JsonDocument.Parse(await _http.GetByteArrayAsync("/api/audit"));
        var total = json.RootElement.GetProperty("total");
        return (
            json.RootElement.TryGetProperty("balanced", out var balanced) ? balanced.GetBoolean() : null,
            total.GetProperty("accepted").GetInt64(), total.GetProperty("counted").GetInt64());
    }

    public void Dispose() => _http.Dispose();

    static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms)
        .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    static ReadTotal ToTotal(JsonElement item) => new(
        "", item.GetProperty("customer_ref").GetString()!, item.GetProperty("usage_product_ref").GetString()!,
        Scaled(item.GetProperty("quantity").GetString()!), item.GetProperty("count").GetInt64());

    /// <summary>A sum may be larger than a quantity may be.</summary>
    static Int128 Scaled(string quantity)
    {
        var parts = quantity.Split('.');
        var digits = parts.Length > 1 ? parts[1] : "";
        return Int128.Parse(parts[0] + digits.PadRight(12, '0'), CultureInfo.InvariantCulture);
    }
}
