using DotNet.Testcontainers.Builders;

namespace Received.Tests.Servers;

/// <summary>ClickHouse for tests. Each test makes a database of its own, with a random name.</summary>
static class ClickHouseServer
{
    public const string Variable = "RECEIVED_TEST_CLICKHOUSE";
    public const string Image = "clickhouse/clickhouse-server:26.7";

    const int HttpPort = 8123;

    static readonly TestServer Server = new("ClickHouse", Variable, async () =>
    {
        var container = new ContainerBuilder(Image)
            .WithPortBinding(HttpPort, assignRandomHostPort: true)
            // With neither, the image lets its user in from inside the container only.
            .WithEnvironment("CLICKHOUSE_PASSWORD", "received")
            .WithEnvironment("CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT", "1")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(
                request => request.ForPort(HttpPort).ForPath("/ping")))
            .Build();
        await container.StartAsync();
        return (container, $"Host={container.Hostname};Port={container.GetMappedPublicPort(HttpPort)};Protocol=http;"
            + "Username=default;Password=received;Database=default");
    });

    /// <summary>A connection string; skips the test where there is no server.</summary>
    public static Task<string> ConnectionStringAsync() => Server.ConnectionAsync();

    public static string NewDatabase() => $"test_{Guid.NewGuid():N}";
}
