using System.Globalization;
using System.Numerics;
using Microsoft.EntityFrameworkCore;
using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Payments;
using Received.Billing.Payments.Wire;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Received.Tests.Billing.Invoices;
using Xunit;
using static Received.Tests.Billing.Invoices.BillingWorld;

namespace Received.Tests.Billing;

/// <summary>
/// One random history: usage in time and late, runs, payments that fit and that do not, money taken back, credit,
/// refunds, voids, closed months, prices that change and fees that end and go on, mostly in the past. Whatever the
/// order, the books agree with themselves, with invoices and with payments; in the end revisions add up to the price of
/// what was used and of the time that a fee ran, and revenue of closed months is exactly that. Every step's entries are
/// checked at once, all of the books every ten steps, revisions every hundred.
/// </summary>
sealed class BillingHistory : IAsyncDisposable
{
    const string UnitPrice = "0.0037";
    const string Fee = "9.99";
    const long FeeMinor = 999;
    const string Zone = "Europe/Berlin";
    const string Actor = "test";

    static readonly string[] Customers = ["a", "b", "c"];
    static readonly string[] UnitPrices = ["0.0029", UnitPrice, "0.0041"];
    static readonly TimeSpan Late = TimeSpan.FromDays(30);
    static readonly TimeSpan ChangeMax = TimeSpan.FromDays(90);

    readonly BillingWorld _world;
    readonly int _seed;
    readonly Random _random;

    /// <summary>What was used, as this test knows it; scaled by 10^12.</summary>
    readonly List<(string Customer, long AtMs, Int128 Quantity)> _used = [];

    /// <summary>By customer: since when which price holds, ascending.</summary>
    readonly Dictionary<string, List<(long FromMs, string UnitPrice)>> _prices =
        Customers.ToDictionary(customer => customer, _ => new List<(long, string)> { (0, UnitPrice) });

    /// <summary>By customer: the first day without the fee.</summary>
    readonly Dictionary<string, DateOnly?> _ends = [];

    long _checkedEntry;

    BillingHistory(BillingWorld world, int seed) => (_world, _seed, _random) = (world, seed, new(seed));

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    PaymentBook Payments => new(_world.Store, _world.Time);

    public static async Task<BillingHistory> MakeAsync(int seed)
    {
        var world = await BillingWorld.MakeAsync();
        foreach (var customer in Customers)
            await world.AddContractAsync(customer, Zone, TermsAt(UnitPrice));
        await using (var db = world.Store.Context())
        {
            db.Products.AddRange(TermsAt(UnitPrice).Lines.Select(line => new ProductRow
            {
                AccountId = 1,
                Ref = line.ProductRef,
                Version = 1,
                Name = line.ProductRef,
                Unit = "",
                IsArchived = false,
                ChangedAtMs = 0,
            }));
            await db.SaveChangesAsync(Cancellation);
        }

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
                if (step % 100 == 99) await AssertRevisionsAsync();
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
        < 95 => CreditAsync(),
        < 97 => ChangePriceAsync(),
        < 98 => ChangeEndAsync(),
        _ => CloseAsync(),
    };

    Task PassAsync(int hours) => _world.GoToAsync(_world.Time.GetUtcNow().AddHours(hours).ToString("O"));

    async Task InvoiceAsync() => Assert.All(
        (await _world.RunAsync()).Problems,
        problem => Assert.Contains("to be given back", problem.Reason, StringComparison.Ordinal));

    async Task ChangePriceAsync()
    {
        var customer = Customers[_random.Next(Customers.Length)];
        var fromMs = (_world.Time.GetUtcNow() - (ChangeMax * _random.NextDouble())).ToUnixTimeMilliseconds();
        fromMs = Math.Max(fromMs - (fromMs % UsageWindow.LengthMs), _prices[customer][^1].FromMs);
        await ChangeAsync(
            customer, fromMs, UnitPrices[_random.Next(UnitPrices.Length)], _ends.GetValueOrDefault(customer));
    }

