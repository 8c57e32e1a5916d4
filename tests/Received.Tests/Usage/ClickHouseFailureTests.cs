using System.Net;
using System.Net.Sockets;
using System.Text;
using Received.Tests.Servers;
using Received.Usage;
using Received.Usage.ClickHouse;
using Xunit;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>What is said when ClickHouse cannot be used, by peers that are scripted at the wire.</summary>
public sealed class ClickHouseFailureTests
{
    [Fact]
    public async Task No_server_is_said_with_the_port_to_look_at()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var error = await FailureAsync(port);
        Assert.Contains($"Nothing answers at http://127.0.0.1:{port}", error.Message);
        Assert.Contains("8123", error.Message);
    }

    [Fact]
    public async Task A_port_that_speaks_something_else_is_said()
    {
        await using var peer = new ScriptedHttp("\x0AReceived \x01\x02 something\r\n"u8.ToArray());
        Assert.Contains("does not speak HTTP", (await FailureAsync(peer.Port)).Message);
    }

    [Theory]
    [InlineData("403 Forbidden", 516, "AUTHENTICATION_FAILED", "wrong name or password")]
    [InlineData("500 Oops", 497, "Not enough privileges", "lacks a right")]
    [InlineData("500 Oops", 164, "Cannot modify setting in readonly mode", "may only read")]
    [InlineData("404 Not Found", 81, "Database x does not exist", "is gone")]
    [InlineData("500 Oops", 243, "Cannot reserve 1.00 MiB", "disk of ClickHouse")]
    [InlineData("500 Oops", 241, "memory limit exceeded", "not enough memory")]
    [InlineData("500 Oops", 159, "Timeout exceeded", "did not finish in time")]
    [InlineData("404 Not Found", 115, "Unknown setting", "25.8 or newer")]
    [InlineData("500 Oops", 252, "Too many parts", "cannot merge as fast")]
    [InlineData("500 Oops", 242, "Table is in readonly mode", "Keeper")]
    [InlineData("500 Oops", 319, "Unknown quorum status", "Too few replicas")]
    [InlineData("500 Oops", 999, "Something new", "error 999")]
    public async Task The_server_s_errors_become_one_plain_sentence(string status, int code, string text, string said)
    {
        await using var peer = new ScriptedHttp(ScriptedHttp.Whole(
            status, $"X-ClickHouse-Exception-Code: {code}\r\n",
            $"Code: {code}. DB::Exception: {text}. (SOME_NAME) (version 26.7.2.1 (official build))\n and more\n"));
        var error = await FailureAsync(peer.Port);
        Assert.Contains(said, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task The_native_protocol_s_port_is_recognised()
    {
        await using var peer = new ScriptedHttp(ScriptedHttp.Whole(
            "400 Bad Request", "", "Port 9000 is for clickhouse-client program\nYou must use port 8123 for HTTP.\n"));
        Assert.Contains("native protocol", (await FailureAsync(peer.Port)).Message);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Contains("did not answer within 1 s", (await FailureAsync(port)).Message);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_between_two_blocks_is_an_error_and_not_a_short_one()
    {
        await using var peer = new ScriptedHttp(ScriptedHttp.Broken(Block(1, 2, 3)));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => SumAsync(peer.Port));
    }

    [Fact]
    public async Task An_answer_that_ends_within_a_block_is_an_error_although_its_connection_ends_well()
    {
        var body = Block(1, 2, 3)[..^3];
        await using var peer = new ScriptedHttp(
            Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"),
            body);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => SumAsync(peer.Port));
    }

    [Fact]
    public async Task An_error_in_mid_stream_is_told_as_what_it_is()
    {
        var mark = "\r\n__exception__\r\nabcdefgh\r\n"
            + "Code: 241. DB::Exception: Query memory limit exceeded. (MEMORY)\r\n58 abcdefgh\r\n__exception__\r\n";
        await using var peer = new ScriptedHttp(
            ScriptedHttp.Broken([.. Block(1, 2, 3), .. Encoding.UTF8.GetBytes(mark)]));
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => SumAsync(peer.Port));
        Assert.Contains("not enough memory", error.Message);
    }

    [Fact]
    public async Task Whole_answers_are_read_whatever_their_blocks()
    {
        byte[] body = [.. Block(1, 2, 3), .. Block(), .. Block(4)];
        await using var peer = new ScriptedHttp(
            Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"),
            body);
        Assert.Equal(10, await SumAsync(peer.Port));
    }

    [Fact]
    public async Task A_closed_store_is_unavailable()
    {
        var store = new ClickHouseUsageStore(Options(9));
        await store.DisposeAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAsync([Batch(0, 10)]));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ReadRatedAsync(P(0)));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ArchiveAsync([]));
    }

    [Fact]
    public void A_connection_string_that_is_none_is_refused_at_once() => Assert.Contains(
        "Host=localhost",
        Assert.Throws<ArgumentException>(() => new ClickHouseUsageStore(new() { ConnectionString = "nonsense" }))
            .Message);

    /// <summary>One column of UInt64.</summary>
    static byte[] Block(params ulong[] values)
    {
        var block = new List<byte>([1, (byte)values.Length, 1, (byte)'n', 6, .. "UInt64"u8]);
        foreach (var value in values) block.AddRange(BitConverter.GetBytes(value));
        return [.. block];
    }

    static ClickHouseOptions Options(int port) => new()
    {
        ConnectionString = $"Host=127.0.0.1;Port={port};Protocol=http;Username=someone;Database=received",
        ReadTimeout = TimeSpan.FromSeconds(1),
        WriteTimeout = TimeSpan.FromSeconds(1),
    };

    static async Task<StoreUnavailableException> FailureAsync(int port)
    {
        await using var store = new ClickHouseUsageStore(Options(port));
        return await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await store.OpenAsync(TheLog, TestContext.Current.CancellationToken));
    }

    static async Task<long> SumAsync(int port)
    {
        using var link = new ClickHouseLink(Options(port));
        await using var rows = await link.QueryAsync(new("SELECT n"), TestContext.Current.CancellationToken);
        var sum = 0L;
        while (await rows.NextAsync())
            for (var i = 0; i < rows.Count; i++) sum += rows.Value<long>(0, i);
        return sum;
    }
}
