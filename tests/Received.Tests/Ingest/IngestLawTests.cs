using System.Net.Sockets;
using System.Text;
using Received.Log;
using Received.Model;
using Xunit;

namespace Received.Tests.Ingest;

public sealed class IngestLawTests
{
    static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Law_1_no_answer_leaves_before_the_append_is_durable()
    {
        await using var door = await DoorHost.StartAsync();
        var (begun, durable) = (Signal(), Signal());
        door.Log.BeforeAppend = _ =>
        {
            begun.TrySetResult();
            return durable.Task;
        };
        var single = door.PostSingleAsync(DoorHost.Event(1));
        await begun.Task;
        var batch = door.PostBatchAsync($"[{DoorHost.Event(2)},{DoorHost.Event(3, "c-2")}]");
        await Task.WhenAny(single, batch, Task.Delay(100));
        Assert.False(single.IsCompleted || batch.IsCompleted);
        durable.SetResult();
        Assert.Equal(200, (await single).Status);
        Assert.Equal(200, (await batch).Status);
        Assert.Equal(3, door.Log.Events().Count);
    }

    [Theory]
    [InlineData(LogUnavailableReason.DiskFull, "log_full")]
    [InlineData(LogUnavailableReason.Failing, "log_unavailable")]
    [InlineData(LogUnavailableReason.Closing, "closing")]
    [InlineData(LogUnavailableReason.Busy, "server_busy")]
    public async Task Law_1_an_append_that_failed_is_answered_with_503_and_the_next_one_is_tried(
        LogUnavailableReason reason, string code)
    {
        await using var door = await DoorHost.StartAsync();
        door.Log.BeforeAppend = _ => throw new LogUnavailableException("as scripted", reason);
        foreach (var answer in new[]
        {
            await door.PostSingleAsync(DoorHost.Event(1)),
            await door.PostBatchAsync($"[{DoorHost.Event(2)}]"),
        })
        {
            Assert.Equal((503, code), (answer.Status, answer.Code));
            Assert.Equal(1, answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        }

        door.Log.BeforeAppend = _ => Task.CompletedTask;
        Assert.Equal(200, (await door.PostSingleAsync(DoorHost.Event(3))).Status);
        Assert.Equal("3", Assert.Single(door.Log.Events()).Quantity);
    }

    [Fact]
    public async Task Law_1_a_batch_is_not_acknowledged_when_one_of_its_frames_failed()
    {
        await using var door = await DoorHost.StartAsync();
        var failing = Partitioning.Of(new(1), "c-1"u8, 8);
        door.Log.BeforeAppend = partition => partition == failing
            ? throw new LogUnavailableException("as scripted", LogUnavailableReason.Failing)
            : Task.CompletedTask;
        var body = "[" + string.Join(",", Enumerable.Range(0, 50).Select(i => DoorHost.Event(i, $"c-{i}"))) + "]";
        var answer = await door.PostBatchAsync(body);
        Assert.Equal((503, "log_unavailable"), (answer.Status, answer.Code));
        Assert.NotEmpty(door.Log.Events());
    }

    [Fact]
    public async Task Law_1_an_error_that_nobody_expects_is_no_2xx_either_and_blocks_nothing()
    {
        await using var door = await DoorHost.StartAsync();
        door.Log.BeforeAppend = _ => throw new InvalidOperationException("as scripted");
        Assert.Equal(500, (await door.PostSingleAsync(DoorHost.Event(1))).Status);
        door.Log.BeforeAppend = _ => Task.CompletedTask;
        Assert.Equal(200, (await door.PostSingleAsync(DoorHost.Event(2))).Status);
    }

    [Fact]
    public async Task Law_1_what_was_taken_is_drained_before_the_door_closes()
    {
        await using var door = await DoorHost.StartAsync();
        var (begun, durable) = (Signal(), Signal());
        door.Log.BeforeAppend = _ =>
        {
            begun.TrySetResult();
            return durable.Task;
        };
        var answer = door.PostSingleAsync(DoorHost.Event(1));
        await begun.Task;
        var stop = door.StopAsync();
        Assert.False(stop.IsCompleted);
        durable.SetResult();
        Assert.Equal(200, (await answer).Status);
        await stop;
        Assert.Single(door.Log.Events());
    }

    [Fact]
    public async Task Law_1_a_client_that_leaves_before_its_answer_loses_and_doubles_nothing()
    {
        await using var door = await DoorHost.StartAsync();
        var (begun, durable) = (Signal(), Signal());
        door.Log.BeforeAppend = _ =>
        {
            begun.TrySetResult();
            return durable.Task;
        };
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(door.Address.Host, door.Address.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                RawSocket.Post("/api/usage/event", DoorHost.Event(1))));
            await begun.Task;
            client.Client.Close(0);
        }

