using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Received.Model.Access;
using Received.Server.Api;
using Received.Server.Hosting;
using Received.Server.Options;
using Received.Tests.Servers;
using Xunit;

namespace Received.Tests.Server;

/// <summary>The same whole run on every combination of log and usage store: configuration alone switches.</summary>
public sealed class ProfileTests
{
    const Scopes Both = Scopes.UsageRead | Scopes.UsageWrite;

    [Theory]
    [InlineData(false, false, "log: segment files, usage store: DuckDB, key index: run files")]
    [InlineData(true, false, "log: Kafka at ")]
    [InlineData(true, true, "log: Kafka at ")]
    [InlineData(false, true, "log: segment files, usage store and key index: ClickHouse")]
    public async Task Law_2_a_retry_is_a_duplicate_after_a_restart_too_on_every_profile(
        bool kafka, bool clickHouse, string adapters)
    {
        var settings = await SettingsAsync(kafka, clickHouse);
        var server = await RunningServer.StartAsync(settings: settings);
        Assert.StartsWith(adapters, server.Provider.GetRequiredService<Engine>().Adapters);
        var key = (await server.NewKeyAsync("acme", Both)).Secret;
        var first = await server.ReportAsync(key, "c1", "10.5", "k1");
        await server.ReportAsync(key, "c1", "0.25");
        await server.CaughtUpAsync();

        await using var again = await server.RestartAsync(_ => { }, settings);
        var conflict = await again.ReportAsync(key, "c1", "99", "k1");
        await again.CaughtUpAsync();
        var total = (await again.GetAsync("/api/usage/totals", key)).GetProperty("items")[0];
        Assert.Equal("10.75", total.GetProperty("quantity").GetString());
        Assert.Equal(2, total.GetProperty("count").GetInt64());
        var read = await again.GetAsync($"/api/usage/event/{conflict}", key);
        Assert.Equal(first, read.GetProperty("with").GetString());
        Assert.Equal("10.5", read.GetProperty("original").GetProperty("quantity").GetString());
        await BalancesAndReratesAsync(again, 3);
    }

    internal static async Task BalancesAndReratesAsync(RunningServer server, long accepted)
    {
        var token = server.Provider.GetRequiredService<ControlToken>().Text;
        var audit = await server.GetAsync("/api/audit", token);
        Assert.True(audit.GetProperty("balanced").GetBoolean());
        Assert.True(audit.GetProperty("caught_up").GetBoolean());
        Assert.Equal(accepted, audit.GetProperty("total").GetProperty("accepted").GetInt64());
        var (status, rerated) = await server.SendAsync(HttpMethod.Post, "/api/admin/rerate", token);
        Assert.True(status == 200, rerated);
        Assert.True(JsonDocument.Parse(rerated).RootElement.GetProperty("equal").GetBoolean(), rerated);
    }

    internal static async Task<Dictionary<string, string?>> SettingsAsync(bool kafka, bool clickHouse)
    {
        var settings = new Dictionary<string, string?>();
        if (kafka)
        {
            settings[Settings.KafkaSection + ":BootstrapServers"] = await KafkaServer.BootstrapAsync();
            settings[Settings.KafkaSection + ":Topic"] = KafkaServer.NewName("profile");
            settings[Settings.KafkaSection + ":Partitions"] = "4";
        }

        if (clickHouse)
            settings[Settings.ClickHouseSection + ":ConnectionString"] =
                await ClickHouseServer.ConnectionStringAsync() + ";Database=" + ClickHouseServer.NewDatabase();
        return settings;
    }
}
