using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Received.Faults.Distributed;

/// <summary>
/// Kafka and ClickHouse of a test's own, so that it can kill them: started by the scripts in the folder that
/// RECEIVED_SERVICES names. Where there is none, the test is skipped and says why.
/// </summary>
sealed class OwnServers : IAsyncDisposable
{
    const string Variable = "RECEIVED_SERVICES";
    const int ControllerAbove = 100;

    // The first start on a machine downloads what it needs.
    static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    readonly string _scripts;
    readonly string _folder = Directory.CreateTempSubdirectory("received-servers-").FullName;
    readonly int _brokers;
    readonly int _kafkaPort;
    readonly int _clickHousePort;

    OwnServers(string scripts, int brokers)
    {
        _scripts = scripts;
        _brokers = brokers;
        // The controller listens 100 above the first broker.
        _kafkaPort = FreePort(count: ControllerAbove + 1);
        _clickHousePort = FreePort(count: 1);
    }

    public string Bootstrap { get; private set; } = "";

    public string ClickHouse { get; private set; } = "";

    public static async Task<OwnServers> StartAsync(int brokers = 1, bool clickHouse = true)
    {
        var scripts = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(
            string.IsNullOrEmpty(scripts),
            $"No Kafka and ClickHouse to kill: {Variable} does not name a folder with kafka/start.sh and "
            + "clickhouse/start.sh.");
        var servers = new OwnServers(scripts!, brokers);
        try
        {
            await servers.StartKafkaAsync();
            if (clickHouse) await servers.StartClickHouseAsync();
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the brokers that do not run.</summary>
    public async Task StartKafkaAsync() =>
        Bootstrap = await RunAsync("kafka/start.sh", $"{_kafkaPort}", KafkaFolder, $"{_brokers}");

    public async Task StartClickHouseAsync() =>
        ClickHouse = await RunAsync("clickhouse/start.sh", $"{_clickHousePort}", ClickHouseFolder);

    /// <summary>Brokers count from 1; the first also holds the controller.</summary>
    public async Task KillBrokerAsync(int number)
    {
        await EndAsync(BrokerPid(number), _kafkaPort + number - 1);
        if (number == 1) await UntilFreeAsync(_kafkaPort + ControllerAbove);
    }

    public Task KillClickHouseAsync() =>
        EndAsync(ReadPid(Path.Combine(ClickHouseFolder, "bridge.pid")), _clickHousePort);

    /// <summary>STOP or CONT: a broker that is there and does not answer.</summary>
    public Task SignalBrokerAsync(int number, string signal) => SignalAsync(BrokerPid(number), signal);

    public static async Task SignalAsync(int pid, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        for (var number = 1; number <= _brokers; number++) await KillBrokerAsync(number);
        await KillClickHouseAsync();
        Directory.Delete(_folder, recursive: true);
    }

    string KafkaFolder => Path.Combine(_folder, "kafka");

    string ClickHouseFolder => Path.Combine(_folder, "clickhouse");

    int BrokerPid(int number) => ReadPid(Path.Combine(KafkaFolder, $"{number}", "kafka.pid"));

    /// <summary>The last line that the script prints: where the server is reached.</summary>
    async Task<string> RunAsync(string script, params string[] arguments)
    {
        // To files: the server inherits a pipe, and would keep its reader waiting.
        var (output, errors) = (Path.Combine(_folder, "out"), Path.Combine(_folder, "err"));
        var command = $"exec \"$0\" \"$@\" >'{output}' 2>'{errors}' </dev/null";
        using var process = Process.Start("sh", ["-c", command, Path.Combine(_scripts, script), .. arguments]);
        using var limit = new CancellationTokenSource(StartLimit);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, await File.ReadAllTextAsync(errors) + await File.ReadAllTextAsync(output));
        return (await File.ReadAllLinesAsync(output))[^1];
    }

    static int ReadPid(string file) => File.Exists(file) ? int.Parse(File.ReadAllText(file).Trim()) : 0;

    static async Task EndAsync(int pid, int port)
    {
        if (pid == 0) return;
        await SignalAsync(pid, "KILL");
        while (IsRunning(pid)) await Task.Delay(20);
        await UntilFreeAsync(port);
    }

    /// <summary>A process's first thread may be gone while others still hold its sockets.</summary>
    static async Task UntilFreeAsync(int port)
    {
        while (!IsFree(port)) await Task.Delay(20);
    }

    /// <summary>A process that has ended may linger as a zombie where nothing reaps it.</summary>
    static bool IsRunning(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The first of some ports, below those that the system gives to clients, of which the ends are
    /// free.</summary>
    static int FreePort(int count)
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 30_000);
            if (IsFree(port) && IsFree(port + count - 1)) return port;
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
