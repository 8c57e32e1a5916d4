using System.Data.Common;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Received.Server.Cli;
using Received.Server.Options;
using Received.Tests.Servers;
using Received.Tests.Tidy;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Received.Tests.Server;

/// <summary>
/// What is deployed by files that no test can run: compose.yaml, Dockerfile and the systemd unit name the settings,
/// commands, ports and images that the code knows.
/// </summary>
public sealed class DeployTests
{
    static readonly string[] Roles = ["door", "rater", "archiver", "biller"];

    readonly YamlMappingNode _services = (YamlMappingNode)Yaml().Children["services"];
    readonly IReadOnlyList<(string Name, string Value)> _docker = Instructions();

    [Fact]
    public void Every_container_of_ours_starts_with_settings_and_roles_that_are_taken()
    {
        var all = ServerRoles.None;
        foreach (var name in Roles)
        {
            var command = Texts(Of(name), "command");
            var parse = Commands.Make(Output.ForProcess()).Parse(command);
            Assert.Empty(parse.Errors);
            Assert.Equal(ServeCommand.Name, parse.CommandResult.Command.Name);
            var settings = SettingsOf(name, parse.GetValue<string?>("--roles"));
            Assert.True(settings.IsShared);
            all |= settings.Roles;
        }

        Assert.Equal(ServerRoles.All, all);
    }

