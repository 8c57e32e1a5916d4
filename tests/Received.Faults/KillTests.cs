using Xunit;

namespace Received.Faults;

/// <summary>
/// SIGKILL at random moments while clients send keyed and unkeyed events, single and in batches. The long form (100
/// kills) runs with RECEIVED_FAULTS_KILLS=100.
/// </summary>
public sealed class KillTests
{
    const int ClientCount = 6;
    const int BatchSize = 20;

    static readonly int Kills =
        int.Parse(Environment.GetEnvironmentVariable("RECEIVED_FAULTS_KILLS") ?? "6");

    [Fact]
    public async Task Law_1_and_2_no_event_is_lost_or_counted_twice_over_kills_at_random_moments()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}, {Kills} kills");
        var random = new Random(seed);
        await using var world = await World.MakeAsync();
        await world.Server.StartAsync(default);
        var ledger = new Ledger();
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, ClientCount)
            .Select(number => Task.Run(() => SendUntilAsync(world, ledger, number, stop.Token))).ToArray();
        for (var kill = 0; kill < Kills; kill++)
        {
            await Task.Delay(random.Next(50, 900));
            await world.Server.KillAsync(default);
            await world.Server.StartAsync(default);
        }

        await Task.Delay(500);
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        Assert.True(ledger.AcknowledgedCount > Kills * 10, $"only {ledger.AcknowledgedCount} were acknowledged");
        TestContext.Current.TestOutputHelper?.WriteLine($"{ledger.SentCount} sent");
        await ledger.CheckAsync(world);
        // A kill leaves a key index that is ahead of the store at most: never one that has to be made anew.
        Assert.DoesNotContain("made anew", await File.ReadAllTextAsync(world.Server.LogPath));
    }

    static async Task SendUntilAsync(World world, Ledger ledger, int number, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var keyed = number % 2 == 0;
            var batch = Enumerable.Range(0, number < 2 ? 1 : BatchSize).Select(_ => ledger.Next(keyed)).ToList();
            while (!await TrySendAsync(world, ledger, batch))
            {
                await Task.Delay(30, CancellationToken.None);
                // Keyed events are sent again until they are answered, past the end as well; unkeyed ones never.
                if (!keyed) break;
            }
        }
    }

    static async Task<bool> TrySendAsync(World world, Ledger ledger, List<SentEvent> batch)
    {
        var status = batch.Count == 1
            ? await world.SendAsync("/api/usage/event", ledger.Json(batch[0]))
            : await world.SendAsync("/api/usage/events", ledger.Lines(batch), "application/x-ndjson");
        if (status == 200) batch.ForEach(sent => sent.Acknowledged = true);
        else Assert.True(status is null or 503, $"answered {status}");
        return status == 200;
    }
}
