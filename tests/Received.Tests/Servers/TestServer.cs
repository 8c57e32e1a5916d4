using Docker.DotNet;
using DotNet.Testcontainers.Containers;
using Xunit;

namespace Received.Tests.Servers;

/// <summary>
/// One server for all tests of a run: the connection string in a variable comes first, then a container where an
/// engine answers. What has neither is skipped, and says why.
/// </summary>
sealed class TestServer(string name, string variable, Func<Task<(IContainer Container, string Connection)>> start)
{
    readonly Lock _gate = new();
    Task<(string? Connection, string Reason)>? _found;

    /// <summary>The connection string; where there is no server, the test that asks is skipped.</summary>
    public async Task<string> ConnectionAsync()
    {
        Task<(string? Connection, string Reason)> found;
        lock (_gate) found = _found ??= FindAsync();
        var (connection, reason) = await found;
        Assert.SkipWhen(connection is null, reason);
        return connection!;
    }

    async Task<(string? Connection, string Reason)> FindAsync()
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given) return (given, "");
        var missing = $"No {name}: {variable} is not set, and ";
        if (!HasEngine()) return (null, missing + "there is no container engine.");
        try
        {
            // Testcontainers removes it when this process has ended.
            return ((await start()).Connection, "");
        }
        catch (Exception e) when (e is DockerApiException or HttpRequestException or TimeoutException
            or InvalidOperationException or ArgumentException)
        {
            return (null, missing + "the container engine did not start one: " + e.Message);
        }
    }

    static bool HasEngine() =>
        Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } || File.Exists("/var/run/docker.sock");
}
