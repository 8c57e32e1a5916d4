using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Log.Kafka;
using Received.Log.Segments;
using Received.Server.Hosting;
using Received.Server.Options;
using Received.Tests.Log;
using Xunit;

namespace Received.Tests.Server;

/// <summary>Whose accounts a topic serves: data folders that meet it in one order or another.</summary>
public sealed class AccountsCheckTests : IAsyncLifetime
{
    readonly List<string> _folders = [];
    KafkaRig _rig = null!;
    KafkaLog _log = null!;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _rig = await KafkaRig.NewAsync();
        _log = await _rig.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _log.DisposeAsync();
        _rig.Dispose();
        SqliteConnection.ClearAllPools();
        foreach (var folder in _folders) Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Law_12_of_two_fresh_folders_on_an_empty_topic_the_first_is_served_and_the_other_refused()
    {
        var (first, second) = (Folder(), Folder());
        Assert.True(await ServesAsync(first, "ingest"));
        Assert.Contains("never reported to it", await RefusedAsync(second, "ingest"), StringComparison.Ordinal);
        Assert.True(await ServesAsync(first, "rate"));
        Assert.True(await ServesAsync(first, "ingest"));
    }

    [Fact]
    public async Task Law_12_of_folders_that_claim_an_empty_topic_at_once_one_is_served()
    {
        var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            var folder = Folder();
            try
            {
                return await ServesAsync(folder, "ingest");
            }
            catch (LogRefusedException)
            {
                return false;
            }
        }));
        Assert.Single(claims, served => served);
    }

    [Fact]
    public async Task Law_12_a_rater_that_began_in_an_empty_folder_never_serves_accounts_made_there_later()
    {
        var (doors, raters) = (Folder(), Folder());
        var rater = await CheckAsync(raters, "rate");
        Assert.True(await ServesAsync(doors, "ingest"));
        var later = await CheckAsync(raters, "archive");
        await MakeAccountAsync(raters);
        Assert.False(await rater.MayServeAsync(Cancel));
        Assert.False(await later.MayServeAsync(Cancel));
        Assert.Contains("never reported to it", await RefusedAsync(raters, "rate"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rater_that_was_there_before_the_door_of_its_folder_serves_its_accounts()
    {
        var folder = Folder();
        await MakeAccountAsync(folder);
        var rater = await CheckAsync(folder, "rate");
        Assert.False(await rater.MayServeAsync(Cancel));
        Assert.Null(await _log.ReadAccountsAsync());
        Assert.True(await ServesAsync(folder, "ingest"));
        // It looks once a second.
        while (!await rater.MayServeAsync(Cancel))
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancel);
    }

    [Fact]
    public async Task A_topic_from_before_it_said_whose_it_is_is_noted_for_the_folder_that_served_it()
    {
        var folder = Folder();
        await _rig.AppendAsync(_log, 1);
        Assert.Contains("never reported to it", await RefusedAsync(folder, "ingest"), StringComparison.Ordinal);
        await new ServedLog(await BillingStore.OpenAsync(folder, Cancel)).NoteAsync(_log.Identity.Id, Cancel);
        Assert.True(await ServesAsync(folder, "ingest"));
        Assert.Equal(await IdAsync(folder), await _log.ReadAccountsAsync());
        // Two that had both begun on it while it was empty: the second is numbered like the first.
        var other = Folder();
        await new ServedLog(await BillingStore.OpenAsync(other, Cancel)).NoteAsync(_log.Identity.Id, Cancel);
        Assert.Contains("numbered alike", await RefusedAsync(other, "ingest"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_that_was_claimed_opens_as_the_log_that_it_was()
    {
        Assert.True(await ServesAsync(Folder(), "ingest"));
        await using var again = await _rig.OpenAsync();
        Assert.Equal(_log.Identity, again.Identity);
        Assert.Equal(await _log.ReadAccountsAsync(), await again.ReadAccountsAsync());
    }

    string Folder()
    {
        var folder = Directory.CreateTempSubdirectory("received-accounts-").FullName;
        lock (_folders) _folders.Add(folder);
        return folder;
    }

    async Task<bool> ServesAsync(string folder, string roles) =>
        await (await CheckAsync(folder, roles)).MayServeAsync(Cancel);

    async Task<string> RefusedAsync(string folder, string roles) =>
        (await Assert.ThrowsAsync<LogRefusedException>(() => CheckAsync(folder, roles))).Message;

    async Task<AccountsCheck> CheckAsync(string folder, string roles)
    {
        var settings = Settings.Read(new()
        {
            ["Received:Data"] = folder,
            ["Received:Roles"] = roles,
            [Settings.KafkaSection + ":BootstrapServers"] = _rig.Bootstrap,
            [Settings.KafkaSection + ":Topic"] = _rig.Topic,
            [Settings.ClickHouseSection + ":ConnectionString"] = "Host=127.0.0.1",
        });
        var check = new AccountsCheck(
            settings, _log, await BillingStore.OpenAsync(folder, Cancel), TimeProvider.System,
            NullLogger<AccountsCheck>.Instance);
        await check.RunAsync(Cancel);
        return check;
    }

    static async Task MakeAccountAsync(string folder) =>
        await new AccountBook(await BillingStore.OpenAsync(folder, Cancel), TimeProvider.System)
            .CreateAsync("acme", false, Cancel);

    static async Task<Guid> IdAsync(string folder) =>
        await new ServedLog(await BillingStore.OpenAsync(folder, Cancel)).ReadDatabaseAsync(Cancel);
}
