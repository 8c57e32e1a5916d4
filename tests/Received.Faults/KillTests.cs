using Xunit;

namespace Received.Faults;

/// <summary>
/// SIGKILL at random moments while clients send keyed and unkeyed events, single and in batches. The long form (100
/// kills) runs with RECEIVED_FAULTS_KILLS=100.
/// </summary>
public sealed class KillTests
{
    public static readonly int Kills =
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
        using var clients = new Clients(ledger, (path, body, type) => world.SendAsync(path, body, type));
        clients.Start();
        for (var kill = 0; kill < Kills; kill++)
        {
            await Task.Delay(random.Next(50, 900));
            await world.Server.KillAsync(default);
            await world.Server.StartAsync(default);
        }

        await Task.Delay(500);
        await clients.StopAsync();
        Assert.True(ledger.AcknowledgedCount > Kills * 10, $"only {ledger.AcknowledgedCount} were acknowledged");
        TestContext.Current.TestOutputHelper?.WriteLine($"{ledger.SentCount} sent");
        await ledger.CheckAsync(world.Reader);
        // A kill leaves a key index that is ahead of the store at most: never one that has to be made anew.
        Assert.DoesNotContain("made anew", await File.ReadAllTextAsync(world.Server.LogPath));
    }
}
