using Microsoft.EntityFrameworkCore;
using Received.Billing.Catalog;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Payments;
using Received.Billing.Payments.Wire;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Xunit;
using static Received.Tests.Billing.Invoices.BillingWorld;

namespace Received.Tests.Billing.Invoices;

/// <summary>
/// A <see cref="BillingWorld"/> with one contract, of customer "c" in Berlin, that is written as people write it;
/// months are closed, payments recorded and taken back.
/// </summary>
sealed class RetroactiveWorld(BillingWorld world) : IAsyncDisposable
{
    public const int January = 2026 * 12;

    const string Actor = "test";

    static CancellationToken None => TestContext.Current.CancellationToken;

    public BillingWorld World => world;

    public ContractBook Contracts => new(world.Store, world.Time);

    PaymentBook Payments => new(world.Store, world.Time);

    public static async Task<RetroactiveWorld> OpenAsync(ContractTerms terms)
    {
        var world = await MakeAsync();
        await using (var db = world.Store.Context())
        {
            db.Customers.Add(new()
            {
                AccountId = 1,
                Ref = "c",
                Version = 1,
                Name = "C Ltd",
                Address = "1 Road",
                Country = "DE",
                Language = "en",
                IsArchived = false,
                ChangedAtMs = 0,
            });
            db.Products.AddRange(terms.Lines.Select(line => line.ProductRef).Distinct().Select(product => new ProductRow
            {
                AccountId = 1,
                Ref = product,
                Version = 1,
                Name = product,
                Unit = "",
                IsArchived = false,
                ChangedAtMs = 0,
            }));
            await db.SaveChangesAsync(None);
        }

        var opened = new RetroactiveWorld(world);
        var made = await opened.Contracts.CreateAsync(
            Account, Actor, "k", "c", "Europe/Berlin", terms, cancellation: None);
        Assert.Null(made.Refusal);
        return opened;
    }

    /// <summary>A version from the beginning of a day in Berlin.</summary>
    public async Task<Refusal?> ChangeAsync(int follows, string day, ContractTerms terms)
    {
        var effective = CivilTime.StartOfDay(DateOnly.Parse(day), CivilTime.Zone("Europe/Berlin"));
        return (await Contracts.AddVersionAsync(Account, Actor, "k", follows, terms, effective, None)).Refusal;
    }

    /// <summary>To the beginning of a day in Berlin, and a run then.</summary>
    public async Task<InvoiceRunReport> RunOnAsync(string day)
    {
        var at = CivilTime.StartOfDay(DateOnly.Parse(day), CivilTime.Zone("Europe/Berlin"));
        await world.GoToAsync(DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("O"));
        return await world.RunAsync();
    }

    public Task UseAsync(string day, string quantity) => world.UseAsync("c", "calls", ($"{day}T12:00:00Z", quantity));

    /// <summary>Lines of the newest invoice.</summary>
    public async Task<List<(string LineRef, string Amount)>> NewestAsync() =>
        [.. (await world.InvoicesAsync())[^1].Record.Lines.Select(line => (line.LineRef, line.Amount))];

    public async Task<List<string>> CyclesAsync(string lineRef)
    {
        await using var db = world.Store.Context();
        return await db.Cycles.Where(row => row.LineRef == lineRef).OrderBy(row => row.Number)
            .Select(row => row.State.ToString()).ToListAsync(None);
    }

    public async Task CloseAsync(int month)
    {
        var closing = new Closing(world.Store, new(world.Store), world.Totals, world.Time);
        var result = await closing.CloseAsync(Account, "acme-de", month, Actor, None);
        Assert.True(result.Outcome == CloseOutcome.Closed, $"{result.Outcome} {string.Join(' ', result.Reasons)}");
        Assert.Empty(await new BookCheck(world.Store).RunAsync(Account, None));
    }

    /// <summary>Of the year: month counted from 0, month it is late of, minor units; in this order.</summary>
    public async Task<List<(int Month, int? LateOf, long Minor)>> RevenueAsync(string product) =>
    [
        .. (await new LedgerReports(world.Store).RevenueAsync(Account, January, January + 11, null, None))
            .Where(line => line.ProductRef == product && line.AmountMinor != 0)
            .OrderBy(line => line.Period).ThenBy(line => line.LateOf ?? int.MaxValue)
            .Select(line => (line.Period - January, line.LateOf - January, line.AmountMinor)),
    ];

    /// <summary>Balances that are not zero at the year's end.</summary>
    public async Task<Dictionary<LedgerAccount, long>> BalancesAsync() =>
        (await new LedgerReports(world.Store).TrialBalanceAsync(Account, January + 11, null, None))
            .Where(line => line.BalanceMinor != 0).ToDictionary(line => line.Account, line => line.BalanceMinor);

    public async Task<long> PayAsync(ListedInvoice invoice)
    {
        var today = DateOnly.FromDateTime(world.Time.GetUtcNow().UtcDateTime);
        var paid = await Payments.RecordAsync(
            Account, Actor,
            new(invoice.Open, today, "r", $"bank-{invoice.Id}", "c", "acme-de", [invoice.Id], RestRule.Credit), None);
        return paid.PaymentId;
    }

    public Task TakeBackAsync(long payment, long invoice) =>
        Payments.ReleaseAsync(Account, Actor, payment, invoice, None);

    public Task<Money> PayWithCreditAsync(long invoice) => Payments.ApplyCreditAsync(Account, Actor, invoice, None);

    public Task RefundAsync(long payment, long minor) =>
        new RefundBook(world.Store, new(new WireTransfer(world.Time)), world.Time).RefundAsync(
            Account, Actor, payment, minor, null, None);

    public async Task VoidAsync(long invoice) => Assert.Equal(
        InvoiceChange.Done, await world.Book.VoidAsync(Account, invoice, Actor, None));

    public async Task<NextInvoices> NextAsync() => (await world.Book.NextAsync(Account, "k", None))!;

    /// <summary>Made anew, every invoice is what it was (law 5).</summary>
    public async Task VerifyAsync()
    {
        foreach (var invoice in await world.InvoicesAsync())
        {
            var verification = await InvoiceVerification.OpenAsync(world.Store, Account, invoice.Id, None);
            Assert.Empty((await verification!.RunAsync(world.Usage, (_, _) => Task.CompletedTask, None)).Differences);
        }
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();
}
