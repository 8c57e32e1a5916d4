using System.Net.Sockets;
using System.Text;
using Received.Ingest;
using Received.Model;
using Xunit;

namespace Received.Tests.Ingest;

public sealed class FrontDoorTests
{
    const string CoreBody =
        """{"timestamp": "2024-02-05T08:55:32.160Z", "customer_ref": "4096966d-5c1c-4e18-8b47-6a365e3c16ea", """
        + "\"" + """customer_name": "ACME", "usage_product_ref": "bb50da07-c686-4688-8550-66305e17aab0", """
        + "\"" + """usage_product_name": "Units", "quantity": 10, """
        + "\"" + """additional_report_data": {"note": "User-specific note"}, """
        + "\"" + """validations": {"currency": "USD", "entity_ref": "55899733-32a0-4912-9d2e-a5b0f04dcdb6"}}""";

    [Fact]
    public async Task The_core_request_as_python_requests_sends_it_is_echoed_with_its_ref_and_stored_whole()
    {
        await using var door = await DoorHost.StartAsync();
        var request = $"POST /api/usage/event HTTP/1.1\r\nHost: 127.0.0.1:{door.Address.Port}\r\n"
            + "User-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\n"
            + $"Connection: keep-alive\r\nAuthorization: Bearer {DoorHost.WriteKey}\r\n"
            + $"Content-Length: {CoreBody.Length}\r\nContent-Type: application/json\r\n\r\n{CoreBody}";
        var answer = await RawSocket.AskAsync(door.Address, [Encoding.ASCII.GetBytes(request)]);

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        var body = answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        var stored = Assert.Single(door.Log.Events());
        Assert.Equal(CoreBody[..^1] + $",\"event_ref\":\"{EventRef.Format(stored.Position)}\"}}", body);
        Assert.Equal(
            new StoredEvent(
                stored.Position, 1, "4096966d-5c1c-4e18-8b47-6a365e3c16ea", "ACME",
                "bb50da07-c686-4688-8550-66305e17aab0", "Units", "USD",
                "55899733-32a0-4912-9d2e-a5b0f04dcdb6", 1_707_123_332_160,
                DoorHost.Now.ToUnixTimeMilliseconds(), "10", "", """{"note": "User-specific note"}"""),
            stored);
    }

    [Fact]
    public async Task A_body_split_anywhere_across_socket_writes_is_read_as_one()
    {
        await using var door = await DoorHost.StartAsync();
        var bytes = Encoding.ASCII.GetBytes(RawSocket.Post("/api/usage/event", DoorHost.Event(7)));
        for (var at = bytes.Length - DoorHost.Event(7).Length - 5; at < bytes.Length; at++)
        {
            var answer = await RawSocket.AskAsync(door.Address, [bytes[..at], bytes[at..]]);
            Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        }

        Assert.All(door.Log.Events(), e => Assert.Equal("7", e.Quantity));
    }

    [Fact]
    public async Task A_client_that_breaks_off_inside_its_body_leaves_nothing_behind()
    {
        await using var door = await DoorHost.StartAsync();
        var bytes = Encoding.ASCII.GetBytes(RawSocket.Post("/api/usage/event", DoorHost.Event(7)));
        var head = bytes.Length - DoorHost.Event(7).Length;
        for (var at = head; at < bytes.Length; at += 7)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(door.Address.Host, door.Address.Port);
            await client.GetStream().WriteAsync(bytes.AsMemory(0, at));
        }

