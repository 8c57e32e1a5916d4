using Received.Model.Access;
using Received.Server.Hosting;
using Xunit;

namespace Received.Tests.Server;

public sealed class KeysRestoreTests : IDisposable
{
    // One for all: another timestamp would make a retry a conflict.
    static readonly string Timestamp = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    readonly string _copy = Directory.CreateTempSubdirectory("received-copy-").FullName;

    public void Dispose() => Directory.Delete(_copy, recursive: true);

    [Fact]
    public Task Law_2_a_retry_is_a_duplicate_also_after_the_key_index_was_lost() =>
        CheckAsync(keys => Directory.Delete(keys, recursive: true));

    [Fact]
    public Task Law_2_a_retry_is_a_duplicate_also_after_one_file_of_the_key_index_was_lost() =>
        CheckAsync(keys => File.Delete(Runs(keys)[1]));

    [Fact]
    public Task Law_2_a_retry_is_a_duplicate_also_after_the_newest_file_of_the_key_index_was_cut() => CheckAsync(
        keys =>
        {
            using var run = File.OpenWrite(Runs(keys)[^1]);
            run.SetLength(run.Length / 2);
        });

    [Fact]
    public Task Law_2_a_retry_is_a_duplicate_also_after_an_older_key_index_was_put_back() => CheckAsync(
        keys =>
        {
            Directory.Delete(keys, recursive: true);
            CopyRuns(_copy, keys);
        });

    async Task CheckAsync(Action<string> damage)
    {
        var server = await RunningServer.StartAsync();
        var key = (await server.NewKeyAsync("acme", Scopes.UsageWrite | Scopes.UsageRead)).Secret;
        var first = await ReportAsync(server, key, "k1");
        await server.CaughtUpAsync();
        server = await server.RestartAsync(folder => CopyRuns(DataFolder.Keys(folder), _copy));
        var second = await ReportAsync(server, key, "k2");
        await server.CaughtUpAsync();
        var third = await ReportAsync(server, key, "k3");
        await server.CaughtUpAsync();

        await using var again = await server.RestartAsync(folder => damage(DataFolder.Keys(folder)));
        Assert.False(Directory.Exists(Path.Combine(again.Folder, RerateRun.FolderName)));
        var retries = new List<string>();
        foreach (var number in new[] { "k1", "k2", "k3" }) retries.Add(await ReportAsync(again, key, number));
        await ReportAsync(again, key, "k4");
        await again.CaughtUpAsync();

        var totals = await again.GetAsync("/api/usage/totals", key);
        var total = Assert.Single(totals.GetProperty("items").EnumerateArray());
        Assert.Equal(4, total.GetProperty("count").GetInt64());
        foreach (var (original, retry) in new[] { first, second, third }.Zip(retries))
        {
            var item = await again.GetAsync($"/api/usage/event/{retry}", key);
            Assert.Equal(original, item.GetProperty("of").GetString());
        }
    }

    static string[] Runs(string keys) => [.. Directory.GetFiles(keys, "*.keys").Order()];

    static void CopyRuns(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var run in Runs(from)) File.Copy(run, Path.Combine(to, Path.GetFileName(run)));
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
