using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Received.Ingest.Transport;
using Xunit;

namespace Received.Tests.Ingest;

public sealed class TransportTests
{
    const int BlockBytes = 64 * 1024;

    [Fact]
    public async Task Requests_sent_without_waiting_get_their_answers_in_order()
    {
        const int Requests = 50;
        await using var host = await DoorHost.StartAsync();
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(host.Address.Host, host.Address.Port, TestContext.Current.CancellationToken);
        var sent = string.Concat(Enumerable.Range(0, Requests)
            .Select(i => RawSocket.Post(
                "/api/usage/event", DoorHost.Event(serial: i), i < Requests - 1 ? "" : "Connection: close\r\n")));
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(sent), TestContext.Current.CancellationToken);

        using var reader = new StreamReader(stream);
        var text = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        var quantities = text.Split("\"quantity\": ").Skip(1).Select(part => int.Parse(part.Split(',')[0]));
        Assert.Equal(Enumerable.Range(0, Requests), quantities);
        Assert.Equal(Requests, host.Log.Events().Count);
    }

    [Fact]
    public async Task Http_2_takes_many_requests_of_one_connection_at_once()
    {
        await using var host = await DoorHost.StartAsync(protocols: HttpProtocols.Http2);
        using var client = new HttpClient
        {
            BaseAddress = host.Address,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        client.DefaultRequestHeaders.Authorization = new("Bearer", DoorHost.WriteKey);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async request =>
        {
            var body = "[" + string.Join(',', Enumerable.Range(0, 3000).Select(i => DoorHost.Event(i))) + "]";
            using var content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
            using var answer = await client.PostAsync("/api/usage/events", content);
            return (answer.StatusCode, Text: await answer.Content.ReadAsStringAsync());
        }));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.All(answers, answer => Assert.StartsWith("{\"accepted\":3000,", answer.Text));
        Assert.Equal(20 * 3000, host.Log.Events().Count);
    }

    [Fact]
    public async Task A_batch_larger_than_any_block_is_read_whole_with_and_without_a_length()
    {
        await using var host = await DoorHost.StartAsync(options => options.ReceiveBytesMax = 0);
        var body = "[" + string.Join(',', Enumerable.Range(0, 20_000).Select(i => DoorHost.Event(i))) + "]";
        Assert.True(body.Length > 2 * ReceivePoolFactory.BlockBytes);

        var known = await host.PostBatchAsync(body);
        using var content = new UnknownLength(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = new("application/json");
        using var chunked = await host.Client.PostAsync(
            "/api/usage/events", content, TestContext.Current.CancellationToken);

        Assert.Equal(200, known.Status);
        Assert.Equal(HttpStatusCode.OK, chunked.StatusCode);
        Assert.Equal(40_000, host.Log.Events().Count);
    }

    [Theory]
    [InlineData("ffffffffffffffff1")]
    [InlineData("zz")]
    public async Task A_chunk_of_no_sound_size_is_the_clients_mistake(string size)
    {
        await using var host = await DoorHost.StartAsync();
        var text = $"POST /api/usage/event HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {DoorHost.WriteKey}\r\n"
            + $"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n";

        var answer = await RawSocket.AskAsync(host.Address, [Encoding.UTF8.GetBytes(text)]);

        Assert.StartsWith("HTTP/1.1 400 ", answer);
        Assert.Contains("request_malformed", answer);
    }

    [Fact]
    public async Task Senders_that_stop_inside_their_bodies_keep_nobody_out_and_give_back_their_room()
    {
        await using var host = await DoorHost.StartAsync(options =>
        {
            options.ReceiveBytesMax = 2 * ReceivePoolFactory.BlockBytes;
            options.BytesInFlightMax = 1024 * 1024;
            options.BatchBodyBytesMax = (512 * 1024) - 1;
            options.RoomWait = TimeSpan.Zero;
        });
        var whole = $"[{DoorHost.Event(1)}]" + new string(' ', 400_000);
        var begun = Encoding.UTF8.GetBytes(RawSocket.Post("/api/usage/events", whole)).AsMemory(0, 2000);
        var slow = Enumerable.Range(0, 100).Select(_ => new TcpClient()).ToList();
        foreach (var client in slow)
        {
            await client.ConnectAsync(host.Address.Host, host.Address.Port, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(begun, TestContext.Current.CancellationToken);
        }

        for (var i = 0; i < 10; i++) Assert.Equal(200, (await host.PostSingleAsync(DoorHost.Event(i))).Status);
        slow.ForEach(client => client.Dispose());

        // All of an account's share, in one body: fits once the others' bytes are given back.
        var answer = await host.PostBatchAsync(whole + new string(' ', 100_000));
        for (var i = 0; i < 1000 && answer.Code == "account_busy"; i++)
            answer = await host.PostBatchAsync(whole + new string(' ', 100_000));
        Assert.Equal(200, answer.Status);
        Assert.Equal(11, host.Log.Events().Count);
    }

    [Fact]
    public void Past_the_room_blocks_are_small_and_what_comes_back_goes_out_again()
    {
        var factory = Factory(rooms: 1);
        using var first = factory.Create();
        using var second = factory.Create();

        var large = first.Rent(1);
        var small = second.Rent(1);
        var needed = second.Rent(BlockBytes);

        Assert.Equal(BlockBytes, large.Memory.Length);
        Assert.Equal(ReceivePool.SmallBytes, small.Memory.Length);
        Assert.Equal(BlockBytes, needed.Memory.Length);
        large.Dispose();
        Assert.Same(large, first.Rent(1));
        needed.Dispose();
        small.Dispose();
        Assert.Same(small, second.Rent(1));
        Assert.NotSame(needed, second.Rent(BlockBytes));
    }

    [Fact]
    public void A_pool_that_ends_gives_its_room_to_the_others()
    {
        var factory = Factory(rooms: 1);
        var first = factory.Create();
        var large = first.Rent(1);
        first.Dispose();
        large.Dispose();
        using var second = factory.Create();

        Assert.Equal(BlockBytes, second.Rent(1).Memory.Length);
        Assert.Equal(ReceivePool.SmallBytes, second.Rent(1).Memory.Length);
        Assert.Throws<ObjectDisposedException>(() => first.Rent(1));
    }

    [Fact]
    public void A_block_that_comes_back_twice_is_an_error_and_never_goes_to_two()
    {
        using var pool = Factory(rooms: 1).Create();
        var block = pool.Rent(1);
        block.Dispose();

        Assert.Throws<InvalidOperationException>(block.Dispose);
        Assert.NotSame(pool.Rent(1), pool.Rent(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(BlockBytes + 1));
    }

    [Fact]
    public async Task Many_threads_never_hold_the_same_block()
    {
        using var pool = Factory(rooms: 4).Create();

        await Task.WhenAll(Enumerable.Range(1, 4).Select(number => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                using var block = pool.Rent(1);
                var mine = block.Memory.Span[..8];
                mine.Fill((byte)number);
                Assert.Equal(-1, mine.IndexOfAnyExcept((byte)number));
            }
        })));
    }

    static ReceivePoolFactory Factory(int rooms) =>
        new(bytesMax: rooms * BlockBytes, BlockBytes);

    sealed class UnknownLength(byte[] body) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            stream.WriteAsync(body).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
