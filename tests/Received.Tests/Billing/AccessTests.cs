using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Billing.Access;
using Received.Billing.Store;
using Received.Model.Access;
using Xunit;

namespace Received.Tests.Billing;

public sealed class AccessTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("received-billing-").FullName;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_account_name_is_given_once()
    {
        var accounts = new AccountBook(await BillingStore.OpenAsync(_folder, Cancel), TimeProvider.System);
        var first = await accounts.CreateAsync("acme", allowsNegativeQuantity: false, Cancel);
        Assert.Equal(1u, first!.Id.Value);
        Assert.Null(await accounts.CreateAsync("acme", allowsNegativeQuantity: true, Cancel));
        var second = await accounts.CreateAsync("Acme", allowsNegativeQuantity: true, Cancel);
        Assert.True(second!.AllowsNegativeQuantity);
        Assert.Equal(["acme", "Acme"], (await accounts.ListAsync(Cancel)).Select(row => row.Account.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" acme")]
    [InlineData("ac\nme")]
    public void Account_names_are_printable(string name) => Assert.False(AccountBook.IsName(name));

    [Fact]
    public async Task Law_12_the_database_does_not_hold_a_keys_text()
    {
        var store = await BillingStore.OpenAsync(_folder, Cancel);
        var account = await new AccountBook(store, TimeProvider.System).CreateAsync("acme", false, Cancel);
        var key = await new KeyBook(store, TimeProvider.System).CreateAsync(account!, Scopes.UsageRead, "", Cancel);
        Assert.Matches("^rk_[A-Za-z0-9_-]{43}$", key.Secret);
        SqliteConnection.ClearAllPools();
        foreach (var file in Directory.GetFiles(_folder))
            Assert.DoesNotContain(
                key.Secret[3..], System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Cancel)),
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task Law_12_a_snapshot_knows_a_key_its_account_and_scopes_until_it_is_revoked()
    {
        var store = await BillingStore.OpenAsync(_folder, Cancel);
        var keys = new KeyBook(store, TimeProvider.System);
        var account = await new AccountBook(store, TimeProvider.System).CreateAsync("acme", true, Cancel);
        var key = await keys.CreateAsync(account!, Scopes.UsageRead, "reports", Cancel);
        var directory = new AccessDirectory();
        using var feed = new AccessFeed(store, directory, TimeProvider.System, NullLogger<AccessFeed>.Instance);
        await feed.ReloadAsync(Cancel);

        Assert.Equal(new Principal(account!, key.KeyId, Scopes.UsageRead), directory.Current.Find(key.Secret));
        Assert.Null(directory.Current.Find(key.Secret + "x"));
        Assert.Equal(Revocation.Revoked, await keys.RevokeAsync(key.KeyId, Cancel));
        Assert.Equal(Revocation.RevokedBefore, await keys.RevokeAsync(key.KeyId, Cancel));
        Assert.Equal(Revocation.Unknown, await keys.RevokeAsync("key_99", Cancel));
        Assert.Equal(Revocation.Unknown, await keys.RevokeAsync("nonsense", Cancel));
        await feed.ReloadAsync(Cancel);
        Assert.Null(directory.Current.Find(key.Secret));
        Assert.NotNull(Assert.Single(await keys.ListAsync(Cancel)).RevokedAt);
    }

    [Fact]
    public async Task The_feed_sees_what_another_connection_writes()
    {
        var store = await BillingStore.OpenAsync(_folder, Cancel);
        var directory = new AccessDirectory();
        using var feed = new AccessFeed(store, directory, TimeProvider.System, NullLogger<AccessFeed>.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var running = feed.RunAsync(stop.Token);

        var other = await BillingStore.OpenAsync(_folder, Cancel);
        var account = await new AccountBook(other, TimeProvider.System).CreateAsync("acme", false, Cancel);
        var keys = new KeyBook(other, TimeProvider.System);
        var key = await keys.CreateAsync(account!, Scopes.UsageWrite, "", Cancel);
        while (directory.Current.Find(key.Secret) is null) await Task.Delay(10, Cancel);
        await keys.RevokeAsync(key.KeyId, Cancel);
        while (directory.Current.Find(key.Secret) is not null) await Task.Delay(10, Cancel);

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_database_of_a_newer_program_is_refused()
    {
        await BillingStore.OpenAsync(_folder, Cancel);
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "billing.db")}"))
        {
            await connection.OpenAsync(Cancel);
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            await command.ExecuteNonQueryAsync(Cancel);
        }

        var error = await Assert.ThrowsAsync<BillingSchemaException>(() => BillingStore.OpenAsync(_folder, Cancel));
        Assert.Contains("99", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_openers_make_the_schema_once_and_with_it_the_database_s_own_id()
    {
        var stores = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => BillingStore.OpenAsync(_folder, Cancel))));
        var ids = await Task.WhenAll(stores.Select(store => new ServedLog(store).ReadDatabaseAsync(Cancel)));
        Assert.NotEqual(Guid.Empty, Assert.Single(ids.Distinct()));
    }

    [Fact]
    public void Stored_scopes_keep_their_numbers()
    {
        Assert.Equal([0, 1, 2, 4, 8, 16], Enum.GetValues<Scopes>().Select(scope => (int)scope));
        Assert.True(ScopeNames.TryParse(["usage:read", "usage:write"], out var scopes));
        Assert.Equal("usage:write usage:read", ScopeNames.Format(scopes));
        Assert.False(ScopeNames.TryParse(["usage:all"], out _));
    }
}