        Assert.Equal(200, (await door.PostSingleAsync(DoorHost.Event(1))).Status);
        Assert.Single(door.Log.Events());
    }

    [Fact]
    public async Task A_batch_takes_the_good_events_and_names_the_bad_ones()
    {
        await using var door = await DoorHost.StartAsync();
        var body = $"[{DoorHost.Event(1)}, {{\"quantity\": \"x\"}}, 5, {DoorHost.Event(4, "c-2")}]";
        var answer = await door.PostBatchAsync(body, "?refs=true");
        Assert.Equal(207, answer.Status);
        Assert.Equal("1 quantity_malformed /quantity; 2 not_an_object ", answer.Errors);
        Assert.Equal(2, answer.Json.GetProperty("accepted").GetInt32());
        Assert.Equal(2, answer.Json.GetProperty("refused").GetInt32());
        var stored = door.Log.Events().ToDictionary(e => e.Quantity, e => EventRef.Format(e.Position));
        var refs = answer.Json.GetProperty("refs").EnumerateArray().Select(r => r.GetString()).ToArray();
        Assert.Equal([stored["1"], null, null, stored["4"]], refs);
    }

    [Fact]
    public async Task An_atomic_batch_with_one_bad_event_takes_none()
    {
        await using var door = await DoorHost.StartAsync();
        var answer = await door.PostBatchAsync($"[{DoorHost.Event(1)}, 5]", "?atomic=true");
        Assert.Equal(422, answer.Status);
        Assert.Equal("batch_refused", answer.Code);
        Assert.Equal("1 not_an_object ", answer.Errors);
        Assert.Empty(door.Log.Events());
    }

    [Theory]
    [InlineData("?strict=yes")]
    [InlineData("?atomic=")]
    [InlineData("?refs=true&refs=true")]
    public async Task A_flag_that_is_no_flag_is_refused(string query)
    {
        await using var door = await DoorHost.StartAsync();
        var answer = await door.PostBatchAsync($"[{DoorHost.Event(1)}]", query);
        Assert.Equal((400, "query_malformed"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Lines_are_taken_one_by_one_and_a_broken_one_stops_nothing()
    {
        await using var door = await DoorHost.StartAsync();
        var body = $"\uFEFF{DoorHost.Event(1)}\r\n\r\n{DoorHost.Event(2)} x\n  \n{{\"a\":\n{DoorHost.Event(3)}";
        var answer = await door.PostLinesAsync(body);
        Assert.Equal(207, answer.Status);
        Assert.Equal("1 malformed_json ; 2 malformed_json ", answer.Errors);
        Assert.Equal(["1", "3"], door.Log.Events().Select(e => e.Quantity));
    }

    [Fact]
    public async Task Bodies_past_their_limits_are_refused_with_or_without_a_length()
    {
        await using var door = await DoorHost.StartAsync(options =>
        {
            options.SingleBodyBytesMax = 2048;
            options.BatchBodyBytesMax = 8192;
            options.BatchEventsMax = 3;
        });
        var single = await door.PostSingleAsync(DoorHost.Event(1) + new string(' ', 2048));
        Assert.Equal((413, "body_too_large"), (single.Status, single.Code));
        var batch = await door.PostBatchAsync($"[{DoorHost.Event(1)}]" + new string(' ', 8192));
        Assert.Equal((413, "body_too_large"), (batch.Status, batch.Code));
        var chunk = new string(' ', 0x900);
        var chunked = await RawSocket.AskAsync(door.Address, [Encoding.ASCII.GetBytes(
            $"POST /api/usage/event HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {DoorHost.WriteKey}\r\n"
            + $"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n900\r\n{chunk}\r\n0\r\n\r\n")]);
        Assert.StartsWith("HTTP/1.1 413 ", chunked, StringComparison.Ordinal);
        var many = await door.PostBatchAsync(
            $"[{DoorHost.Event(1)},{DoorHost.Event(2)},{DoorHost.Event(3)},{DoorHost.Event(4)}]");
        Assert.Equal((413, "too_many_events"), (many.Status, many.Code));
        Assert.Empty(door.Log.Events());
    }

    [Fact]
    public async Task Past_the_listed_errors_the_rest_is_counted()
    {
        await using var door = await DoorHost.StartAsync();
        var answer = await door.PostBatchAsync("[" + string.Join(",", Enumerable.Repeat("1", 1500)) + "]");
        Assert.Equal(422, answer.Status);
        Assert.Equal(1000, answer.Json.GetProperty("errors").GetArrayLength());
        Assert.Equal(500, answer.Json.GetProperty("errors_not_listed").GetInt32());
        Assert.Equal(1500, answer.Json.GetProperty("refused").GetInt32());
    }

    [Fact]
    public async Task A_test_whose_request_gets_no_answer_says_which_it_was()
    {
        await using var door = await DoorHost.StartAsync();
        var durable = new TaskCompletionSource();
        door.Log.BeforeAppend = _ => durable.Task;
        using var client = new HttpClient(new ImpatientHandler(() => "State.", TimeSpan.FromMilliseconds(50)));
        client.DefaultRequestHeaders.Authorization = new("Bearer", DoorHost.WriteKey);
        using var body = new StringContent(DoorHost.Event(1), Encoding.UTF8, "application/json");
        var address = new Uri(door.Address, "/api/usage/event");
        var failure = await Assert.ThrowsAsync<TimeoutException>(() => client.PostAsync(address, body));
        Assert.StartsWith($"POST {address}: no head of an answer came", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("State.", failure.Message, StringComparison.Ordinal);
        durable.SetResult();
    }

    [Fact]
    public async Task A_body_limit_that_no_account_has_room_for_stops_the_start()
    {
        var failure = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => DoorHost.StartAsync(options => options.BytesInFlightMax = 16 * 1024 * 1024));
        Assert.Contains("Received:Ingest:BytesInFlightMax", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_that_the_dedupe_window_does_not_cover_stop_the_start()
    {
        var failure = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => DoorHost.StartAsync(options => options.PastLimit = TimeSpan.FromDays(39)));
        Assert.Contains("Received:Ingest:PastLimit", failure.Message, StringComparison.Ordinal);
        Assert.Contains("dedupe window", failure.Message, StringComparison.Ordinal);
        IngestLifetime.CheckWindow(new() { PastLimit = TimeSpan.FromDays(38) }, LogIdentity.DefaultDedupeWindow);
    }
}
