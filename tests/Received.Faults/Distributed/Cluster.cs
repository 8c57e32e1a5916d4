using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Model.Access;
using Received.Server.Demo;
using Xunit;

namespace Received.Faults.Distributed;

/// <summary>
/// The real program in several processes, each with its role, over a topic and a database of their own.
/// </summary>
sealed class Cluster : IAsyncDisposable
{
    const string AccountName = "faults";
    const int LinesShown = 100;

    readonly string _data;
    readonly ConcurrentDictionary<string, DemoServer> _members = [];
    readonly List<HttpClient> _doors = [];
    readonly List<string> _logs = [];
    readonly Dictionary<string, string> _settings;
    readonly string _secret;
    int _nextDoor;

    Cluster(string data, string secret, OwnServers servers)
    {
        _data = data;
        _secret = secret;
        Topic = $"faults-{Guid.NewGuid():N}";
        _settings = new()
        {
            ["Received__Log__Kafka__BootstrapServers"] = servers.Bootstrap,
            ["Received__Log__Kafka__Topic"] = Topic,
            ["Received__Log__Kafka__Partitions"] = "8",
            ["Received__Log__Kafka__GroupPrefix"] = Topic + "-",
            ["Received__Log__Kafka__SessionTimeout"] = "00:00:06",
            ["Received__Log__Kafka__AppendTimeout"] = "00:00:10",
            ["Received__Usage__ClickHouse__ConnectionString"] =
                servers.ClickHouse.Replace("Database=default", $"Database=faults_{Guid.NewGuid():N}"),
        };
    }

    public string Topic { get; }

    public static async Task<Cluster> MakeAsync(OwnServers servers)
    {
        var data = Directory.CreateTempSubdirectory("received-cluster-").FullName;
        var store = await BillingStore.OpenAsync(data);
        var account = await new AccountBook(store, TimeProvider.System).CreateAsync(AccountName, false);
        var key = await new KeyBook(store, TimeProvider.System).CreateAsync(
            account!, Scopes.UsageWrite | Scopes.UsageRead, "faults");
        return new(data, key.Secret, servers);
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
        lock (_doors)
        {
            _doors.Add(new(new SocketsHttpHandler { UseProxy = false })
            {
                BaseAddress = new(member.Url),
                Timeout = TimeSpan.FromSeconds(30),
            });
        }
    }

    public DemoServer Member(string name) => _members[name];

    /// <summary>SIGTERM, and wait for the end.</summary>
    public async Task StopAsync(string name)
    {
        await _members[name].DisposeAsync();
        _members.Remove(name, out _);
    }

    /// <summary>To the doors in turn, as a balancer would.</summary>
    public async Task<int?> SendAsync(string path, string body, string type)
    {
        HttpClient door;
        lock (_doors) door = _doors[_nextDoor++ % _doors.Count];
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.Authorization = new("Bearer", _secret);
        try
        {
            using var answer = await door.SendAsync(request);
            await answer.Content.ReadAsByteArrayAsync();
            return (int)answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>Reads through the first door.</summary>
    public UsageReader Reader() => new(_doors[0], _data, AccountName);

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