    /// <summary>The fee ends, or goes on after all where nothing has changed since its end.</summary>
    async Task ChangeEndAsync()
    {
        var customer = Customers[_random.Next(Customers.Length)];
        var (lastMs, price) = _prices[customer][^1];
        var end = _ends.GetValueOrDefault(customer);
        var today = DateOnly.FromDateTime(_world.Time.GetUtcNow().UtcDateTime);
        var day = end ?? today.AddDays(_random.Next(-90, 20));
        var dayMs = CivilTime.StartOfDay(day, CivilTime.Zone(Zone));
        if (dayMs < lastMs || day <= new DateOnly(2026, 1, 1)) return;
        await ChangeAsync(
            customer, end is null && _random.Next(2) > 0 ? dayMs : lastMs, price, end is null ? day : null);
    }

    async Task ChangeAsync(string customer, long fromMs, string unitPrice, DateOnly? end)
    {
        var outcome = await new ContractBook(_world.Store, _world.Time).AddVersionAsync(
            Account, Actor, "contract of " + customer, _prices[customer].Count, TermsAt(unitPrice, end), fromMs,
            Cancellation);
        Assert.Null(outcome.Refusal);
        _prices[customer].Add((fromMs, unitPrice));
        _ends[customer] = end;
    }

    static ContractTerms TermsAt(string unitPrice, DateOnly? end = null) =>
        Terms(PerUnit("calls", unitPrice), Flat("base", Fee) with { End = end });

    async Task UseAsync()
    {
        var customer = Customers[_random.Next(Customers.Length)];
        var at = _world.Time.GetUtcNow() - TimeSpan.FromMinutes(_random.Next((int)Late.TotalMinutes));
        if (at < DateTimeOffset.Parse("2026-01-01T00:00:00+01:00")) return;
        var quantity = _random.Next(1, 100_000) / 8m;
        var text = quantity.ToString(CultureInfo.InvariantCulture);
        await UseAsync(customer, at, text);
    }

    async Task UseAsync(string customer, DateTimeOffset at, string quantity)
    {
        await _world.UseAsync(customer, "calls", (at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), quantity));
        _used.Add((customer, at.ToUnixTimeMilliseconds(), Quantity.ParseScaled(quantity)));
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

