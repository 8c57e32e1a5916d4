using System.Numerics;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Payments;
using Received.Billing.Payments.Wire;
using Received.Model;
using Received.Tests.Billing.Invoices;
using Xunit;
using static Received.Tests.Billing.Invoices.BillingWorld;

namespace Received.Tests.Billing;

/// <summary>
/// Random histories of everything behind the totals: usage in time and late, runs, payments that fit and that do not,
/// money taken back, credit, refunds, voids, closed months. Whatever the order, the books agree with themselves, with
/// invoices and with payments, and revisions add up to the price of what was used. The long form:
/// RECEIVED_HISTORY_STEPS=100000.
/// </summary>
public sealed class BillingHistoryTests
{
    const string UnitPrice = "0.0037";
    const string Actor = "test";

    static readonly int Steps = int.Parse(Environment.GetEnvironmentVariable("RECEIVED_HISTORY_STEPS") ?? "150");
    static readonly string[] Customers = ["a", "b", "c"];
    static readonly TimeSpan Late = TimeSpan.FromDays(30);

    /// <summary>What was used, by customer and month, as this test knows it; scaled by 10^12.</summary>
    readonly Dictionary<(string Customer, int Month), Int128> _used = [];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Law_6_and_10_hold_over_random_histories(int seed)
    {
        var random = new Random(seed);
        await using var world = await MakeAsync();
        foreach (var customer in Customers)
            await world.AddContractAsync(
                customer, "Europe/Berlin", Terms(PerUnit("calls", UnitPrice), Flat("base", "9.99")));
        await world.GoToAsync("2026-01-02T00:00:00Z");
        for (var step = 0; step < Steps; step++)
        {
            await StepAsync(world, random, step);
            if (step % 10 == 9) await AssertBooksAsync(world, seed, step);
        }

        await AssertRevisionsAsync(world);
        await AssertBooksAsync(world, seed, Steps);
    }

    async Task StepAsync(BillingWorld world, Random random, int step)
    {
        switch (random.Next(100))
        {
            case < 30:
                await UseAsync(world, random);
                break;
            case < 45:
                await world.GoToAsync(world.Time.GetUtcNow().AddHours(random.Next(1, 240)).ToString("O"));
                break;
            case < 60:
                Assert.Empty((await world.RunAsync()).Problems);
                break;
            case < 80:
                await PayAsync(world, random, step);
                break;
            case < 86:
                await TakeBackAsync(world, random);
                break;
            case < 91:
                await VoidAsync(world, random);
                break;
            case < 96:
                await CreditAsync(world, random);
                break;
            default:
                await CloseAsync(world);
                break;
        }
    }

