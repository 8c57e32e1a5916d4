using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Received.Tests.Tidy;
using Xunit;

namespace Received.Tests.Servers;

/// <summary>
/// A ClickHouse of a test's own, that may be killed. Only where the folder is at hand that starts one without a
/// container engine: RECEIVED_SERVICES, or ../shared/services beside the repository.
/// </summary>
sealed class KilledClickHouse : IAsyncDisposable
{
    readonly string _services = Environment.GetEnvironmentVariable("RECEIVED_SERVICES")
        ?? Path.Combine(Source.Root, "../shared/services");

    readonly string _data = Directory.CreateTempSubdirectory("received-clickhouse-").FullName;
    readonly int _port = FreePort();

    public string Connection => $"Host=127.0.0.1;Port={_port};Protocol=http;Username=default;Database=killed";

    /// <summary>Starts it, or skips the test.</summary>
    public async Task StartAsync()
    {
        var script = Path.Combine(_services, "clickhouse/start.sh");
        Assert.SkipUnless(File.Exists(script), $"No ClickHouse to kill: there is no {script}.");
        // Its output goes nowhere: the server inherits it, and would keep a reader of a pipe waiting.
        var errors = $"{_data}/start.err";
        if (await RunAsync($"'{script}' {_port} '{_data}' >/dev/null 2>'{errors}' </dev/null") != 0)
            throw new InvalidOperationException(await File.ReadAllTextAsync(errors));
    }

    /// <summary>As a power cut takes it, but for the page cache.</summary>
    public async Task KillAsync()
    {
        using var server = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync($"{_data}/bridge.pid")));
        server.Kill();
        // Not our child; and its first thread may be gone while others still hold its port.
        while (!await IsGoneAsync(server) || !IsFree(_port)) await Task.Delay(10);
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists($"{_data}/bridge.pid")) await KillAsync();
        Directory.Delete(_data, recursive: true);
    }

    static async Task<bool> IsGoneAsync(Process server)
    {
        try
        {
            var stat = await File.ReadAllTextAsync($"/proc/{server.Id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].StartsWith('Z');
        }
        catch (IOException)
        {
            return true;
        }
    }

    static async Task<int> RunAsync(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]))!;
        await shell.WaitForExitAsync();
        return shell.ExitCode;
    }

    /// <summary>Below those that the system gives to connections: while the server is dead, none takes its
    /// port.</summary>
    static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(12_000, 30_000);
            if (IsFree(port)) return port;
        }
    }

    static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
