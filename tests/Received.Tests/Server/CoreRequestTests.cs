using System.Text;
using System.Text.Json;
using Received.Model.Access;
using Received.Tests.Ingest;
using Xunit;

namespace Received.Tests.Server;

/// <summary>The request that clients already send, over a socket to the whole server and into what is read.</summary>
public sealed class CoreRequestTests
{
    // As json.dumps writes it.
    const string Body =
        "{\"timestamp\": \"2024-02-05T08:55:32.160Z\", \"customer_ref\": \"4096966d-5c1c-4e18-8b47-6a365e3c16ea\", "
        + "\"customer_name\": \"ACME\", \"usage_product_ref\": \"bb50da07-c686-4688-8550-66305e17aab0\", "
        + "\"usage_product_name\": \"Units\", \"quantity\": 10, "
        + "\"additional_report_data\": {\"note\": \"User-specific note\"}, "
        + "\"validations\": {\"currency\": \"USD\", \"entity_ref\": \"55899733-32a0-4912-9d2e-a5b0f04dcdb6\"}}";

    // Its time stands still in 2024, so this server takes what is that old, and remembers identities as long.
    static readonly Dictionary<string, string?> Patient = new()
    {
        ["Received:Ingest:PastLimit"] = "36500.00:00:00",
        ["Received:Log:DedupeWindow"] = "36600.00:00:00",
    };

    [Fact]
    public async Task The_core_request_as_python_requests_sends_it_is_echoed_and_shows_in_totals_and_events()
    {
        await using var server = await RunningServer.StartAsync(settings: Patient);
        var key = (await server.NewKeyAsync("acme", Scopes.UsageRead | Scopes.UsageWrite)).Secret;
        var address = server.Client.BaseAddress!;
        // requests 2.34 over http.client: the head in one write, the body in the next.
        var head = $"POST /api/usage/event HTTP/1.1\r\nHost: 127.0.0.1:{address.Port}\r\n"
            + "User-Agent: python-requests/2.34.2\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\n"
            + $"Connection: keep-alive\r\nAuthorization: Bearer {key}\r\nVersion: V0\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n";
        var answer = await RawSocket.AskAsync(address, [Encoding.ASCII.GetBytes(head), Encoding.ASCII.GetBytes(Body)]);

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        var echo = answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        var reference = JsonDocument.Parse(echo).RootElement.GetProperty("event_ref").GetString();
        Assert.Equal($"{Body[..^1]},\"event_ref\":\"{reference}\"}}", echo);

        await server.CaughtUpAsync();
        var totals = await server.GetAsync("/api/usage/totals?from=2024-02-05&to=2024-02-06&group=hour", key);
        var total = Assert.Single(totals.GetProperty("items").EnumerateArray());
        Assert.Equal(
            """
            {"start":"2024-02-05T08:00:00Z","end":"2024-02-05T09:00:00Z",
            "customer_ref":"4096966d-5c1c-4e18-8b47-6a365e3c16ea","customer_name":"ACME",
            "usage_product_ref":"bb50da07-c686-4688-8550-66305e17aab0","usage_product_name":"Units",
            "currency":"USD","entity_ref":"55899733-32a0-4912-9d2e-a5b0f04dcdb6",
            "quantity":"10","count":1,"min":"10","max":"10","last":"10"}
            """.ReplaceLineEndings(""),
            total.GetRawText());

        var read = await server.GetAsync($"/api/usage/event/{reference}", key);
        Assert.Equal("counted", read.GetProperty("fate").GetString());
        Assert.Equal("2024-02-05T08:55:32.160Z", read.GetProperty("timestamp").GetString());
        Assert.Equal("10", read.GetProperty("quantity").GetString());
        Assert.Equal("""{"note": "User-specific note"}""", read.GetProperty("additional_report_data").GetRawText());
        Assert.Equal("USD", read.GetProperty("validations").GetProperty("currency").GetString());
    }
}
