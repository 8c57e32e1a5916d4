using Received.Model.Access;
using Received.Server.Hosting;
using Xunit;

namespace Received.Tests.Server;

public sealed class KeysRestoreTests
{
    // One for all: another timestamp would make a retry a conflict.
    static readonly string Timestamp = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    [Fact]
    public async Task Law_2_a_retry_is_a_duplicate_also_after_the_key_index_was_lost()
    {
        var server = await RunningServer.StartAsync();
        var key = (await server.NewKeyAsync("acme", Scopes.UsageWrite | Scopes.UsageRead)).Secret;
        var (first, second) = (await ReportAsync(server, key, "k1"), await ReportAsync(server, key, "k2"));
        await server.CaughtUpAsync();

        await using var again = await server.RestartAsync(
            folder => Directory.Delete(DataFolder.Keys(folder), recursive: true));
        Assert.False(Directory.Exists(Path.Combine(again.Folder, RerateRun.FolderName)));
        var retries = new[] { await ReportAsync(again, key, "k1"), await ReportAsync(again, key, "k2") };
        await ReportAsync(again, key, "k3");
        await again.CaughtUpAsync();

        var totals = await again.GetAsync("/api/usage/totals", key);
        var total = Assert.Single(totals.GetProperty("items").EnumerateArray());
        Assert.Equal(3, total.GetProperty("count").GetInt64());
        foreach (var (original, retry) in new[] { first, second }.Zip(retries))
        {
            var item = await again.GetAsync($"/api/usage/event/{retry}", key);
            Assert.Equal(original, item.GetProperty("of").GetString());
        }
    }

    static async Task<string> ReportAsync(RunningServer server, string key, string idempotencyKey)
    {
        var (status, text) = await server.SendAsync(
            HttpMethod.Post, "/api/usage/event", key,
            $$"""
            {"timestamp":"{{Timestamp}}","customer_ref":"c","usage_product_ref":"p","quantity":1,
             "idempotency_key":"{{idempotencyKey}}"}
            """);
        Assert.True(status == 200, text);
        return System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("event_ref").GetString()!;
    }
}
