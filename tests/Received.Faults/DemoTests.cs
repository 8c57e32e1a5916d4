using Received.Tests.Servers;
using Xunit;

namespace Received.Faults;

public sealed class DemoTests
{
    // The killed server's session has to end before another owns its partitions, and taking one over asks ClickHouse
    // for its rows and keys: eight show what sixty-four would.
    static readonly Dictionary<string, string> Quick = new()
    {
        ["Received__Log__Kafka__SessionTimeout"] = "00:00:06",
        ["Received__Log__Kafka__Partitions"] = "8",
    };

    /// <summary>Starts a server twice, which may take three minutes each: against hanging alone.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task Law_5_the_same_events_give_the_same_totals_byte_for_byte_on_every_profile()
    {
        var kafka = await KafkaServer.BootstrapAsync();
        var clickHouse = await ClickHouseServer.ConnectionStringAsync();
        var embedded = await RunAsync([]);
        Assert.NotEmpty(embedded);
        Assert.Equal(embedded, await RunAsync(Quick, "--kafka", kafka, "--clickhouse", clickHouse));
    }

    static async Task<byte[]> RunAsync(Dictionary<string, string> settings, params string[] more)
    {
        var file = Path.GetTempFileName();
        try
        {
            using var demo = Command.Start(
                Path.GetTempPath(), settings, ["demo", "--events", "8000", "--seed", "7", "--totals", file, .. more]);
            var result = await Command.ReadAsync(demo, Limit);
            Assert.Contains("agree with what was sent, to the unit", result.Succeeded());
            return await File.ReadAllBytesAsync(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
