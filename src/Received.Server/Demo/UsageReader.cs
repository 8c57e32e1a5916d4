using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Received.Model;
using Received.Server.Api;
using Received.Server.Cli;
using Received.Server.Hosting;

namespace Received.Server.Demo;

/// <summary>A total as the read API gave it. The sum is scaled by 10^12.</summary>
readonly record struct ReadTotal(string Start, string CustomerRef, string ProductRef, Int128 Sum, long Count);

/// <summary>Law 3's figures as the read API gave them.</summary>
/// <param name="CaughtUp">Everything in the log was rated when it was read, and all that was rated archived.</param>
readonly record struct ReadAudit(
    bool? Balanced, bool CaughtUp, long Accepted, long Counted, long Duplicate, long Conflict, long Parked,
    long UnknownFrames);

/// <summary>Reads totals, events and the audit over HTTP, as a finance tool would, with the operator's token.</summary>
sealed class UsageReader(HttpClient http, string data, string account)
{
    public async Task<ReadAudit> AuditAsync(CancellationToken cancellation)
    {
        using var json = await GetAsync("/api/audit", cancellation);
        var total = json.RootElement.GetProperty("total");
        long Figure(string name) => total.GetProperty(name).GetInt64();
        return new(
            json.RootElement.TryGetProperty("balanced", out var balanced) ? balanced.GetBoolean() : null,
            json.RootElement.GetProperty("caught_up").GetBoolean() && IsArchived(json.RootElement),
            Figure("accepted"), Figure("counted"), Figure("duplicate"), Figure("conflict"),
            total.GetProperty("parked").EnumerateObject().Sum(reason => reason.Value.GetInt64()),
            Figure("unknown_frames"));
    }

    static bool IsArchived(JsonElement audit) => audit.GetProperty("partitions").EnumerateArray().All(
        part => part.GetProperty("archived").GetInt64() >= part.GetProperty("offset").GetInt64());

    public async Task<List<ReadTotal>> TotalsAsync(string query, CancellationToken cancellation)
    {
        var totals = new List<ReadTotal>();
        await foreach (var item in PagesAsync($"/api/usage/totals?{query}", cancellation))
        {
            var quantity = Encoding.ASCII.GetBytes(item.GetProperty("quantity").GetString() ?? "");
            if (!TryReadSum(quantity, out var sum)) throw new CommandException("A total is no number: " + item);
            totals.Add(new(
                item.GetProperty("start").GetString() ?? "", item.GetProperty("customer_ref").GetString() ?? "",
                item.GetProperty("usage_product_ref").GetString() ?? "", sum, item.GetProperty("count").GetInt64()));
        }

        return totals;
    }

    /// <summary>An answer as it is, to a file.</summary>
    public async Task CopyAsync(string path, string file, CancellationToken cancellation)
    {
        using var answer = await SendAsync(path, cancellation);
        await using var target = File.Create(file);
        await answer.Content.CopyToAsync(target, cancellation);
    }

    /// <summary>All items of all pages; each one is valid until the next.</summary>
    public async IAsyncEnumerable<JsonElement> PagesAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? cursor = null;
        do
        {
            var page = cursor is null ? path : $"{path}&cursor={Uri.EscapeDataString(cursor)}";
            using var json = await GetAsync(page, cancellation);
            foreach (var item in json.RootElement.GetProperty("items").EnumerateArray()) yield return item;
            cursor = json.RootElement.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
    }

    async Task<JsonDocument> GetAsync(string path, CancellationToken cancellation)
    {
        using var answer = await SendAsync(path, cancellation);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation));
    }

    async Task<HttpResponseMessage> SendAsync(string path, CancellationToken cancellation)
    {
        // Read each time: a server that was started again has another token.
        var token = ServerFile.ReadAll(data).FirstOrDefault(file => new Uri(file.Url) == http.BaseAddress)?.ControlToken
            ?? throw new CommandException("The server left no file in its data folder.");
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add(Callers.AccountHeader, Uri.EscapeDataString(account));
        var answer = await http.SendAsync(request, cancellation);
        if (answer.IsSuccessStatusCode) return answer;
        using (answer)
            throw new CommandException(
                $"{path} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellation)}");
    }

    // A sum may be larger than a single quantity may be: whole and fraction are read apart.
    static bool TryReadSum(ReadOnlySpan<byte> text, out Int128 scaled)
    {
        scaled = 0;
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        if (!Int128.TryParse(whole, out var units)) return false;
        var part = Quantity.TryParse("0"u8, out var fraction);
        if (point >= 0) part = Quantity.TryParse([(byte)'0', .. text[point..]], out fraction);
        scaled = (units * Quantity.Scale) + (whole is [(byte)'-', ..] ? -fraction.Scaled : fraction.Scaled);
        return part == QuantityError.None;
    }
}
