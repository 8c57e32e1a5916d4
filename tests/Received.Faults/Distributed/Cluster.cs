using System.Collections.Concurrent;
using Received.Server.Demo;
using Xunit;

namespace Received.Faults.Distributed;

/// <summary>
/// The real program in several processes, each with its role, over a topic and a database of their own.
/// </summary>
sealed class Cluster : IAsyncDisposable
{
    const int LinesShown = 100;

    readonly string _data;
    readonly ConcurrentDictionary<string, DemoServer> _members = [];
    readonly List<HttpClient> _doors = [];
    readonly List<string> _logs = [];
    readonly Dictionary<string, string> _settings;
    readonly FaultsAccount _account;
    int _nextDoor;

    Cluster(string data, FaultsAccount account, OwnServers servers)
    {
        _data = data;
        _account = account;
        _settings = new()
        {
            ["Received__Log__Kafka__BootstrapServers"] = servers.Bootstrap,
            ["Received__Log__Kafka__Topic"] = $"faults-{Guid.NewGuid():N}",
            ["Received__Log__Kafka__Partitions"] = "8",
            ["Received__Log__Kafka__SessionTimeout"] = "00:00:06",
            ["Received__Log__Kafka__AppendTimeout"] = "00:00:10",
            ["Received__Usage__ClickHouse__ConnectionString"] =
                servers.ClickHouse.Replace("Database=default", $"Database=faults_{Guid.NewGuid():N}"),
        };
    }

    public static async Task<Cluster> MakeAsync(OwnServers servers)
    {
        var data = Directory.CreateTempSubdirectory("received-cluster-").FullName;
        return new(data, await FaultsAccount.MakeAsync(data), servers);
    }

    /// <summary>Starts a process with these roles; doors are sent to from then on.</summary>
    /// <param name="name">To stop or kill it by.</param>
    public async Task StartAsync(string name, string roles)
    {
        var log = Path.GetTempFileName();
        lock (_logs) _logs.Add(log);
        var settings = new Dictionary<string, string>(_settings) { ["Received__Roles"] = roles };
        var member = new DemoServer(_data, TimeProvider.System, World.Program, log, settings);
        _members[name] = member;
        await member.StartAsync(default);
        if (!roles.Contains("ingest", StringComparison.Ordinal)) return;
        lock (_doors) _doors.Add(FaultsAccount.Client(member.Url));
    }

    public DemoServer Member(string name) => _members[name];

    /// <summary>SIGTERM, and wait for the end.</summary>
    public async Task StopAsync(string name)
    {
        await _members[name].DisposeAsync();
        _members.Remove(name, out _);
    }

    /// <summary>To the doors in turn, as a balancer would.</summary>
    public Task<int?> SendAsync(string path, string body, string type)
    {
        HttpClient door;
        lock (_doors) door = _doors[_nextDoor++ % _doors.Count];
        return _account.SendAsync(door, path, body, type);
    }

    /// <summary>Reads through the first door.</summary>
    public UsageReader Reader() => new(_doors[0], _data, FaultsAccount.Name);

    /// <summary>What all processes printed.</summary>
    public string Printed() => string.Join('\n', _logs.Select(File.ReadAllText));

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members.Values) await member.DisposeAsync();
        foreach (var door in _doors) door.Dispose();
        // Shown of failed tests alone.
        foreach (var log in _logs)
        {
            var lines = File.ReadLines(log).TakeLast(LinesShown);
            TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', lines));
        }

        foreach (var log in _logs) File.Delete(log);
        Directory.Delete(_data, recursive: true);
    }
}
