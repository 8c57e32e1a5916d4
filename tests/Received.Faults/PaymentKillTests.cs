using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Access;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Payments;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Access;
using Received.Server.Demo.FakeStripe;
using Xunit;

namespace Received.Faults;

/// <summary>
/// SIGKILL at random moments while money comes in by transfer and by card and goes back, with the stand-in for Stripe.
/// The long form runs with RECEIVED_FAULTS_KILLS=30.
/// </summary>
public sealed class PaymentKillTests
{
    const int InvoicesPerKill = 20;

    /// <summary>Longer than the sweep leaves a refund without an outcome to its notice.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    /// <summary>One sweep settles what the last kill left, or a second where a notice was under way.</summary>
    const int SettleRoundsMax = 10;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Law_10_every_payment_is_booked_once_over_kills_at_random_moments()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var stripe = await FakeStripeServer.StartAsync(TimeProvider.System, Cancellation);
        await using var world = await World.MakeAsync(settings: Settings(stripe));
        stripe.Webhooks.Endpoint = new(new Uri(world.Server.Url), "/api/webhooks/stripe");
        var store = await BillingStore.OpenAsync(world.Data, Cancellation);
        var account = (await new AccountBook(store, TimeProvider.System).FindAsync(FaultsAccount.Name, Cancellation))!;
        var key = await new KeyBook(store, TimeProvider.System).CreateAsync(
            account, Scopes.BillingRead | Scopes.BillingWrite, "payments", Cancellation);
        var count = KillTests.Kills * InvoicesPerKill;
        var month = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        await MonthlyContracts.SeedAsync(store, count, new DateOnly(month.Year, month.Month, 1).AddMonths(-1));
        await world.Server.StartAsync(Cancellation);
        var invoices = await InvoicesAsync(store, count);

        using var clients = new PaymentClients(world.Http, key.Secret, stripe, invoices);
        clients.Start();
        for (var kill = 0; kill < KillTests.Kills; kill++)
        {
            // By progress, not by time: a busy machine may not have answered anything yet.
            var target = clients.Recorded.Count + random.Next(2, 20);
            while (clients.Recorded.Count < target && !clients.IsBroken) await Task.Delay(1, Cancellation);
            await Task.Delay(random.Next(0, 20), Cancellation);
            await world.Server.KillAsync(Cancellation);
            await CheckAsync(store, account.Id);
            await world.Server.StartAsync(Cancellation);
        }

