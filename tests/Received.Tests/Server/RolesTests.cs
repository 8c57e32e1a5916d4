using Received.Log.Segments;
using Received.Model.Access;
using Received.Server.Options;
using Xunit;

namespace Received.Tests.Server;

/// <summary>Several processes on one Kafka topic, one ClickHouse database and one data folder; here in one.</summary>
public sealed class RolesTests : IAsyncLifetime
{
    const Scopes Both = Scopes.UsageRead | Scopes.UsageWrite;

    readonly string _folder = Directory.CreateTempSubdirectory("received-roles-").FullName;
    readonly List<RunningServer> _servers = [];
    Dictionary<string, string?> _settings = null!;

    public async ValueTask InitializeAsync() => _settings = await ProfileTests.SettingsAsync(true, true);

    public async ValueTask DisposeAsync()
    {
        foreach (var server in Enumerable.Reverse(_servers)) await server.StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Law_2_roles_apart_count_as_one_process_does_while_raters_come_and_go()
    {
        var door = await StartAsync("ingest");
        var other = await StartAsync("ingest");
        var key = (await door.NewKeyAsync("acme", Both)).Secret;
        await UntilKnownAsync(other, key);
        var first = await StartAsync("rate");
        var archive = await StartAsync("archive");
        for (var i = 0; i < 40; i++) await (i % 2 == 0 ? door : other).ReportAsync(key, $"c{i % 8}", "1", $"k{i}");
        await door.CaughtUpAsync();
        // One comes, the first goes: what it owned is handed over, keys and all.
        await StartAsync("rate");
        for (var i = 0; i < 40; i++) await door.ReportAsync(key, $"c{i % 8}", "2", $"m{i}");
        await StopAsync(first);
        for (var i = 0; i < 10; i++) await other.ReportAsync(key, $"c{i % 8}", "9", $"k{i}");
        await other.CaughtUpAsync();

        foreach (var server in new[] { door, archive })
        {
            var totals = await server.GetAsync("/api/usage/totals", key);
            Assert.Equal(
                Enumerable.Repeat("15 in 10", 8),
                totals.GetProperty("items").EnumerateArray().Select(
                    item => $"{item.GetProperty("quantity").GetString()} in {item.GetProperty("count").GetInt64()}"));
        }

        await ProfileTests.BalancesAndReratesAsync(door, 90);
        Assert.Equal(404, (await archive.SendAsync(HttpMethod.Post, "/api/usage/event", key, "{}")).Status);
    }

    [Fact]
    public async Task A_door_takes_events_while_the_usage_store_is_away_and_reads_say_so()
    {
        _settings[Settings.ClickHouseSection + ":ConnectionString"] = "Host=127.0.0.1;Port=1;Database=away";
        var door = await StartAsync("ingest");
        var key = (await door.NewKeyAsync("acme", Both)).Secret;
        await door.ReportAsync(key, "c", "1");
        Assert.Equal(503, (await door.SendAsync(HttpMethod.Get, "/api/usage/totals", key)).Status);
        Assert.Equal(200, (await door.SendAsync(HttpMethod.Get, "/health/ready", null)).Status);
    }

    [Fact]
    public async Task Law_12_accounts_of_another_folder_never_meet_the_usage_of_these()
    {
        var door = await StartAsync("ingest");
        await door.ReportAsync((await door.NewKeyAsync("acme", Both)).Secret, "c", "1");
        var folder = Directory.CreateTempSubdirectory("received-roles-").FullName;
        var refused = await Assert.ThrowsAsync<LogRefusedException>(() => StartAsync("ingest", folder));
        Assert.Contains("never reported to it", refused.Message, StringComparison.Ordinal);
        // One that needs no accounts may have a folder of its own.
        await StopAsync(await StartAsync("rate", folder));
        Directory.Delete(folder, recursive: true);
    }

    async Task<RunningServer> StartAsync(string roles, string? folder = null)
    {
        var server = await RunningServer.StartAsync(folder ?? _folder, new(_settings) { ["Received:Roles"] = roles });
        _servers.Add(server);
        return server;
    }

    async Task StopAsync(RunningServer server)
    {
        _servers.Remove(server);
        await server.StopAsync();
    }

    /// <summary>Another process made the key.</summary>
    static async Task UntilKnownAsync(RunningServer server, string key)
    {
        for (var look = 0; look < 100; look++)
        {
            if ((await server.SendAsync(HttpMethod.Get, "/api/usage/totals", key)).Status == 200) return;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        Assert.Fail("The key is not known after 5 s.");
    }
}