    [Fact]
    public void Kafka_and_ClickHouse_are_where_the_settings_say()
    {
        var settings = SettingsOf("rater", null);
        var kafka = Environment("kafka");
        Assert.EndsWith("://" + settings.Kafka!.BootstrapServers, kafka["KAFKA_ADVERTISED_LISTENERS"]);
        Assert.Contains(kafka["KAFKA_LOG_DIRS"], Texts(Of("kafka"), "volumes").Single(), StringComparison.Ordinal);
        var clickHouse = Environment("clickhouse");
        var connection = new DbConnectionStringBuilder { ConnectionString = settings.ClickHouse!.ConnectionString };
        Assert.Equal("clickhouse", connection["Host"]);
        Assert.Equal(clickHouse["CLICKHOUSE_USER"], connection["Username"]);
        Assert.Equal(clickHouse["CLICKHOUSE_PASSWORD"], connection["Password"]);
        var health = string.Join(' ', Texts((YamlMappingNode)Of("clickhouse").Children["healthcheck"], "test"));
        Assert.Contains($":{connection["Port"]}/ping", health, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tests_run_against_the_images_that_are_deployed()
    {
        Assert.Equal(KafkaServer.Image, Text(Of("kafka"), "image"));
        Assert.Equal(ClickHouseServer.Image, Text(Of("clickhouse"), "image"));
    }

    [Fact]
    public void The_image_is_of_the_frameworks_version_and_not_roots()
    {
        var framework = XDocument.Load(Path.Combine(Source.Root, "Directory.Build.props"))
            .Descendants("TargetFramework").Single().Value["net".Length..];
        Assert.All(
            _docker.Where(line => line.Name == "FROM"),
            line => Assert.EndsWith(":" + framework, line.Value.Split(' ')[0], StringComparison.Ordinal));
        Assert.NotEqual("root", _docker.Last(line => line.Name == "USER").Value);
        foreach (var copied in _docker.Where(line => line.Name == "COPY" && !line.Value.StartsWith('-')))
            foreach (var path in copied.Value.Split(' ')[..^1])
                Assert.True(Path.Exists(Path.Combine(Source.Root, path)), path);
    }

    [Fact]
    public void The_image_listens_and_keeps_its_data_where_it_says()
    {
        var set = _docker.Where(line => line.Name == "ENV").SelectMany(line => line.Value.Split(' '))
            .Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => (string?)pair[1]);
        var settings = Settings.Read(set.ToDictionary(pair => Key(pair.Key), pair => pair.Value));
        var port = new Uri(settings.Server.Urls).Port.ToString();
        Assert.Equal(port, _docker.Single(line => line.Name == "EXPOSE").Value);
        Assert.Equal(settings.Server.Data, _docker.Single(line => line.Name == "VOLUME").Value);
        Assert.EndsWith($":{port}:{port}", Texts(Of("door"), "ports").Single());
        Assert.All(Roles, name => Assert.EndsWith(":" + settings.Server.Data, Texts(Of(name), "volumes").Single()));

        var program = JsonSerializer.Deserialize<string[]>(_docker.Single(line => line.Name == "ENTRYPOINT").Value)!;
        Assert.Equal("./" + typeof(Settings).Assembly.GetName().Name, Assert.Single(program));
        var check = _docker.Single(line => line.Name == "HEALTHCHECK").Value;
        var asked = JsonSerializer.Deserialize<string[]>(check[check.IndexOf('[')..])!;
        Assert.Equal(program[0], asked[0]);
        Assert.Empty(Commands.Make(Output.ForProcess()).Parse(asked[1..]).Errors);
        Assert.Contains(":" + port, asked[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_health_command_says_how_a_server_is()
    {
        await using var server = await RunningServer.StartAsync();
        await server.CaughtUpAsync();
        Assert.Equal((0, "live\n"), await HealthAsync("--live", "--url", server.Client.BaseAddress!.ToString()));
        Assert.Equal(1, (await HealthAsync("--url", "http://127.0.0.1:1")).Code);
        Assert.NotEmpty(Commands.Make(Output.ForProcess()).Parse(["health", "--url", "here"]).Errors);
    }

    [Fact]
    public void The_systemd_unit_starts_a_server()
    {
        var unit = File.ReadAllLines(Path.Combine(Source.Root, "deploy", "received.service"));
        var start = unit.Single(line => line.StartsWith("ExecStart=", StringComparison.Ordinal)).Split(' ')[1..];
        Assert.Empty(Commands.Make(Output.ForProcess()).Parse(start).Errors);
    }

    static async Task<(int Code, string Text)> HealthAsync(params string[] options)
    {
        await using var text = new StringWriter { NewLine = "\n" };
        var code = await Commands.Make(new(text, TextWriter.Null, null)).Parse(["health", .. options]).InvokeAsync();
        return (code, text.ToString());
    }

    Settings SettingsOf(string service, string? roles)
    {
        var given = Environment(service).ToDictionary(pair => Key(pair.Key), pair => (string?)pair.Value);
        if (roles is not null) given["Received:Roles"] = roles;
        return Settings.Read(given);
    }

    /// <summary>With what it takes over by a merge key; its own entries go before that.</summary>
    YamlMappingNode Of(string service)
    {
        var own = (YamlMappingNode)_services.Children[service];
        if (!own.Children.TryGetValue("<<", out var taken)) return own;
        var merged = new YamlMappingNode();
        var more = ((YamlMappingNode)taken).Children.Where(pair => !own.Children.ContainsKey(pair.Key));
        foreach (var (key, value) in more.Concat(own.Children)) merged.Add(key, value);
        return merged;
    }

    /// <summary>With the defaults of what the shell may give.</summary>
    Dictionary<string, string> Environment(string service) =>
        ((YamlMappingNode)Of(service).Children["environment"]).Children.ToDictionary(
            pair => pair.Key.ToString(),
            pair => Regex.Replace(pair.Value.ToString(), @"\$\{\w+:-(\w+)\}", "$1"));

    static string Key(string variable) => variable.Replace("__", ":", StringComparison.Ordinal);

    static string Text(YamlMappingNode node, string key) => node.Children[key].ToString();

    static string[] Texts(YamlMappingNode node, string key) =>
        [.. ((YamlSequenceNode)node.Children[key]).Select(child => child.ToString())];

    static YamlMappingNode Yaml()
    {
        using var reader = new StreamReader(Path.Combine(Source.Root, "deploy", "compose.yaml"));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    /// <summary>Without comments, continued lines joined.</summary>
    static List<(string Name, string Value)> Instructions()
    {
        var text = string.Join('\n', File.ReadLines(Path.Combine(Source.Root, "Dockerfile"))
            .Where(line => !line.StartsWith('#'))).Replace("\\\n", " ", StringComparison.Ordinal);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Regex.Replace(line, @"\s+", " ").Split(' ', 2))
            .Select(parts => (parts[0], parts[1]))];
    }
}
