using System.Data.Common;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Log.Kafka;
using Received.Server.Hosting;
using Received.Server.Options;
using Received.Usage.ClickHouse;

namespace Received.Server.Demo;

/// <summary>
/// The adapters that the demo's server runs on: those of the settings, under names of the demo's own unless the
/// settings name a topic and a database, so that nobody else's usage is touched.
/// </summary>
sealed class DemoProfile
{
    const string DatabaseKey = "Database";
    const string DatabaseDefault = "default";

    readonly KafkaLogOptions? _ownTopic;
    readonly ClickHouseOptions? _ownDatabase;
    readonly Dictionary<string, string> _variables = new() { ["Received__Roles"] = RoleNames.All };

    /// <param name="settings">As this process has read them; the server inherits its environment.</param>
    public DemoProfile(Settings settings)
    {
        var suffix = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        Adapters = Engine.Describe(settings);
        if (settings.Kafka is { } kafka)
        {
            Set(Settings.KafkaSection, nameof(KafkaLogOptions.BootstrapServers), kafka.BootstrapServers);
            if (settings.Configuration[$"{Settings.KafkaSection}:{nameof(KafkaLogOptions.Topic)}"] is null)
            {
                var topic = $"received-demo-{suffix}";
                Set(Settings.KafkaSection, nameof(KafkaLogOptions.Topic), topic);
                _ownTopic = Bound<KafkaLogOptions>(
                    settings, Settings.KafkaSection, nameof(KafkaLogOptions.Topic), topic);
                Adapters = Adapters.Replace($"topic {kafka.Topic}", $"topic {topic}", StringComparison.Ordinal);
            }
        }

        if (settings.ClickHouse is not { } clickHouse) return;
        var connection = new DbConnectionStringBuilder { ConnectionString = clickHouse.ConnectionString };
        var isOwn = !connection.TryGetValue(DatabaseKey, out var named) || named is "" or DatabaseDefault;
        if (isOwn) connection[DatabaseKey] = $"received_demo_{suffix}";
        Set(
            Settings.ClickHouseSection, nameof(ClickHouseOptions.ConnectionString), connection.ConnectionString);
        if (isOwn)
            _ownDatabase = Bound<ClickHouseOptions>(
                settings, Settings.ClickHouseSection, nameof(ClickHouseOptions.ConnectionString),
                connection.ConnectionString);
    }

    /// <summary>What the server runs on, in words.</summary>
    public string Adapters { get; }

    /// <summary>For the server's environment.</summary>
    public IReadOnlyDictionary<string, string> Variables => _variables;

    /// <summary>Deletes topic and database where they are the demo's own.</summary>
    public async Task DropAsync(TimeProvider time)
    {
        if (_ownTopic is not null) await KafkaLog.DeleteAsync(_ownTopic, time, NullLogger.Instance);
        if (_ownDatabase is not null) await ClickHouseUsageStore.DropAsync(_ownDatabase);
    }

    void Set(string section, string name, string value) =>
        _variables[$"{section}:{name}".Replace(":", "__", StringComparison.Ordinal)] = value;

    /// <summary>A section's options with another value of one of them.</summary>
    static T Bound<T>(Settings settings, string section, string name, string value) where T : class =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Configuration.GetSection(section).AsEnumerable(makePathsRelative: true))
            .AddInMemoryCollection([KeyValuePair.Create(name, (string?)value)])
            .Build().Get<T>()!;
}
