using System.Globalization;
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
/// One random history: usage in time and late, runs, payments that fit and that do not, money taken back, credit,
/// refunds, voids, closed months. Whatever the order, the books agree with themselves, with invoices and with payments,
/// and revisions add up to the price of what was used. Every step's entries are checked at once, all of the books every
/// ten steps, all revisions every hundred.
/// </summary>
sealed class BillingHistory : IAsyncDisposable
{
    const string UnitPrice = "0.0037";
    const string Actor = "test";

    static readonly string[] Customers = ["a", "b", "c"];
    static readonly TimeSpan Late = TimeSpan.FromDays(30);

    readonly BillingWorld _world;
    readonly int _seed;
    readonly Random _random;

    /// <summary>What was used, by customer and month, as this test knows it; scaled by 10^12.</summary>
    readonly Dictionary<(string Customer, int Month), Int128> _used = [];

    long _checkedEntry;

    BillingHistory(BillingWorld world, int seed) => (_world, _seed, _random) = (world, seed, new(seed));

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    PaymentBook Payments => new(_world.Store, _world.Time);

    public static async Task<BillingHistory> MakeAsync(int seed)
    {
        var world = await BillingWorld.MakeAsync();
        foreach (var customer in Customers)
            await world.AddContractAsync(
                customer, "Europe/Berlin", Terms(PerUnit("calls", UnitPrice), Flat("base", "9.99")));
        await world.GoToAsync("2026-01-02T00:00:00Z");
        return new(world, seed);
    }

    public async Task RunAsync(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            try
            {
                await StepAsync(step);
                await AssertNewEntriesAsync();
                if (step % 10 == 9) await AssertBooksAsync();
                if (step % 100 == 99) await AssertRevisionsAsync(long.MinValue);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {_seed}, step {step}: {e.Message}", e);
            }
        }

        await SettleAsync();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    Task StepAsync(int step) => _random.Next(100) switch
    {
        < 30 => UseAsync(),
        < 45 => PassAsync(_random.Next(1, 240)),
        < 60 => InvoiceAsync(),
        < 80 => PayAsync(step),
        < 86 => TakeBackAsync(),
        < 91 => VoidAsync(),
        < 96 => CreditAsync(),
        _ => CloseAsync(),
    };

    Task PassAsync(int hours) => _world.GoToAsync(_world.Time.GetUtcNow().AddHours(hours).ToString("O"));

    async Task InvoiceAsync() => Assert.Empty((await _world.RunAsync()).Problems);