    /// <returns>True where another month is closed.</returns>
    async Task<bool> CloseAsync()
    {
        var zone = CivilTime.Zone(Zone);
        var closing = new Closing(_world.Store, new(_world.Store), _world.Totals, _world.Time);
        var month = (await closing.ListAsync(Account, Cancellation)).Select(closed => closed.Period + 1)
            .DefaultIfEmpty(AccountingMonths.Number(2026, 1)).Max();
        if (AccountingMonths.StartMs(month + 1, zone) >= _world.Time.GetUtcNow().ToUnixTimeMilliseconds()) return false;
        var result = await closing.CloseAsync(Account, "acme-de", month, Actor, Cancellation);
        Assert.True(
            result.Outcome is CloseOutcome.Closed or CloseOutcome.UsageNotIn, string.Join(' ', result.Reasons));
        return result.Outcome == CloseOutcome.Closed;
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
            await AssertRevisionsAsync();
            var endMs = _world.Time.GetUtcNow().ToUnixTimeMilliseconds();
            for (var day = 0; day < 120; day += 20)
            {
                // As much as outweighs all that may be given back.
                foreach (var customer in Customers) await UseAsync(customer, _world.Time.GetUtcNow(), "100000000");
                await PassAsync(20 * 24);
                await InvoiceAsync();
            }

            await AssertRevisionsAsync(endMs);
            while (await CloseAsync())
            {
            }

            await AssertRecognisedAsync(endMs);
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

    /// <summary>After a run: what was billed of a cycle is the price of all that was used in it.</summary>
    /// <param name="allMs">Revisions wait for the next invoice of their contract, which may be weeks away; of cycles
    /// that began before this, all is billed.</param>
    async Task AssertRevisionsAsync(long allMs = long.MinValue)
    {
        await PassAsync(1);
        await InvoiceAsync();
        await using var db = _world.Store.Context();
        var contracts = await db.Contracts.ToDictionaryAsync(row => row.Id, row => row.CustomerId, Cancellation);
        var refs = await db.Customers.ToDictionaryAsync(row => row.Id, row => row.Ref, Cancellation);
        var charges = (await db.Charges.AsNoTracking().ToListAsync(Cancellation)).ToLookup(row => row.CycleId);
        foreach (var cycle in await db.Cycles.AsNoTracking()
            .Where(row => row.Revision > 0 || row.StartMs < allMs).ToListAsync(Cancellation))
        {
            var own = charges[cycle.Id].OrderBy(row => row.Revision).ToList();
            Assert.Equal(Enumerable.Range(1, cycle.Revision), own.Select(row => row.Revision));
            if (cycle.StartMs >= allMs) continue;
            var customer = refs[contracts[cycle.ContractId]];
            var (used, price) = cycle.LineRef == "calls"
                ? ExpectedUsage(customer, cycle)
                : (0, ExpectedFee(customer, cycle));
            Assert.Equal(
                (cycle.LineRef, customer, used, price),
                (cycle.LineRef, customer, own.Count == 0 ? 0 : own[^1].Quantity, own.Sum(row => row.AmountMinor)));
        }
    }

    /// <summary>All months are closed: of what ended in them nothing is earned and not invoiced, or the other way
    /// round.</summary>
    async Task AssertRecognisedAsync(long beforeMs)
    {
        await using var db = _world.Store.Context();
        var open = await (
            from posting in db.Postings
            join cycle in db.Cycles on posting.CycleId equals cycle.Id into cycles
            from cycle in cycles.DefaultIfEmpty()
            where posting.CycleId != null && (cycle == null || cycle.StartMs < beforeMs)
                && (posting.LedgerAccount == LedgerAccount.ContractAsset
                    || posting.LedgerAccount == LedgerAccount.DeferredRevenue)
            group posting.AmountMinor by posting.CycleId into sum
            where sum.Sum() != 0
            select new { sum.Key, Minor = sum.Sum() }).ToListAsync(Cancellation);
        Assert.Empty(open);
    }

    /// <summary>The fee's part of its month, in days.</summary>
    long ExpectedFee(string customer, CycleRow cycle)
    {
        var start = Instant.FromUnixTimeMilliseconds(cycle.StartMs).InZone(CivilTime.Zone(Zone)).Date.ToDateOnly();
        var next = start.AddMonths(1);
        var end = _ends.GetValueOrDefault(customer) is { } ended && ended < next ? ended : next;
        var days = Math.Max(0, end.DayNumber - start.DayNumber);
        return (long)Rounding.HalfAwayFromZero(FeeMinor * days, next.DayNumber - start.DayNumber);
    }

    /// <summary>Each stretch of a cycle under one price is rounded once.</summary>
    (Int128 Quantity, long Minor) ExpectedUsage(string customer, CycleRow cycle)
    {
        var used = _used.FindAll(
            use => use.Customer == customer && use.AtMs >= cycle.StartMs && use.AtMs < cycle.EndMs);
        var prices = _prices[customer];
        // Where versions begin at one instant, the newest holds.
        var stretches = prices.Where((price, at) => at + 1 == prices.Count || prices[at + 1].FromMs > price.FromMs)
            .ToList();
        var runs = new List<(string UnitPrice, Int128 Quantity)>();
        for (var i = 0; i < stretches.Count; i++)
        {
            var toMs = i + 1 < stretches.Count ? stretches[i + 1].FromMs : long.MaxValue;
            if (toMs <= cycle.StartMs || stretches[i].FromMs >= cycle.EndMs) continue;
            var quantity = used.Where(use => use.AtMs >= stretches[i].FromMs && use.AtMs < toMs)
                .Aggregate((Int128)0, (sum, use) => sum + use.Quantity);
            if (runs.Count > 0 && runs[^1].UnitPrice == stretches[i].UnitPrice)
                runs[^1] = (runs[^1].UnitPrice, runs[^1].Quantity + quantity);
            else runs.Add((stretches[i].UnitPrice, quantity));
        }

        return (
            runs.Aggregate((Int128)0, (sum, run) => sum + run.Quantity),
            runs.Sum(run => (long)Rounding.HalfAwayFromZero(
                (BigInteger)run.Quantity * (BigInteger)Quantity.ParseScaled(run.UnitPrice) * 100,
                BigInteger.Pow(10, 24))));
    }
}
