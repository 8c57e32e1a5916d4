using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Xunit;

namespace Received.Faults;

/// <summary>
/// SIGKILL at random moments of an invoice run, as Quartz wakes it in the real server. The long form runs with
/// RECEIVED_FAULTS_KILLS=50.
/// </summary>
public sealed class InvoiceKillTests
{
    const int ContractsPerKill = 60;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Law_6_every_invoice_is_made_once_with_numbers_without_a_gap_over_kills_during_the_run()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var world = await World.MakeAsync(
            settings: new Dictionary<string, string> { ["Received__Billing__InvoiceEvery"] = "00:00:01" });
        var store = await BillingStore.OpenAsync(world.Data, Cancellation);
        var contracts = KillTests.Kills * ContractsPerKill;
        var month = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var first = new DateOnly(month.Year, month.Month, 1).AddMonths(-1);
        await MonthlyContracts.SeedAsync(store, contracts, first);
        await world.Server.StartAsync(Cancellation);
        await UseAsync(world, first);

        var interrupted = 0;
        for (var kill = 0; kill < KillTests.Kills; kill++)
        {
            await GrowAsync(store, contracts, random.Next(1, ContractsPerKill * 2 / 3));
            await Task.Delay(random.Next(0, 20), Cancellation);
            await world.Server.KillAsync(Cancellation);
            var made = await CheckAsync(store);
            if (made > 0 && made < contracts) interrupted++;
            await world.Server.StartAsync(Cancellation);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"seed {seed}: {KillTests.Kills} kills, {interrupted} with the run half done");
        while (await CheckAsync(store) < contracts) await Task.Delay(200, Cancellation);
        Assert.True(interrupted > KillTests.Kills / 2, $"Only {interrupted} kills met a run half done.");
        await AssertAllAsync(store, contracts);
    }

    /// <summary>Waits until the run has made some invoices more, or all.</summary>
    static async Task GrowAsync(BillingStore store, int contracts, int more)
    {
        await using var db = store.Context();
        var target = Math.Min(await db.Invoices.CountAsync(Cancellation) + more, contracts);
        while (await db.Invoices.CountAsync(Cancellation) < target) await Task.Delay(1, Cancellation);
    }

    /// <summary>What must be true at any moment; the number of invoices.</summary>
    static async Task<int> CheckAsync(BillingStore store)
    {
        await using var db = store.Context();
        // One snapshot, and no writer has to wait for it.
        await db.Database.OpenConnectionAsync(Cancellation);
        await using var snapshot = ((SqliteConnection)db.Database.GetDbConnection()).BeginTransaction(deferred: true);
        await db.Database.UseTransactionAsync(snapshot, Cancellation);
        var invoices = await db.Invoices.AsNoTracking().OrderBy(row => row.Number).ToListAsync(Cancellation);
        Assert.Equal(Enumerable.Range(1, invoices.Count).Select(n => (long?)n), invoices.Select(row => row.Number));
        Assert.All(invoices, row => Assert.Equal(InvoiceState.Issued, row.State));
        var entries = await db.Entries.AsNoTracking().Where(row => row.Kind == EntryKind.InvoiceIssued)
            .Select(row => row.Source).ToListAsync(Cancellation);
        Assert.Equal(
            invoices.Select(row => $"invoice:{row.Id.ToString(CultureInfo.InvariantCulture)}").Order(),
            entries.Order());
        var charges = await db.Charges.AsNoTracking().ToListAsync(Cancellation);
        Assert.Equal(invoices.Count * 2, charges.Count);
        Assert.All(charges, row => Assert.Equal(1, row.Revision));
        Assert.Equal(
            charges.Count, await db.Cycles.CountAsync(row => row.State == CycleState.Billed, Cancellation));
        Assert.Equal(0, await db.Postings.SumAsync(row => row.AmountMinor, Cancellation));
        Assert.Equal(
            invoices.Sum(row => row.TotalMinor),
            await db.Postings.Where(row => row.LedgerAccount == LedgerAccount.Receivable)
                .SumAsync(row => row.AmountMinor, Cancellation));
        return invoices.Count;
    }

    static async Task AssertAllAsync(BillingStore store, int contracts)
    {
        await using var db = store.Context();
        var invoices = await db.Invoices.AsNoTracking().ToListAsync(Cancellation);
        Assert.Equal(contracts, invoices.Select(row => row.ContractId).Distinct().Count());
        Assert.Equal(contracts, invoices.Count);
        // A fee of 10.00 and, of the first customer, 7 units at 0.50; 19 % on top.
        Assert.Equal(1607, invoices.Single(row => row.ContractId == 1).TotalMinor);
        Assert.All(invoices.Where(row => row.ContractId > 1), row => Assert.Equal(1190, row.TotalMinor));
        Assert.Equal(contracts, await db.Outbox.CountAsync(row => row.Kind == "invoice.issued", Cancellation));
    }

    static async Task UseAsync(World world, DateOnly first)
    {
        var last = first.AddMonths(1).AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var body = $$"""
            {"timestamp":"{{last}}T12:00:00Z","customer_ref":"c0","usage_product_ref":"units","quantity":7,
             "idempotency_key":"one"}
            """;
        Assert.Equal(200, await world.SendAsync("/api/usage/event", body));
    }
}
