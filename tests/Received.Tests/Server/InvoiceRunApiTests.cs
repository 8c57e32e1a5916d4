using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Received.Billing.Store;
using Received.Model.Access;
using Received.Server.Api;
using Received.Tests.Billing.Payments;
using Xunit;

namespace Received.Tests.Server;

public sealed class InvoiceRunApiTests
{
    [Fact]
    public async Task Law_12_an_invoice_run_tells_a_key_of_its_own_account_and_the_operator_of_all()
    {
        await using var server = await RunningServer.StartAsync();
        string[] keys =
        [
            (await server.NewKeyAsync("acme", Scopes.Admin)).Secret,
            (await server.NewKeyAsync("other", Scopes.Admin)).Secret,
        ];
        var store = server.Provider.GetRequiredService<BillingStore>();
        for (uint account = 1; account <= 2; account++)
        {
            await PaymentSeed.CatalogAsync(store, account);
            await BreakAsync(store, account);
        }

        Assert.Equal("1", await ProblemsAsync(keys[0]));
        Assert.Equal("2", await ProblemsAsync(keys[1]));
        Assert.Equal("1 2", await ProblemsAsync(server.Provider.GetRequiredService<ControlToken>().Text));

        async Task<string> ProblemsAsync(string key)
        {
            var (status, text) = await server.SendAsync(HttpMethod.Post, "/api/admin/invoice-run", key);
            Assert.True(status == 200, text);
            var problems = JsonDocument.Parse(text).RootElement.GetProperty("problems").EnumerateArray();
            return string.Join(
                ' ', problems.Select(problem => problem.GetProperty("account_id").GetUInt32()).Distinct().Order());
        }
    }

    /// <summary>Gives the account's contract terms that nobody can read.</summary>
    static async Task BreakAsync(BillingStore store, uint account)
    {
        await using var db = store.Context();
        db.ContractVersions.Add(new()
        {
            ContractId = account,
            Number = 1,
            EffectiveAtMs = 0,
            Terms = "{}",
            CreatedAtMs = 0,
            Actor = "test",
        });
        await db.SaveChangesAsync();
    }
}
