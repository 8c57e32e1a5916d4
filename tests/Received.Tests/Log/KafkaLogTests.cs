using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Kafka;
using Received.Tests.Servers;

namespace Received.Tests.Log;

/// <summary>The contract on a real broker.</summary>
public sealed class KafkaLogTests : LogContract
{
    readonly string _topic = KafkaServer.NewName("log");

    protected override async Task<ILog> OpenAsync() => await KafkaLog.OpenAsync(
        new() { BootstrapServers = await KafkaServer.BootstrapAsync(), Topic = _topic, Partitions = 8 },
        TimeProvider.System, NullLogger.Instance);
}
