using Received.Log.Segments;
using Received.Model.Access;
using Xunit;

namespace Received.Tests.Server;

public sealed class LostSegmentTests
{
    [Fact]
    public async Task Law_1_a_log_that_lost_its_end_is_not_written_over_and_counts_on_once_it_is_put_back()
    {
        var server = await RunningServer.StartAsync();
        var key = (await server.NewKeyAsync("acme", Scopes.UsageRead | Scopes.UsageWrite)).Secret;
        await server.ReportAsync(key, "before", "1");
        await server.CaughtUpAsync();

        var aside = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var error = await Assert.ThrowsAsync<LogRefusedException>(() => server.RestartAsync(folder =>
        {
            Directory.CreateDirectory(aside);
            // As after a kill: nothing but the segments says where the log ended.
            File.Delete(Path.Combine(folder, "log", "log.clean"));
            foreach (var file in Directory.GetFiles(Path.Combine(folder, "log"), "segment-*"))
                File.Move(file, Path.Combine(aside, Path.GetFileName(file)));
        }));
        Assert.Contains("ends before frame 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("Put the missing segments back", error.Message, StringComparison.Ordinal);

        foreach (var file in Directory.GetFiles(aside))
            File.Move(file, Path.Combine(server.Folder, "log", Path.GetFileName(file)), overwrite: true);
        Directory.Delete(aside);
        await using var mended = await RunningServer.StartAsync(server.Folder);
        await mended.ReportAsync(key, "before", "2");
        await mended.CaughtUpAsync();
        var total = (await mended.GetAsync("/api/usage/totals", key)).GetProperty("items")[0];
        Assert.Equal("3", total.GetProperty("quantity").GetString());
    }
}