        durable.SetResult();
        Assert.Equal(200, (await door.PostSingleAsync(DoorHost.Event(2))).Status);
        // The first one's append goes on whenever its thread does: which of them is first in the log is open.
        Assert.Equal(["1", "2"], door.Log.Events().Select(e => e.Quantity).Order());
    }

    [Fact]
    public async Task Law_2_a_key_is_the_same_identity_in_the_body_and_in_the_header_of_a_single_event()
    {
        await using var door = await DoorHost.StartAsync();
        await door.PostSingleAsync(DoorHost.Event(1, extra: """, "idempotency_key": "k-\u00e9" """));
        await door.PostSingleAsync(DoorHost.Event(1), ("Idempotency-Key", "k-1"));
        await door.PostSingleAsync(
            DoorHost.Event(1, extra: """, "idempotency_key": "own" """), ("Idempotency-Key", "k-1"));
        await door.PostSingleAsync(DoorHost.Event(1));
        Assert.Equal(
            [Hex("\u0001k-é"), Hex("\u0001k-1"), Hex("\u0001own"), ""], door.Log.Events().Select(e => e.Key));
    }

    static string Hex(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));

    [Fact]
    public async Task Law_2_a_batch_key_names_each_event_by_its_bytes_and_the_equal_ones_before_it()
    {
        await using var door = await DoorHost.StartAsync();
        var (a, b) = (DoorHost.Event(1), DoorHost.Event(2));
        var own = DoorHost.Event(3, extra: """, "idempotency_key": "own" """);
        ReadOnlySpan<(string Name, string Value)> key = [("Idempotency-Key", "k")];
        var headers = key.ToArray();
        Assert.Equal(200, (await door.PostBatchAsync($"[{a},{a},{b},{own}]", "", headers)).Status);
        Assert.Equal(200, (await door.PostBatchAsync($"[ {a} ,\n{a}]", "", headers)).Status);
        Assert.Equal(200, (await door.PostLinesAsync($"{b} \r\n {a}\r\n", "", headers)).Status);
        Assert.Equal(200, (await door.PostBatchAsync($"[{a}]", "", ("Idempotency-Key", "other"))).Status);
        var keys = door.Log.Events().Select(e => e.Key).ToArray();
        Assert.Equal(Hex("\u0001own"), keys[3]);
        Assert.StartsWith(Hex("\u0002k"), keys[0], StringComparison.Ordinal);
        Assert.Equal(2 * (2 + KeyKind.BatchSuffixBytes), keys[0].Length);
        Assert.Equal([keys[0], keys[1], keys[2], keys[3], keys[0], keys[1], keys[2], keys[0]], keys[..8]);
        Assert.Equal(5, keys.Distinct().Count());
        Assert.EndsWith("00000001", keys[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.1", "0.1")]
    [InlineData("123456789012345.123456789012", "123456789012345.123456789012")]
    [InlineData("1e14", "100000000000000")]
    [InlineData("\"0.30000000000000004e-0\"", null)]
    [InlineData("0.3000000000001", null)]
    [InlineData("999999999999999.9999999999999", null)]
    public async Task Law_8_a_quantity_is_stored_exactly_or_refused_never_rounded(string quantity, string? stored)
    {
        await using var door = await DoorHost.StartAsync();
        var body = DoorHost.Event(1).Replace("\"quantity\": 1", $"\"quantity\": {quantity}", StringComparison.Ordinal);
        var answer = await door.PostSingleAsync(body);
        Assert.Equal(stored is null ? 422 : 200, answer.Status);
        Assert.Equal(stored is null ? [] : [stored], door.Log.Events().Select(e => e.Quantity));
    }

    [Fact]
    public async Task Law_12_events_carry_the_account_of_their_key_and_nothing_in_a_body_can_change_that()
    {
        await using var door = await DoorHost.StartAsync();
        var body = DoorHost.Event(1, extra: """, "account": 2, "account_id": 2""");
        Assert.Equal(200, (await door.PostSingleAsync(body)).Status);
        Assert.Equal(200, (await door.PostSingleAsync(
            DoorHost.Event(2), ("Authorization", "Bearer " + DoorHost.OtherWriteKey))).Status);
        Assert.Equal(
            [(1u, "c-1", "1"), (2u, "c-1", "2")],
            door.Log.Events().OrderBy(e => e.Account).Select(e => (e.Account, e.CustomerRef, e.Quantity)));
    }

    [Fact]
    public async Task Law_12_events_of_two_accounts_in_one_frame_stay_apart()
    {
        await using var door = await DoorHost.StartAsync(log: new MemoryLog(1));
        var (begun, durable) = (Signal(), Signal());
        door.Log.BeforeAppend = _ =>
        {
            begun.TrySetResult();
            return durable.Task;
        };
        // Two frames on their way, so that the others must share the third.
        var first = new[] { door.PostSingleAsync(DoorHost.Event(0)) };
        await begun.Task;
        var others = Enumerable.Range(1, 20).Select(i => door.PostSingleAsync(
                DoorHost.Event(i),
                ("Authorization", "Bearer " + (i % 2 == 0 ? DoorHost.WriteKey : DoorHost.OtherWriteKey))))
            .ToArray();
        while (door.Log.AppendCalls < 2) await Task.Yield();
        durable.SetResult();
        Assert.All(await Task.WhenAll(first.Concat(others)), answer => Assert.Equal(200, answer.Status));
        Assert.All(
            door.Log.Events().Where(e => e.Quantity != "0"),
            e => Assert.Equal(int.Parse(e.Quantity) % 2 == 0 ? 1u : 2u, e.Account));
    }

    [Fact]
    public async Task One_account_cannot_take_all_the_room_and_no_queue_is_without_end()
    {
        await using var door = await DoorHost.StartAsync(options =>
        {
            options.BytesInFlightMax = 1024 * 1024;
            options.BatchBodyBytesMax = (512 * 1024) - 1;
            options.RoomWait = TimeSpan.Zero;
        });
        var durable = Signal();
        door.Log.BeforeAppend = _ => durable.Task;
        // Each holds at least its size and at most the next power of two, which is an account's share exactly.
        var body = $"[{DoorHost.Event(1)}]" + new string(' ', 500_000);
        var first = door.PostBatchAsync(body);
        while (door.Log.AppendCalls < 1) await Task.Yield();
        var same = await door.PostBatchAsync(body);
        Assert.Equal((429, "account_busy"), (same.Status, same.Code));
        Assert.NotNull(same.Headers.RetryAfter);
        var other = door.PostBatchAsync(body, "", ("Authorization", "Bearer " + DoorHost.OtherWriteKey));
        while (door.Log.AppendCalls < 2) await Task.Yield();
        var third = await door.PostBatchAsync(body, "", ("Authorization", "Bearer " + DoorHost.NegativeKey));
        Assert.Equal((503, "server_busy"), (third.Status, third.Code));
        durable.SetResult();
        Assert.Equal([200, 200], (await Task.WhenAll(first, other)).Select(a => a.Status));
        Assert.Equal(200, (await door.PostBatchAsync(body)).Status);
    }
}
