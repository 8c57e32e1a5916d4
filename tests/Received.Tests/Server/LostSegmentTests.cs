using Received.Log.Segments;
using Received.Model.Access;
using Xunit;

namespace Received.Tests.Server;

public sealed class LostSegmentTests
{
    // The smallest: a handful of events each.
    static readonly Dictionary<string, string?> ManySegments = new() { ["Received:Log:SegmentBytes"] = "8192" };

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task Law_1_a_log_that_lost_its_end_is_not_written_over_and_counts_on_once_it_is_put_back(int events)
    {
        var server = await RunningServer.StartAsync(settings: ManySegments);
        var key = (await server.NewKeyAsync("acme", Scopes.UsageRead | Scopes.UsageWrite)).Secret;
        for (var i = 0; i < events; i++) await server.ReportAsync(key, "before", "1");
        await server.CaughtUpAsync();
        await server.StopAsync();
        var log = Path.Combine(server.Folder, "log");
        var last = Directory.GetFiles(log, "segment-*.log").Order().Last();
        Assert.Equal(events > 1, Directory.GetFiles(log, "segment-*.log").Length > 1);
        // As after a kill: nothing but the segments says where the log ended.
        File.Delete(Path.Combine(log, "log.clean"));
        var aside = Path.Combine(server.Folder, "aside");
        File.Move(last, aside);

        // However often somebody tries.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var error = await Assert.ThrowsAsync<LogRefusedException>(
                () => RunningServer.StartAsync(server.Folder, ManySegments));
            Assert.Contains("it has lost segments", error.Message, StringComparison.Ordinal);
            Assert.Contains("Put the missing segments back", error.Message, StringComparison.Ordinal);
        }

        // Nothing has come into its place.
        File.Move(aside, last, overwrite: false);
        await using var mended = await RunningServer.StartAsync(server.Folder, ManySegments);
        await mended.ReportAsync(key, "before", "2");
        await mended.CaughtUpAsync();
        var total = (await mended.GetAsync("/api/usage/totals", key)).GetProperty("items")[0];
        Assert.Equal($"{events + 2}", total.GetProperty("quantity").GetString());
    }
}
