using System.Text.Json;
using Xunit;

namespace Received.Tests.Server;

public sealed class OpsTests
{
    [Theory]
    [InlineData("GET", "/api/usage/nothing", 404, "route_unknown")]
    [InlineData("PUT", "/api/usage/event", 405, "method_not_allowed")]
    [InlineData("DELETE", "/api/usage/totals", 405, "method_not_allowed")]
    public async Task Every_refusal_has_a_code_that_of_a_route_too(string method, string path, int status, string code)
    {
        await using var server = await RunningServer.StartAsync();
        using var request = new HttpRequestMessage(new(method), path);
        using var answer = await server.Client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal(code, problem.RootElement.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("received_log_sync_duration_seconds")]
    [InlineData("received_log_written_bytes_total")]
    [InlineData("received_rating_lag_frames")]
    [InlineData("received_archive_lag_seconds")]
    public async Task Metrics_show_the_log_and_the_loops(string metric)
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Contains(metric, await server.Client.GetStringAsync("/metrics"));
    }
}
