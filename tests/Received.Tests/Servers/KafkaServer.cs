using Testcontainers.Kafka;

namespace Received.Tests.Servers;

/// <summary>Apache Kafka for tests. Each test makes a topic of its own, with a random name.</summary>
static class KafkaServer
{
    public const string Variable = "RECEIVED_TEST_KAFKA";
    public const string Image = "apache/kafka:4.3.1";

    static readonly TestServer Server = new("Kafka", Variable, async () =>
    {
        var container = new KafkaBuilder(Image).Build();
        await container.StartAsync();
        return (container, container.GetBootstrapAddress());
    });

    /// <summary>Bootstrap servers; skips the test where there are none.</summary>
    public static Task<string> BootstrapAsync() => Server.ConnectionAsync();

    public static string NewName(string what = "test") => $"{what}-{Guid.NewGuid():N}";
}