    async Task UseAsync(BillingWorld world, Random random)
    {
        var customer = Customers[random.Next(Customers.Length)];
        var at = world.Time.GetUtcNow() - TimeSpan.FromMinutes(random.Next((int)Late.TotalMinutes));
        if (at < DateTimeOffset.Parse("2026-01-01T00:00:00+01:00")) return;
        var quantity = random.Next(1, 100_000) / 8m;
        var text = quantity.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await world.UseAsync(customer, "calls", (at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), text));
        var month = AccountingMonths.At(at.ToUnixTimeMilliseconds(), CivilTime.Zone("Europe/Berlin"));
        _used[(customer, month)] = _used.GetValueOrDefault((customer, month)) + Quantity.ParseScaled(text);
    }

    static async Task PayAsync(BillingWorld world, Random random, int step)
    {
        var open = (await world.InvoicesAsync()).Where(i => i.Open.Minor > 0 && i.Number is not null).ToList();
        var amount = new Money(random.Next(1, 5_000), Eur);
        var invoice = open.Count == 0 ? null : open[random.Next(open.Count)];
        if (invoice is not null && random.Next(3) > 0) amount = invoice.Open;
        var today = DateOnly.FromDateTime(world.Time.GetUtcNow().UtcDateTime);
        await new PaymentBook(world.Store, world.Time).RecordAsync(
            Account, Actor,
            new(
                amount, today, "step", $"bank-{step}", random.Next(4) > 0 ? invoice?.Record.CustomerRef : null,
                "acme-de", invoice is not null && random.Next(2) > 0 ? [invoice.Id] : null,
                random.Next(2) > 0 ? RestRule.OldestFirst : RestRule.Credit),
            Cancellation);
    }

    static async Task TakeBackAsync(BillingWorld world, Random random)
    {
        await using var db = world.Store.Context();
        var payments = await db.Payments.AsNoTracking().Where(row => row.RefundedMinor < row.AmountMinor)
            .OrderBy(row => row.Id).ToListAsync(Cancellation);
        if (payments.Count == 0) return;
        var payment = payments[random.Next(payments.Count)];
        var allocation = await db.Allocations.AsNoTracking().Where(row => row.PaymentId == payment.Id)
            .GroupBy(row => row.InvoiceId).Where(group => group.Sum(row => row.AmountMinor) > 0)
            .Select(group => group.Key).FirstOrDefaultAsync(Cancellation);
        if (random.Next(2) > 0 && allocation != 0)
            await new PaymentBook(world.Store, world.Time).ReleaseAsync(
                Account, Actor, payment.Id, allocation, Cancellation);
        else
            await new RefundBook(world.Store, new(new WireTransfer(world.Time)), world.Time).RefundAsync(
                Account, Actor, payment.Id, random.NextInt64(1, payment.AmountMinor - payment.RefundedMinor + 1), null,
                Cancellation);
    }

    static async Task VoidAsync(BillingWorld world, Random random)
    {
        var all = await world.InvoicesAsync();
        if (all.Count == 0) return;
        var invoice = all[random.Next(all.Count)];
        var outcome = await world.Book.VoidAsync(Account, invoice.Id, Actor, Cancellation);
        var allowed = invoice.State == InvoiceState.Issued;
        Assert.Equal(allowed ? InvoiceChange.Done : InvoiceChange.Refused, outcome);
    }

    static async Task CreditAsync(BillingWorld world, Random random)
    {
        var open = (await world.InvoicesAsync()).Where(i => i.Open.Minor > 0 && i.Number is not null).ToList();
        if (open.Count == 0) return;
        await new PaymentBook(world.Store, world.Time).ApplyCreditAsync(
            Account, Actor, open[random.Next(open.Count)].Id, Cancellation);
    }

    static async Task CloseAsync(BillingWorld world)
    {
        var zone = CivilTime.Zone("Europe/Berlin");
        var closing = new Closing(world.Store, new(world.Store), world.Totals, world.Time);
        var month = (await closing.ListAsync(Account, Cancellation)).Select(closed => closed.Period + 1)
            .DefaultIfEmpty(AccountingMonths.Number(2026, 1)).Max();
        if (AccountingMonths.StartMs(month + 1, zone) >= world.Time.GetUtcNow().ToUnixTimeMilliseconds()) return;
        var result = await closing.CloseAsync(Account, "acme-de", month, Actor, Cancellation);
        Assert.True(
            result.Outcome is CloseOutcome.Closed or CloseOutcome.UsageNotIn, string.Join(' ', result.Reasons));
    }

    static async Task AssertBooksAsync(BillingWorld world, int seed, int step)
    {
        var differences = await new BookCheck(world.Store).RunAsync(Account, Cancellation);
        Assert.True(differences.Count == 0, $"seed {seed}, step {step}: {string.Join("; ", differences)}");
        await using var db = world.Store.Context();
        Assert.False(await db.Invoices.AnyAsync(row => row.PaidMinor > row.TotalMinor, Cancellation));
        var numbers = await db.Invoices.Where(row => row.Number != null).Select(row => row.Number!.Value).Order()
            .ToListAsync(Cancellation);
        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(n => (long)n), numbers);
    }

    /// <summary>After a last run: what was billed of every cycle is the price of all that was used in it.</summary>
    async Task AssertRevisionsAsync(BillingWorld world)
    {
        await world.GoToAsync(world.Time.GetUtcNow().AddHours(1).ToString("O"));
        await world.RunAsync();
        var zone = CivilTime.Zone("Europe/Berlin");
        await using var db = world.Store.Context();
        var contracts = await db.Contracts.ToDictionaryAsync(row => row.Id, row => row.CustomerId, Cancellation);
        var refs = await db.Customers.ToDictionaryAsync(row => row.Id, row => row.Ref, Cancellation);
        var charges = (await db.Charges.ToListAsync(Cancellation)).ToLookup(row => row.CycleId);
        foreach (var cycle in await db.Cycles.Where(row => row.LineRef == "calls" && row.Revision > 0)
            .ToListAsync(Cancellation))
        {
            var month = AccountingMonths.At(cycle.StartMs, zone);
            var used = _used.GetValueOrDefault((refs[contracts[cycle.ContractId]], month));
            var price = (BigInteger)used * (BigInteger)Quantity.ParseScaled(UnitPrice) * 100;
            var expected = (long)Rounding.HalfAwayFromZero(price, BigInteger.Pow(10, 24));
            var billed = charges[cycle.Id].Sum(row => row.AmountMinor);
            // Late usage waits for the next invoice of its contract, which may be weeks away.
            Assert.InRange(billed, 0, expected);
            if (charges[cycle.Id].MaxBy(row => row.Revision)!.Quantity == used) Assert.Equal(expected, billed);
            Assert.Equal(
                Enumerable.Range(1, cycle.Revision), charges[cycle.Id].Select(row => row.Revision).Order());
        }
    }
}
