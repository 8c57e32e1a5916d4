using System.Collections.Concurrent;
using Received.Log;
using Received.Model;
using Xunit;

namespace Received.Tests.Ingest;

public sealed class ConcurrentIngestTests
{
    [Fact]
    public async Task Every_acknowledged_event_stands_once_in_the_log_at_the_ref_that_was_answered()
    {
        const int Clients = 16;
        const int RequestsEach = 40;
        await using var door = await DoorHost.StartAsync();
        door.Log.BeforeAppend = async _ =>
        {
            for (var i = 0; i < 20; i++) await Task.Yield();
        };
        var answered = new ConcurrentDictionary<string, string>();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (var request = 0; request < RequestsEach; request++)
            {
                var serial = ((client * RequestsEach) + request) * 100;
                if (request % 2 == 0) await SendSingle(door, serial, answered);
                else await SendBatch(door, serial, 1 + (serial % 37), answered);
            }
        })));

        var stored = door.Log.Events();
        Assert.Equal(answered.Count, stored.Count);
        Assert.All(stored, e => Assert.Equal(EventRef.Format(e.Position), answered[e.Quantity]));
        var headers = door.Log.Headers();
        Assert.Single(headers.Select(h => h.ProducerId).Distinct());
        foreach (var partition in headers.GroupBy(h => h.Partition))
        {
            Assert.Equal(
                Enumerable.Range(1, partition.Count()).Select(i => (long)i),
                partition.Select(h => h.ProducerNumber).Order());
        }
    }

    static async Task SendSingle(DoorHost door, int serial, ConcurrentDictionary<string, string> answered)
    {
        var answer = await door.PostSingleAsync(DoorHost.Event(serial, $"c-{serial % 23}"));
        Assert.Equal(200, answer.Status);
        Assert.True(answered.TryAdd($"{serial}", answer.Json.GetProperty("event_ref").GetString()!));
    }

    static async Task SendBatch(DoorHost door, int serial, int count, ConcurrentDictionary<string, string> answered)
    {
        var events = Enumerable.Range(serial, count).Select(i => DoorHost.Event(i, $"c-{i % 23}"));
        var answer = await door.PostLinesAsync(string.Join("\n", events), "?refs=true");
        Assert.Equal(200, answer.Status);
        var refs = answer.Json.GetProperty("refs").EnumerateArray().Select(r => r.GetString()!).ToArray();
        for (var i = 0; i < count; i++) Assert.True(answered.TryAdd($"{serial + i}", refs[i]));
    }

    [Fact]
    public async Task Law_1_each_of_many_requests_gets_the_outcome_of_its_own_frames_while_others_fail()
    {
        const int Clients = 8;
        const int RequestsEach = 60;
        const int EventsEach = 12;
        await using var door = await DoorHost.StartAsync();
        var appends = 0;
        door.Log.BeforeAppend = async _ =>
        {
            await Task.Yield();
            if (Interlocked.Increment(ref appends) % 7 == 0)
                throw new LogUnavailableException("the disk", LogUnavailableReason.Failing);
        };
        var answered = new ConcurrentDictionary<int, int>();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (var request = 0; request < RequestsEach; request++)
            {
                var serial = ((client * RequestsEach) + request) * EventsEach;
                var events = Enumerable.Range(serial, EventsEach).Select(i => DoorHost.Event(i, $"c-{i % 5}"));
                answered[serial] = (await door.PostLinesAsync(string.Join("\n", events))).Status;
            }
        })));

        var stored = door.Log.Events().Select(e => int.Parse(e.Quantity)).ToHashSet();
        Assert.Equal([200, 503], answered.Values.Distinct().Order());
        foreach (var (serial, status) in answered)
        {
            var durable = Enumerable.Range(serial, EventsEach).Count(stored.Contains);
            Assert.Equal(status == 200, durable == EventsEach);
        }
    }

    [Fact]
    public async Task While_frames_are_on_their_way_events_gather_in_the_next()
    {
        await using var door = await DoorHost.StartAsync(log: new MemoryLog(1));
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        door.Log.BeforeAppend = _ => durable.Task;
        var requests = Enumerable.Range(0, 50).Select(i => door.PostSingleAsync(DoorHost.Event(i))).ToArray();
        while (door.Log.AppendCalls < 2) await Task.Yield();
        // The rest cannot start a frame of its own until one of the two is durable.
        await Task.WhenAny(Task.WhenAll(requests), Task.Delay(300));
        Assert.Equal(2, door.Log.AppendCalls);
        durable.SetResult();
        Assert.All(await Task.WhenAll(requests), answer => Assert.Equal(200, answer.Status));
        Assert.InRange(door.Log.Headers().Count, 2, 10);
        Assert.Equal(50, door.Log.Events().Select(e => e.Quantity).Distinct().Count());
    }

    [Fact]
    public async Task Events_of_the_largest_size_fit_their_frames()
    {
        await using var door = await DoorHost.StartAsync(log: new MemoryLog(1));
        var rest = $$""", "customer_name": "{{new string('n', 256)}}", """
            + $$""" "usage_product_name": "{{new string('m', 256)}}", """
            + $$""" "additional_report_data": {"x":"{{new string('d', (16 * 1024) - 8)}}"}, """
            + $$""" "validations": {"currency": "USD", "entity_ref": "{{new string('e', 124)}}0000"}""";
        var body = string.Join("\n", Enumerable.Range(0, 150).Select(i => DoorHost.Event(
            i, i.ToString("D128"), rest.Replace("e0000", $"e{i:D4}", StringComparison.Ordinal))
            .Replace("\"p\"", $"\"{i:D128}\"", StringComparison.Ordinal)));
        var answer = await door.PostLinesAsync(body, "", ("Idempotency-Key", new string('k', 255)));
        Assert.Equal(200, answer.Status);
        Assert.Equal(Enumerable.Range(0, 150).Select(i => $"{i}"), door.Log.Events().Select(e => e.Quantity));
        Assert.InRange(door.Log.Headers().Count, 3, 10);
    }

    [Fact]
    public async Task A_body_larger_than_a_frame_keeps_its_order_over_several_frames()
    {
        await using var door = await DoorHost.StartAsync();
        var data = $$""", "additional_report_data": {"x": "{{new string('d', (16 * 1024) - 9)}}"}""";
        var body = "[" + string.Join(",", Enumerable.Range(0, 200).Select(i => DoorHost.Event(i, extra: data))) + "]";
        var answer = await door.PostBatchAsync(body, "?refs=true");
        Assert.Equal(200, answer.Status);
        var stored = door.Log.Events();
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i}"), stored.Select(e => e.Quantity));
        Assert.Equal(
            answer.Json.GetProperty("refs").EnumerateArray().Select(r => r.GetString()),
            stored.Select(e => EventRef.Format(e.Position)));
        Assert.True(door.Log.Headers().Count > 3);
    }
}