    async Task UseAsync()
    {
        var customer = Customers[_random.Next(Customers.Length)];
        var at = _world.Time.GetUtcNow() - TimeSpan.FromMinutes(_random.Next((int)Late.TotalMinutes));
        if (at < DateTimeOffset.Parse("2026-01-01T00:00:00+01:00")) return;
        var quantity = _random.Next(1, 100_000) / 8m;
        var text = quantity.ToString(CultureInfo.InvariantCulture);
        await _world.UseAsync(customer, "calls", (at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), text));
        var month = AccountingMonths.At(at.ToUnixTimeMilliseconds(), CivilTime.Zone("Europe/Berlin"));
        _used[(customer, month)] = _used.GetValueOrDefault((customer, month)) + Quantity.ParseScaled(text);
    }

    async Task PayAsync(int step)
    {
        var amount = new Money(_random.Next(1, 5_000), Eur);
        var invoice = await SomeOpenAsync();
        if (invoice is not null && _random.Next(3) > 0) amount = invoice.Open;
        var today = DateOnly.FromDateTime(_world.Time.GetUtcNow().UtcDateTime);
        await Payments.RecordAsync(
            Account, Actor,
            new(
                amount, today, "step", $"bank-{step}", _random.Next(4) > 0 ? invoice?.Record.CustomerRef : null,
                "acme-de", invoice is not null && _random.Next(2) > 0 ? [invoice.Id] : null,
                _random.Next(2) > 0 ? RestRule.OldestFirst : RestRule.Credit),
            Cancellation);
    }

    async Task TakeBackAsync()
    {
        await using var db = _world.Store.Context();
        var payments = await db.Payments.AsNoTracking().Where(row => row.RefundedMinor < row.AmountMinor)
            .OrderBy(row => row.Id).ToListAsync(Cancellation);
        if (payments.Count == 0) return;
        var payment = payments[_random.Next(payments.Count)];
        var allocation = await db.Allocations.AsNoTracking().Where(row => row.PaymentId == payment.Id)
            .GroupBy(row => row.InvoiceId).Where(group => group.Sum(row => row.AmountMinor) > 0)
            .Select(group => group.Key).FirstOrDefaultAsync(Cancellation);
        if (_random.Next(2) > 0 && allocation != 0)
            await Payments.ReleaseAsync(Account, Actor, payment.Id, allocation, Cancellation);
        else
            await new RefundBook(_world.Store, new(new WireTransfer(_world.Time)), _world.Time).RefundAsync(
                Account, Actor, payment.Id, _random.NextInt64(1, payment.AmountMinor - payment.RefundedMinor + 1),
                null, Cancellation);
    }

    async Task VoidAsync()
    {
        await using var db = _world.Store.Context();
        var all = await db.Invoices.OrderBy(row => row.Id).Select(row => new { row.Id, row.State })
            .ToListAsync(Cancellation);
        if (all.Count == 0) return;
        var invoice = all[_random.Next(all.Count)];
        var outcome = await _world.Book.VoidAsync(Account, invoice.Id, Actor, Cancellation);
        var allowed = invoice.State == InvoiceState.Issued;
        Assert.Equal(allowed ? InvoiceChange.Done : InvoiceChange.Refused, outcome);
    }

    async Task CreditAsync()
    {
        if (await SomeOpenAsync() is { } invoice)
            await Payments.ApplyCreditAsync(Account, Actor, invoice.Id, Cancellation);
    }

    async Task CloseAsync()
    {
        var zone = CivilTime.Zone("Europe/Berlin");
        var closing = new Closing(_world.Store, new(_world.Store), _world.Totals, _world.Time);
        var month = (await closing.ListAsync(Account, Cancellation)).Select(closed => closed.Period + 1)
            .DefaultIfEmpty(AccountingMonths.Number(2026, 1)).Max();
        if (AccountingMonths.StartMs(month + 1, zone) >= _world.Time.GetUtcNow().ToUnixTimeMilliseconds()) return;
        var result = await closing.CloseAsync(Account, "acme-de", month, Actor, Cancellation);
        Assert.True(
            result.Outcome is CloseOutcome.Closed or CloseOutcome.UsageNotIn, string.Join(' ', result.Reasons));
    }

    /// <summary>Any of those that are open, however old.</summary>
    async Task<ListedInvoice?> SomeOpenAsync()
    {
        await using var db = _world.Store.Context();
        var open = await db.Invoices
            .Where(row => row.Number != null && row.State != InvoiceState.Void && row.PaidMinor < row.TotalMinor)
            .OrderBy(row => row.Id).Select(row => row.Id).ToListAsync(Cancellation);
        return open.Count == 0
            ? null
            : await _world.Book.FindAsync(Account, open[_random.Next(open.Count)], Cancellation);
    }

    /// <summary>Time passes until no usage so far can come to any cycle, and all of it is billed.</summary>
    async Task SettleAsync()
    {
        try
        {
            await AssertRevisionsAsync(long.MinValue);
            var endMs = _world.Time.GetUtcNow().ToUnixTimeMilliseconds();
            for (var day = 0; day < 80; day += 20)
            {
                await PassAsync(20 * 24);
                await InvoiceAsync();
            }

            await AssertRevisionsAsync(endMs);
            await AssertBooksAsync();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {_seed}, at the end: {e.Message}", e);
        }
    }

    async Task AssertNewEntriesAsync()
    {
        await using var db = _world.Store.Context();
        var made = await db.Entries.AsNoTracking().Include(row => row.Postings).Where(row => row.Id > _checkedEntry)
            .ToListAsync(Cancellation);
        foreach (var entry in made)
        {
            Assert.NotEmpty(entry.Postings);
            Assert.Equal(0, entry.Postings.Sum(row => row.AmountMinor));
            _checkedEntry = Math.Max(_checkedEntry, entry.Id);
        }
    }

    async Task AssertBooksAsync()
    {
        Assert.Empty(await new BookCheck(_world.Store).RunAsync(Account, Cancellation));
        await using var db = _world.Store.Context();
        Assert.False(await db.Invoices.AnyAsync(row => row.PaidMinor > row.TotalMinor, Cancellation));
        var numbers = await db.Invoices.Where(row => row.Number != null).Select(row => row.Number!.Value).Order()
            .ToListAsync(Cancellation);
        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(n => (long)n), numbers);
    }

    /// <summary>After a run: what was billed of every cycle is the price of all that was used in it.</summary>
    /// <param name="allMs">Late usage waits for the next invoice of its contract, which may be weeks away; of cycles
    /// that began before this, all is billed.</param>
    async Task AssertRevisionsAsync(long allMs)
    {
        await PassAsync(1);
        await InvoiceAsync();
        var zone = CivilTime.Zone("Europe/Berlin");
        await using var db = _world.Store.Context();
        var contracts = await db.Contracts.ToDictionaryAsync(row => row.Id, row => row.CustomerId, Cancellation);
        var refs = await db.Customers.ToDictionaryAsync(row => row.Id, row => row.Ref, Cancellation);
        var charges = (await db.Charges.AsNoTracking().ToListAsync(Cancellation)).ToLookup(row => row.CycleId);
        foreach (var cycle in await db.Cycles.AsNoTracking()
            .Where(row => row.LineRef == "calls" && (row.Revision > 0 || row.StartMs < allMs))
            .ToListAsync(Cancellation))
        {
            var month = AccountingMonths.At(cycle.StartMs, zone);
            var used = _used.GetValueOrDefault((refs[contracts[cycle.ContractId]], month));
            var price = (BigInteger)used * (BigInteger)Quantity.ParseScaled(UnitPrice) * 100;
            var expected = (long)Rounding.HalfAwayFromZero(price, BigInteger.Pow(10, 24));
            var billed = charges[cycle.Id].Sum(row => row.AmountMinor);
            Assert.InRange(billed, cycle.StartMs < allMs ? expected : 0, expected);
            if (charges[cycle.Id].MaxBy(row => row.Revision)!.Quantity == used) Assert.Equal(expected, billed);
            Assert.Equal(
                Enumerable.Range(1, cycle.Revision), charges[cycle.Id].Select(row => row.Revision).Order());
        }
    }
}
