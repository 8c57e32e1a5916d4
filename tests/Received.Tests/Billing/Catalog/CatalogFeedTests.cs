using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Billing.Catalog;
using Received.Model;
using Received.Model.Catalog;
using Xunit;
using static Received.Tests.Billing.Catalog.CatalogRig;

namespace Received.Tests.Billing.Catalog;

public sealed class CatalogFeedTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static AssertionFit Check(
        CatalogDirectory directory, AccountId account, string currency, string at = "2026-03-01T00:00Z",
        string customer = "c1") => directory.Current.Check(
        account, Encoding.UTF8.GetBytes(customer), "p1"u8, Ms(at), Encoding.UTF8.GetBytes(currency), default);

    [Fact]
    public async Task The_feed_follows_contracts_that_another_connection_writes_without_being_told()
    {
        await using var rig = await OpenAsync();
        await rig.FillAsync(rig.First);
        var directory = new CatalogDirectory();
        using var feed = new CatalogFeed(
            rig.Store, directory, TimeProvider.System, NullLogger<CatalogFeed>.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var running = feed.RunAsync(stop.Token);

        await rig.CreateAsync(Terms(PerUnit("a")));
        while (Check(directory, rig.First, "USD") != AssertionFit.WrongCurrency) await Task.Delay(10, Cancel);
        Assert.Equal(AssertionFit.Fits, Check(directory, rig.First, "EUR"));
        // Before the line's first day there is no contract, nor in another account or for another customer.
        Assert.Equal(AssertionFit.Fits, Check(directory, rig.First, "USD", "2025-12-31T22:59:59Z"));
        Assert.Equal(AssertionFit.Fits, Check(directory, rig.Other, "USD"));
        Assert.Equal(AssertionFit.Fits, Check(directory, rig.First, "USD", customer: "c"));

        await rig.FollowAsync(1, Terms(PerUnit("a") with { End = new(2026, 4, 1) }));
        while (Check(directory, rig.First, "USD", "2026-04-01T12:00Z") != AssertionFit.Fits)
            await Task.Delay(10, Cancel);
        Assert.Equal(AssertionFit.WrongCurrency, Check(directory, rig.First, "USD", "2026-03-31T21:59:59Z"));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_contract_that_cannot_be_read_stops_no_other()
    {
        await using var rig = await OpenAsync();
        await rig.FillAsync(rig.First);
        await rig.CreateAsync(Terms(PerUnit("a")));
        await rig.CreateAsync(Terms(Flat("b")), "k2");
        await using (var db = rig.Store.Context())
        {
            await db.Database.ExecuteSqlRawAsync("DROP TRIGGER contract_versions_never_updated", Cancel);
            await db.ContractVersions.Where(row => row.ContractId == 2)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.Terms, "{"), Cancel);
        }

        var directory = new CatalogDirectory();
        using var feed = new CatalogFeed(rig.Store, directory, rig.Time, NullLogger<CatalogFeed>.Instance);
        await feed.ReloadAsync(Cancel);
        Assert.Equal(AssertionFit.WrongCurrency, Check(directory, rig.First, "USD"));
        Assert.Equal(1, directory.Current.Count);
    }
}
