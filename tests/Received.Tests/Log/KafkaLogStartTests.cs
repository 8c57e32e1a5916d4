using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;
using Received.Log.Kafka;
using Received.Log.Segments;
using Received.Model;
using Xunit;

namespace Received.Tests.Log;

/// <summary>What is refused when the log is opened, and in what words.</summary>
public sealed class KafkaLogStartTests
{
    [Fact]
    public async Task A_topic_made_anew_under_the_name_of_the_log_is_refused()
    {
        using var rig = await KafkaRig.NewAsync();
        await using (var log = await rig.OpenAsync()) await rig.AppendAsync(log, 3);
        await rig.DeleteAsync(rig.Topic);
        Assert.Contains("not the one that this log was made with", await RefusalAsync(rig.Options()));
        await rig.CreateAsync(rig.Topic, 2);
        Assert.Contains("not the one that this log was made with", await RefusalAsync(rig.Options()));
    }

    [Fact]
    public async Task A_log_begun_anew_on_purpose_has_another_identity()
    {
        using var rig = await KafkaRig.NewAsync();
        LogIdentity first;
        await using (var log = await rig.OpenAsync()) first = log.Identity;
        await rig.DeleteAsync(rig.Topic, rig.Topic + ".identity");
        await using var again = await rig.OpenAsync();
        Assert.NotEqual(first.Id, again.Identity.Id);
        Assert.NotEqual(first.HashSeed, again.Identity.HashSeed);
    }

