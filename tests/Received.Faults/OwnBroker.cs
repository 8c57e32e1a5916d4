using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Received.Faults;

/// <summary>A Kafka broker of a test's own, to be killed and stopped at will; started by the services' script.</summary>
sealed class OwnBroker : IAsyncDisposable
{
    /// <summary>The folder with kafka/start.sh.</summary>
    const string Variable = "RECEIVED_SERVICES";

    /// <summary>The script puts the broker's controller so far above its port.</summary>
    const int ControllerAbove = 100;

    readonly string _script;
    readonly string _data = Directory.CreateTempSubdirectory("received-broker-").FullName;
    readonly int _port;

    OwnBroker(string script, int port)
    {
        _script = script;
        _port = port;
    }

    public string Bootstrap => $"127.0.0.1:{_port}";

    /// <summary>Started; skips the test where nothing can start one.</summary>
    public static async Task<OwnBroker> NewAsync()
    {
        var services = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(
            string.IsNullOrEmpty(services), $"No broker to kill: {Variable} names no folder with kafka/start.sh.");
        var broker = new OwnBroker(Path.Combine(services!, "kafka", "start.sh"), FreePort());
        await broker.StartAsync();
        return broker;
    }

    /// <summary>Returns when it answers.</summary>
    public async Task StartAsync()
    {
        // Output to a file: the broker inherits it, and a pipe would be read until the broker ends.
        var output = Path.Combine(_data, "start.txt");
        var start = new ProcessStartInfo("/bin/sh");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("\"$0\" \"$1\" \"$2\" >\"$3\" 2>&1 </dev/null");
        start.ArgumentList.Add(_script);
        start.ArgumentList.Add($"{_port}");
        start.ArgumentList.Add(_data);
        start.ArgumentList.Add(output);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await File.ReadAllTextAsync(output));
    }

    /// <summary>Sends a signal to the broker: KILL, STOP, CONT.</summary>
    public async Task SignalAsync(string signal)
    {
        var pid = (await File.ReadAllTextAsync(Path.Combine(_data, "1", "kafka.pid"))).Trim();
        using var process = Process.Start("/bin/kill", ["-" + signal, pid]);
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await SignalAsync("KILL");
        Directory.Delete(_data, recursive: true);
    }

    static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 30_000);
            if (IsFree(port) && IsFree(port + ControllerAbove)) return port;
        }
    }

    static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