        await clients.StopAsync();
        await SettleAsync(world, store, stripe);
        await CheckAsync(store, account.Id);
        await CheckTransfersAsync(store, clients);
        await CheckCardsAsync(store, stripe, clients);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}: {KillTests.Kills} kills, {clients.Recorded.Count} transfers, "
            + $"{Listed(stripe, "payment_intent").Count} cards, {clients.GivenBack.Count} refunds, "
            + $"{clients.Repeated} requests repeated"));
    }

    static Dictionary<string, string> Settings(FakeStripeServer stripe) => new()
    {
        ["Received__Billing__InvoiceEvery"] = "00:00:01",
        ["Received__Billing__Stripe__SecretKey"] = stripe.SecretKey,
        ["Received__Billing__Stripe__WebhookSecrets"] = stripe.WebhookSecret,
        ["Received__Billing__Stripe__ApiBase"] = stripe.Address,
        ["Received__Billing__Stripe__RetriesMax"] = "0",
    };

    /// <summary>As the server makes them, with their entries.</summary>
    static async Task<List<string>> InvoicesAsync(BillingStore store, int count)
    {
        await using var db = store.Context();
        while (await db.Invoices.CountAsync(Cancellation) < count) await Task.Delay(100, Cancellation);
        return [.. (await db.Invoices.Select(row => row.Id).ToListAsync(Cancellation)).Select(InvoiceId.Format)];
    }

    /// <summary>Refunds that a kill left without an outcome are the sweep's, which runs at the start.</summary>
    static async Task SettleAsync(World world, BillingStore store, FakeStripeServer stripe)
    {
        await using var db = store.Context();
        var pending = db.Refunds.Where(row => row.State == RefundState.Pending).Select(row => row.Id);
        for (var round = 0; round < SettleRoundsMax && await pending.AnyAsync(Cancellation); round++)
        {
            await Task.Delay(Patience, Cancellation);
            await world.Server.KillAsync(Cancellation);
            await world.Server.StartAsync(Cancellation);
            await Task.Delay(TimeSpan.FromSeconds(1), Cancellation);
            await stripe.Webhooks.DeliverAsync(Cancellation);
        }

        var left = await pending.ToListAsync(Cancellation);
        Assert.True(
            left.Count == 0,
            $"Refunds {string.Join(", ", left)} have no outcome after {SettleRoundsMax} starts of the server.");
    }

    /// <summary>What must be true at any moment.</summary>
    static async Task CheckAsync(BillingStore store, AccountId account)
    {
        Assert.Empty(await new BookCheck(store).RunAsync(account, Cancellation));
        await using var db = store.Context();
        var allocations = await db.Allocations.AsNoTracking().ToListAsync(Cancellation);
        foreach (var payment in await db.Payments.AsNoTracking().ToListAsync(Cancellation))
            Assert.Equal(
                payment.AmountMinor,
                payment.FreeMinor + payment.RefundedMinor
                    + allocations.Where(row => row.PaymentId == payment.Id).Sum(row => row.AmountMinor));
        foreach (var invoice in await db.Invoices.AsNoTracking().ToListAsync(Cancellation))
        {
            var paid = allocations.Where(row => row.InvoiceId == invoice.Id).Sum(row => row.AmountMinor);
            Assert.InRange(paid, 0, invoice.TotalMinor);
            Assert.Equal(invoice.PaidMinor, paid);
        }
    }

    static async Task CheckTransfersAsync(BillingStore store, PaymentClients clients)
    {
        await using var db = store.Context();
        var rows = await db.Payments.AsNoTracking().Where(row => row.Method == "wire").ToListAsync(Cancellation);
        Assert.Equal(
            clients.Recorded.Select(sent => $"{sent.Key} {sent.Value}").Order(StringComparer.Ordinal),
            rows.Select(row => $"{row.ExternalId} {row.AmountMinor}").Order(StringComparer.Ordinal));
        var refunds = await db.Refunds.AsNoTracking().Where(row => row.State == RefundState.Succeeded)
            .ToListAsync(Cancellation);
        Assert.Equal(
            clients.GivenBack.Select(sent => $"{sent.Key} {sent.Value}").Order(StringComparer.Ordinal),
            refunds.Select(row => $"{PaymentIds.Payment(row.PaymentId)} {row.AmountMinor}")
                .Order(StringComparer.Ordinal));
    }

    static async Task CheckCardsAsync(BillingStore store, FakeStripeServer stripe, PaymentClients clients)
    {
        await using var db = store.Context();
        var rows = await db.Payments.AsNoTracking().Where(row => row.Method == "card").ToListAsync(Cancellation);
        Assert.NotEmpty(rows);
        Assert.NotEmpty(clients.GivenBack);
        Assert.Equal(
            Listed(stripe, "payment_intent").Where(intent => (string)intent["status"]! == "succeeded")
                .Select(intent => $"{intent["id"]} {intent["amount_received"]}").Order(StringComparer.Ordinal),
            rows.Select(row => $"{row.ExternalId} {row.AmountMinor}").Order(StringComparer.Ordinal));
        var ids = rows.Select(row => row.Id).ToList();
        var refunds = await db.Refunds.AsNoTracking().Where(row => ids.Contains(row.PaymentId))
            .ToListAsync(Cancellation);
        Assert.Equal(
            Listed(stripe, "refund").Select(refund => $"{refund["id"]} {refund["amount"]}")
                .Order(StringComparer.Ordinal),
            refunds.Select(row => $"{row.ExternalId} {row.AmountMinor}").Order(StringComparer.Ordinal));
    }

    static List<JsonObject> Listed(FakeStripeServer stripe, string kind)
    {
        List<JsonObject> all = [];
        while (true)
        {
            var after = all.Count == 0 ? "" : "&starting_after=" + all[^1]["id"];
            var page = stripe.Books.List(kind, StripeForm.Parse("?limit=100" + after));
            all.AddRange(page["data"]!.AsArray().Select(item => (JsonObject)item!));
            if (!(bool)page["has_more"]!) return all;
        }
    }
}