    [Fact]
    public async Task Processes_that_make_the_log_at_once_agree_on_its_identity()
    {
        using var rig = await KafkaRig.NewAsync();
        var logs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => rig.OpenAsync()));
        Assert.Single(logs.Select(log => log.Identity).Distinct());
        foreach (var log in logs) await log.DisposeAsync();
    }

    [Fact]
    public async Task Another_partition_count_is_refused_with_an_explanation()
    {
        using var rig = await KafkaRig.NewAsync();
        await using (await rig.OpenAsync())
        {
        }

        Assert.Contains("Partitions is 3, but topic", await RefusalAsync(rig.Options(partitions: 3)));
        await rig.Admin.CreatePartitionsAsync([new() { Topic = rig.Topic, IncreaseTo = 3 }]);
        Assert.Contains("Partitions is 2, but topic", await RefusalAsync(rig.Options()));
        Assert.Contains("partitions were added", await RefusalAsync(rig.Options(partitions: 3)));
    }

    [Fact]
    public async Task Another_dedupe_window_is_refused()
    {
        using var rig = await KafkaRig.NewAsync();
        await using (await rig.OpenAsync())
        {
        }

        Assert.Contains("set it to 40.00:00:00", await RefusalAsync(rig.Options(dedupeWindow: TimeSpan.FromDays(1))));
    }

    [Fact]
    public async Task A_topic_that_would_lose_or_refuse_frames_is_refused()
    {
        using var rig = await KafkaRig.NewAsync();
        await using (await rig.OpenAsync())
        {
        }

        await rig.SetAsync("max.message.bytes", "100000");
        Assert.Contains("max.message.bytes", await RefusalAsync(rig.Options()));
        await rig.SetAsync("max.message.bytes", "2000000");
        await rig.SetAsync("cleanup.policy", "compact");
        Assert.Contains("cleanup.policy", await RefusalAsync(rig.Options()));
        await rig.SetAsync("cleanup.policy", "delete");
        await rig.SetAsync("min.insync.replicas", "2");
        Assert.Contains("nothing could ever be appended", await RefusalAsync(rig.Options()));
    }

    [Fact]
    public async Task A_topic_with_records_that_nobody_says_whose_they_are_is_refused()
    {
        using var rig = await KafkaRig.NewAsync();
        await rig.CreateAsync(rig.Topic, 2);
        await rig.WriteAsync([1, 2, 3]);
        Assert.Contains("does not say what log it is", await RefusalAsync(rig.Options()));
    }

    [Fact]
    public async Task More_replicas_than_brokers_are_refused()
    {
        using var rig = await KafkaRig.NewAsync();
        var brokers = (await rig.Admin.DescribeClusterAsync()).Nodes.Count;
        var options = new KafkaLogOptions
        {
            BootstrapServers = rig.Bootstrap,
            Topic = rig.Topic,
            Partitions = 1,
            ReplicationFactor = brokers + 1,
        };
        Assert.Contains("fewer brokers than ReplicationFactor", await RefusalAsync(options));
    }

    [Fact]
    public async Task No_broker_and_a_wrong_port_are_told_apart()
    {
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        foreign.Start();
        var accepting = AcceptAsync(foreign);
        Assert.Contains(
            "does not speak Kafka's protocol",
            await RefusalAsync(Unreachable(((IPEndPoint)foreign.LocalEndpoint).Port)));
        foreign.Stop();
        await accepting;
        Assert.Contains(
            "No Kafka broker listens", await RefusalAsync(Unreachable(((IPEndPoint)foreign.LocalEndpoint).Port)));
    }

    [Theory]
    [InlineData("10.0.0.3:9092/2: Connect to ipv4#10.0.0.3:9092 failed", "Kafka's broker 2 at 10.0.0.3:9092 is down")]
    [InlineData("10.0.0.3:9092/bootstrap: Connect to ipv4#10.0.0.3:9092 failed", "No Kafka broker listens at all:1")]
    public void One_broker_that_is_down_is_named_and_not_taken_for_all(string reason, string says)
    {
        var error = new Error(ErrorCode.Local_Transport, $"{reason}: Connection refused (after 0ms in state CONNECT)");
        Assert.StartsWith(says, KafkaFault.Say(new() { BootstrapServers = "all:1" }, error, null));
    }

    [Theory]
    [InlineData(KafkaSecurity.Tls, "", "No TLS connection")]
    [InlineData(KafkaSecurity.SaslPlaintext, "user", "refuses the user or password")]
    public async Task A_listener_with_another_security_is_told_so(KafkaSecurity security, string user, string says)
    {
        using var rig = await KafkaRig.NewAsync();
        var options = new KafkaLogOptions
        {
            BootstrapServers = rig.Bootstrap,
            Security = security,
            SaslUser = user,
            SaslPassword = user,
            RequestTimeout = TimeSpan.FromSeconds(1),
        };
        Assert.Contains(says, await RefusalAsync(options));
    }

    [Theory]
    [InlineData(KafkaSecurity.SaslPlaintext, "", "", "needs both")]
    [InlineData(KafkaSecurity.Plaintext, "user", "", "set it to SaslTls")]
    [InlineData(KafkaSecurity.Plaintext, "", "/no/such.pem", "set it to Tls")]
    [InlineData(KafkaSecurity.Tls, "", "/no/such.pem", "there is no file")]
    public async Task Security_settings_that_contradict_each_other_are_refused(
        KafkaSecurity security, string user, string caFile, string says)
    {
        var options = new KafkaLogOptions
        {
            BootstrapServers = "127.0.0.1:1",
            Security = security,
            SaslUser = user,
            TlsCaFile = caFile,
        };
        Assert.Contains(says, await RefusalAsync(options));
    }

    static KafkaLogOptions Unreachable(int port) => new()
    {
        BootstrapServers = $"127.0.0.1:{port}",
        RequestTimeout = TimeSpan.FromSeconds(1),
    };

    /// <summary>Hangs up on whoever says something.</summary>
    static async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var socket = await listener.AcceptSocketAsync();
                await socket.ReceiveAsync(new byte[64]);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    static async Task<string> RefusalAsync(KafkaLogOptions options) =>
        (await Assert.ThrowsAsync<LogRefusedException>(() => KafkaRig.OpenAsync(options))).Message;
}
