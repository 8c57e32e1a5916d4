using Xunit;

namespace Received.Faults.Distributed;

/// <summary>
/// Doors, raters and archivers in processes of their own over Kafka and ClickHouse, under load, while one thing after
/// another fails. The long form (100 kills) runs with RECEIVED_FAULTS_KILLS=100.
/// </summary>
public sealed class ClusterTests
{
    static readonly TimeSpan Between = TimeSpan.FromMilliseconds(25);

    [Fact]
    public async Task Law_1_2_and_4_nothing_is_lost_or_counted_twice_when_any_process_or_server_is_killed()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}, {KillTests.Kills} kills");
        var random = new Random(seed);
        await using var servers = await OwnServers.StartAsync();
        await using var cluster = await StartedAsync(servers);
        var ledger = new Ledger();
        using var clients = new Clients(ledger, cluster.SendAsync, Between);
        clients.Start();
        // Each kind of victim in turn, so that a short run meets them all.
        string[] victims = ["door-1", "rater-1", "archiver", "broker", "clickhouse", "rater-2"];
        for (var kill = 0; kill < KillTests.Kills; kill++)
        {
            await Task.Delay(random.Next(200, 1500));
            await KillAsync(servers, cluster, victims[kill % victims.Length]);
        }

        await FinishAsync(cluster, ledger, clients);
        Assert.True(
            ledger.AcknowledgedCount > KillTests.Kills * 10, $"only {ledger.AcknowledgedCount} were acknowledged");
    }

    [Fact]
    public async Task Law_4_partitions_go_from_one_rater_to_another_under_load()
    {
        await using var servers = await OwnServers.StartAsync();
        await using var cluster = await Cluster.MakeAsync(servers);
        await cluster.StartAsync("door-1", "ingest");
        await cluster.StartAsync("archiver", "archive");
        await cluster.StartAsync("rater-1", "rate");
        var ledger = new Ledger();
        using var clients = new Clients(ledger, cluster.SendAsync, Between);
        clients.Start();
        await Task.Delay(1000);
        await cluster.StartAsync("rater-2", "rate");
        await Task.Delay(2000);
        await cluster.StopAsync("rater-1");
        await Task.Delay(1000);
        await cluster.StartAsync("rater-3", "rate");
        await Task.Delay(2000);
        await FinishAsync(cluster, ledger, clients);
        Assert.DoesNotContain("unexpected", cluster.Printed(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Law_4_an_owner_that_was_stopped_past_its_session_and_goes_on_does_no_harm()
    {
        await using var servers = await OwnServers.StartAsync();
        await using var cluster = await StartedAsync(servers);
        var ledger = new Ledger();
        using var clients = new Clients(ledger, cluster.SendAsync, Between);
        clients.Start();
        await Task.Delay(1500);
        await cluster.Member("rater-1").SignalAsync("STOP");
        await cluster.Member("archiver").SignalAsync("STOP");
        // The session ends after 6 s; the other rater owns all partitions then.
        await Task.Delay(9000);
        await cluster.Member("rater-1").SignalAsync("CONT");
        await cluster.Member("archiver").SignalAsync("CONT");
        await Task.Delay(1000);
        await FinishAsync(cluster, ledger, clients);
    }

    [Fact]
    public async Task Law_1_a_broker_that_answers_late_or_is_killed_leads_to_no_wrong_answer()
    {
        await using var servers = await OwnServers.StartAsync(brokers: 3);
        await using var cluster = await StartedAsync(servers);
        var ledger = new Ledger();
        using var clients = new Clients(ledger, cluster.SendAsync, Between);
        clients.Start();
        await Task.Delay(1500);
        await servers.KillBrokerAsync(2);
        await Task.Delay(3000);
        await servers.StartKafkaAsync();
        await Task.Delay(2000);
        await servers.SignalBrokerAsync(3, "STOP");
        await Task.Delay(2000);
        await servers.SignalBrokerAsync(3, "CONT");
        await Task.Delay(1000);
        await FinishAsync(cluster, ledger, clients);
    }

    static async Task<Cluster> StartedAsync(OwnServers servers)
    {
        var cluster = await Cluster.MakeAsync(servers);
        try
        {
            await cluster.StartAsync("door-1", "ingest");
            await Task.WhenAll(
                cluster.StartAsync("door-2", "ingest"), cluster.StartAsync("rater-1", "rate"),
                cluster.StartAsync("rater-2", "rate"), cluster.StartAsync("archiver", "archive"));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    static async Task KillAsync(OwnServers servers, Cluster cluster, string victim)
    {
        switch (victim)
        {
            case "broker":
                await servers.KillBrokerAsync(1);
                await servers.StartKafkaAsync();
                break;
            case "clickhouse":
                await servers.KillClickHouseAsync();
                await servers.StartClickHouseAsync();
                break;
            default:
                await cluster.Member(victim).KillAsync(default);
                await cluster.Member(victim).StartAsync(default);
                break;
        }
    }

    static async Task FinishAsync(Cluster cluster, Ledger ledger, Clients clients)
    {
        await clients.StopAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{ledger.SentCount} sent, {ledger.AcknowledgedCount} acknowledged");
        await ledger.CheckAsync(cluster.Reader());
    }
}
