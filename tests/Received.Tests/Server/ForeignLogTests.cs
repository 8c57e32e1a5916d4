using Received.Model.Access;
using Received.Server.Api;
using Xunit;

namespace Received.Tests.Server;

public sealed class ForeignLogTests
{
    [Fact]
    public async Task A_store_of_another_log_is_not_rated_into_and_the_server_says_what_to_do()
    {
        var first = await RunningServer.StartAsync();
        var key = (await first.NewKeyAsync("acme", Scopes.UsageRead | Scopes.UsageWrite)).Secret;
        await first.ReportAsync(key, "before", "1");
        await first.CaughtUpAsync();

        // As after a restore of the wrong backup: the log that comes up is another one.
        var refused = await first.RestartAsync(
            folder => Directory.Delete(Path.Combine(folder, "log"), recursive: true));
        Assert.Equal(200, (await refused.SendAsync(HttpMethod.Get, "/health/live", null)).Status);
        var (status, text) = await refused.SendAsync(HttpMethod.Get, "/health/ready", null);
        Assert.Equal(503, status);
        Assert.Contains("rating: refused", text, StringComparison.Ordinal);
        Assert.Contains("filled from log", text, StringComparison.Ordinal);
        Assert.Contains("move usage.duckdb, usage.archive.duckdb and keys out of the data", text);

        // What is accepted now is durable, and rated when a person has decided.
        await refused.ReportAsync(key, "after", "2");
        var token = refused.Provider.GetService(typeof(ControlToken)) as ControlToken;
        foreach (var (method, path) in new[] { (HttpMethod.Post, "/api/admin/rerate"), (HttpMethod.Get, "/api/audit") })
        {
            var answer = await refused.SendAsync(method, path, token!.Text);
            Assert.Equal(409, answer.Status);
            Assert.Contains("filled from log", answer.Text, StringComparison.Ordinal);
        }

        // The old totals can still be read, and nothing of this log has come into them.
        var old = (await refused.GetAsync("/api/usage/totals", key)).GetProperty("items").EnumerateArray();
        Assert.Equal("before", Assert.Single(old).GetProperty("customer_ref").GetString());
        await using var mended = await refused.RestartAsync(folder =>
        {
            foreach (var file in Directory.GetFiles(folder, "usage.*")) File.Delete(file);
            Directory.Delete(Path.Combine(folder, "keys"), recursive: true);
        });
        await mended.CaughtUpAsync();
        Assert.Equal(200, (await mended.SendAsync(HttpMethod.Get, "/health/ready", null)).Status);
        var total = (await mended.GetAsync("/api/usage/totals", key)).GetProperty("items")[0];
        Assert.Equal("after", total.GetProperty("customer_ref").GetString());
        Assert.Equal("2", total.GetProperty("quantity").GetString());
    }
}
