using Received.Server.Options;
using Xunit;

namespace Received.Tests.Server;

/// <summary>Which adapters and roles the settings choose, and what is refused before anything is opened.</summary>
public sealed class ProfileSettingsTests
{
    const string Kafka = "Received:Log:Kafka:BootstrapServers=127.0.0.1:1";
    const string ClickHouse = "Received:Usage:ClickHouse:ConnectionString=Host=127.0.0.1";

    [Fact]
    public void Without_a_word_everything_is_files_in_the_data_folder_and_one_process_does_all()
    {
        var settings = Read();
        Assert.Null(settings.Kafka);
        Assert.Null(settings.ClickHouse);
        Assert.False(settings.IsShared);
        Assert.Equal(ServerRoles.All, settings.Roles);
    }

    [Theory]
    [InlineData(false, Kafka)]
    [InlineData(false, ClickHouse)]
    [InlineData(true, Kafka, ClickHouse)]
    public void A_connection_string_chooses_an_adapter(bool shared, params string[] given)
    {
        var settings = Read(given);
        Assert.Equal(given.Contains(Kafka), settings.Kafka is not null);
        Assert.Equal(given.Contains(ClickHouse), settings.ClickHouse is not null);
        Assert.Equal(shared, settings.IsShared);
    }

    [Theory]
    [InlineData("ingest", ServerRoles.Ingest)]
    [InlineData("Rate, archive", ServerRoles.Rate | ServerRoles.Archive)]
    [InlineData("bill,archive,ingest,rate", ServerRoles.All)]
    public void Roles_run_apart_on_Kafka_and_ClickHouse(string text, object roles) =>
        Assert.Equal(roles, Read(Kafka, ClickHouse, "Received:Roles=" + text).Roles);

    [Theory]
    [InlineData("segment files")]
    [InlineData("segment files", ClickHouse)]
    [InlineData("usage rests in DuckDB", Kafka)]
    public void Roles_apart_are_refused_where_one_process_has_the_files_to_itself(string because, params string[] given)
    {
        var refused = Refused([.. given, "Received:Roles=ingest"]);
        Assert.Contains(because, refused, StringComparison.Ordinal);
        Assert.Contains("Received__Roles", refused, StringComparison.Ordinal);
        Assert.Contains("Received:Log:Kafka:BootstrapServers", refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Received:Roles=billing", "ingest,rate,archive")]
    [InlineData("Received:Log:Kafka:Topic=t", "Received__Log__Kafka__BootstrapServers")]
    [InlineData("Received:Log:Kafak:Topic=t", "Received:Log:Kafak (environment: Received__Log__Kafak) is no section")]
    [InlineData("Received:Usage:ClickHouse:Host=h", "Received__Usage__ClickHouse__Host")]
    public void What_means_nothing_is_named(string given, string named) =>
        Assert.Contains(named, Refused(given), StringComparison.Ordinal);

    [Fact]
    public void Settings_of_the_log_that_was_not_chosen_are_named() => Assert.Contains(
        "Received__Log__SegmentBytes", Refused(Kafka, "Received:Log:SegmentBytes=1048576"), StringComparison.Ordinal);

    [Fact]
    public void A_command_of_its_own_takes_no_events_and_rates_only_what_nobody_else_does()
    {
        Assert.Equal(ServerRoles.Rate | ServerRoles.Archive, Read().ForCommand().Roles);
        Assert.Equal(ServerRoles.None, Read(Kafka, ClickHouse).ForCommand().Roles);
    }

    static string Refused(params string[] given) => Assert.Throws<SettingsException>(() => Read(given)).Message;

    static Settings Read(params string[] given) => Settings.Read(
        given.Select(one => one.Split('=', 2)).ToDictionary(one => one[0], one => (string?)one[1]));
}
