using Received.Billing.Store;
using Received.Log.Segments;
using Received.Model.Access;
using Xunit;

namespace Received.Tests.Server;

public sealed class AccountsLostTests
{
    [Fact]
    public async Task Law_12_accounts_that_were_lost_are_not_numbered_anew_over_their_usage()
    {
        var server = await RunningServer.StartAsync();
        await server.NewKeyAsync("acme", Scopes.UsageRead);
        var error = await Assert.ThrowsAsync<LogRefusedException>(() => server.RestartAsync(
            folder => File.Delete(Path.Combine(folder, BillingStore.FileName))));
        Assert.Contains(BillingStore.FileName, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(server.Folder, BillingStore.FileName)));
        Directory.Delete(server.Folder, recursive: true);
    }
}
