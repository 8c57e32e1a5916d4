using Microsoft.Extensions.Logging.Abstractions;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Received.Tests.Usage;
using Xunit;
using static Received.Tests.Billing.Invoices.BillingWorld;
using static Received.Tests.Billing.Invoices.RetroactiveWorld;

namespace Received.Tests.Billing.Invoices;

/// <summary>
/// Versions of a contract that take effect before what was billed: what they change is charged or given back by the
/// next revision, revenue of closed months is booked back in the first open one, and nothing happens in silence.
/// </summary>
public sealed class RetroactiveTests
{
    static readonly LineTerms Calls = PerUnit("calls", "1");
    static readonly LineTerms Base = Flat("base", "31.00");
    static readonly TaxTerms Seven = new("VAT", new(7 * Quantity.Scale), null);

    [Fact]
    public async Task Law_6_cycles_after_a_lines_new_end_are_given_back_on_the_next_invoice_and_in_the_books()
    {
        await using var world = await BilledAsync(Terms(Calls, Base));
        await world.CloseAsync(January);
        await world.CloseAsync(January + 1);
        await world.World.GoToAsync("2026-03-05T00:00:00Z");
        Assert.Null(await world.ChangeAsync(1, "2026-02-01", Terms(Calls, Until(Base, "2026-02-01"))));
        Assert.Equal(["Billed", "GivenUp", "GivenUp"], await world.CyclesAsync("base"));
        await world.UseAsync("2026-03-04", "300");
        var next = await world.NextAsync();
        Assert.Equal("238.00", Assert.Single(next.Invoices).Net);
        Assert.Empty(next.Waiting);

        // The month closes before anything is given back: what is owed to the customer is deferred.
        await world.World.GoToAsync("2026-03-31T22:00:00Z");
        await world.CloseAsync(January + 2);
        Assert.Equal([(0, null, 3_100), (1, null, 3_100), (2, 1, -3_100)], await world.RevenueAsync("base"));
        Assert.Equal(-6_200, (await world.BalancesAsync())[LedgerAccount.DeferredRevenue]);
        Assert.Equal(1, (await world.RunOnAsync("2026-04-01")).Issued);
        Assert.Equal([("calls", "300.00"), ("base", "-31.00"), ("base", "-31.00")], await world.NewestAsync());
        await world.VerifyAsync();
        await world.RunOnAsync("2026-05-15");
        await world.CloseAsync(January + 3);
        Assert.Equal(["Settled", "GivenUp", "GivenUp"], await world.CyclesAsync("base"));
        var balances = await world.BalancesAsync();
        Assert.Equal(-63_100, balances[LedgerAccount.Revenue]);
        Assert.DoesNotContain(LedgerAccount.DeferredRevenue, balances);
        Assert.DoesNotContain(LedgerAccount.ContractAsset, balances);
    }

    [Fact]
    public async Task What_is_given_back_and_fits_in_no_invoice_waits_in_sight_and_a_void_gets_it_out()
    {
        await using var world = await BilledAsync(Terms(Calls, Base));
        var paid = (await world.World.InvoicesAsync())[2];
        var payment = await world.PayAsync(paid);
        await world.CloseAsync(January);
        await world.CloseAsync(January + 1);
        Assert.Null(await world.ChangeAsync(1, "2026-02-01", Terms(Until(Calls, "2026-02-01"), Base)));
        var report = await world.RunOnAsync("2026-04-01");
        Assert.Equal([("base", "31.00")], await world.NewestAsync());
        foreach (var said in (string[])["200.00 EUR", "'calls'", "2026-02-01", "wait for", "inv_3"])
            Assert.Contains(said, Assert.Single(report.Problems).Reason, StringComparison.Ordinal);
        Assert.Contains("200.00 EUR", Assert.Single((await world.NextAsync()).Waiting), StringComparison.Ordinal);

        await world.TakeBackAsync(payment, paid.Id);
        await world.VoidAsync(paid.Id);
        var anew = await world.World.RunAsync();
        Assert.Equal((1, 0), (anew.Issued, anew.Problems.Count));
        // March's fee was on the same invoice, and is billed anew; the calls of February are not.
        Assert.Equal([("base", "31.00")], await world.NewestAsync());
        Assert.Equal("36.89", (await world.PayWithCreditAsync((await world.World.InvoicesAsync())[^1].Id)).ToText());
        await world.RefundAsync(payment, 27_489 - 3_689);
        await world.CloseAsync(January + 2);
        Assert.Equal([(0, null, 10_000), (1, null, 20_000), (2, 1, -20_000)], await world.RevenueAsync("calls"));
        var balances = await world.BalancesAsync();
        Assert.Equal(3_689, balances[LedgerAccount.Cash]);
        Assert.DoesNotContain(LedgerAccount.CustomerCredit, balances);
        Assert.DoesNotContain(LedgerAccount.ContractAsset, balances);
        await world.VerifyAsync();
    }

    [Fact]
    public async Task Where_no_invoice_is_to_come_every_run_says_what_to_give_back_until_it_is_voided()
    {
        await using var world = await BilledAsync(Terms(Base));
        await world.CloseAsync(January);
        await world.CloseAsync(January + 1);
        Assert.Null(await world.ChangeAsync(1, "2026-02-01", Terms(Until(Base, "2026-02-01"))));
        foreach (var day in (string[])["2026-03-05", "2026-03-06"])
        {
            var problems = (await world.RunOnAsync(day)).Problems;
            Assert.Equal(2, problems.Count);
            Assert.All(
                problems, problem => Assert.Contains("no invoice to come", problem.Reason, StringComparison.Ordinal));
        }

        Assert.Empty((await world.World.Invoicer().RunAsync(new AccountId(2))).Problems);
        Assert.Equal(2, (await world.NextAsync()).Waiting.Count);
        await world.VoidAsync(2);
        await world.VoidAsync(3);
        var report = await world.RunOnAsync("2026-04-01");
        Assert.Equal((0, 0), (report.Issued, report.Problems.Count));
        Assert.Empty((await world.NextAsync()).Waiting);
        await world.CloseAsync(January + 2);
        Assert.Equal(
            new()
            {
                [LedgerAccount.Receivable] = 3_689,
                [LedgerAccount.TaxPayable] = -589,
                [LedgerAccount.Revenue] = -3_100,
            },
            await world.BalancesAsync());
    }

    [Fact]
    public async Task Revenue_of_a_cycle_that_was_never_charged_is_booked_back_when_its_line_ends_before_it()
    {
        var fee = Flat("fee", "31.00", BillingTiming.Arrears) with { IssueDay = new(2026, 6, 1) };
        await using var world = await OpenAsync(Terms(fee));
        await world.World.GoToAsync("2026-03-02T00:00:00Z");
        await world.CloseAsync(January);
        await world.CloseAsync(January + 1);
        Assert.Null(await world.ChangeAsync(1, "2026-02-01", Terms(Until(fee, "2026-02-01"))));
        Assert.Equal(["Open", "GivenUp"], await world.CyclesAsync("fee"));
        var report = await world.RunOnAsync("2026-04-01");
        Assert.Equal((0, 0), (report.Issued, report.Problems.Count));
        await world.CloseAsync(January + 2);
        Assert.Equal([(0, null, 3_100), (1, null, 3_100), (2, 1, -3_100)], await world.RevenueAsync("fee"));
        Assert.Equal(3_100, (await world.BalancesAsync())[LedgerAccount.ContractAsset]);

        // It goes on after all: February and March are earned late, and billed on their days.
        Assert.Null(await world.ChangeAsync(2, "2026-02-01", Terms(fee)));
        await world.RunOnAsync("2026-05-02");
        Assert.DoesNotContain("GivenUp", await world.CyclesAsync("fee"));
        await world.CloseAsync(January + 3);
        Assert.Equal(12_400, (await world.BalancesAsync())[LedgerAccount.ContractAsset]);
        Assert.Equal(1, (await world.RunOnAsync("2026-06-01")).Issued);
        Assert.Equal([("fee", "31.00")], await world.NewestAsync());
    }

    [Fact]
    public async Task Revenue_after_the_cut_of_a_settled_cycle_is_booked_back_in_the_first_open_month()
    {
        // One a day.
        var yearly = Flat("yearly", "365.00") with { Cycle = new(12, CycleAlignment.Calendar, null) };
        await using var world = await OpenAsync(Terms(Calls, yearly));
        await world.RunOnAsync("2026-01-02");
        await world.RunOnAsync("2026-04-02");
        for (var month = 0; month < 3; month++) await world.CloseAsync(January + month);
        Assert.Null(await world.ChangeAsync(1, "2026-02-01", Terms(Calls, Until(yearly, "2026-02-01"))));
        await world.UseAsync("2026-04-05", "500");
        await world.RunOnAsync("2026-05-01");
        Assert.Equal([("calls", "500.00"), ("yearly", "-334.00")], await world.NewestAsync());
        await world.RunOnAsync("2026-06-01");
        Assert.Equal(["Settled"], await world.CyclesAsync("yearly"));
        await world.CloseAsync(January + 3);
        Assert.Equal(
            [(0, null, 3_100), (1, null, 2_800), (2, null, 3_100), (3, 1, -2_800), (3, 2, -3_100)],
            await world.RevenueAsync("yearly"));
        await world.CloseAsync(January + 4);
        Assert.Equal(3_100, (await world.RevenueAsync("yearly")).Sum(line => line.Minor));
    }

    [Fact]
    public async Task Law_6_a_price_that_changes_within_a_settled_cycle_is_billed_by_its_next_revision()
    {
        var fee = Flat("fee", "50.00", BillingTiming.Arrears);
        await using var world = await SettledAsync(Terms(Calls, fee));
        Assert.Null(await world.ChangeAsync(1, "2026-01-15", Terms(Half(Calls), fee)));
        Assert.Equal("Billed", (await world.CyclesAsync("calls"))[0]);
        Assert.Equal("Settled", (await world.CyclesAsync("fee"))[0]);
        await world.UseAsync("2026-04-10", "100");
        await world.RunOnAsync("2026-05-01");
        Assert.Equal([("calls", "50.00"), ("fee", "50.00"), ("calls", "-10.00")], await world.NewestAsync());
        Assert.Equal([(0, null, 3_000), (3, 0, -1_000), (3, null, 5_000)], await world.RevenueAsync("calls"));
        await world.VerifyAsync();
        await world.RunOnAsync("2026-06-01");
        await world.CloseAsync(January + 3);
        Assert.Equal("Settled", (await world.CyclesAsync("calls"))[0]);
    }

    [Fact]
    public async Task Law_6_a_line_that_ends_within_a_settled_cycle_gives_the_rest_back()
    {
        var fee = Flat("fee", "50.00", BillingTiming.Arrears);
        await using var world = await SettledAsync(Terms(Calls, fee));
        Assert.Null(await world.ChangeAsync(1, "2026-01-15", Terms(Until(Calls, "2026-01-15"), fee)));
        await world.RunOnAsync("2026-05-01");
        Assert.Equal([("fee", "50.00"), ("calls", "-20.00")], await world.NewestAsync());
        Assert.Equal([(0, null, 3_000), (3, 0, -2_000)], await world.RevenueAsync("calls"));
        await world.RunOnAsync("2026-06-01");
        await world.CloseAsync(January + 3);
        await world.VerifyAsync();
    }

    [Fact]
    public async Task A_settled_cycle_of_a_line_that_had_ended_before_the_version_stays_settled()
    {
        var fee = Flat("fee", "50.00", BillingTiming.Arrears);
        var ended = Until(Calls, "2026-01-20");
        await using var world = await SettledAsync(Terms(ended, fee));
        Assert.Null(await world.ChangeAsync(
            1, "2026-01-25", Terms(ended, fee with { Price = new FlatPrice(new(6_000, Eur)) })));
        Assert.Equal("Settled", (await world.CyclesAsync("calls"))[0]);
        Assert.Equal("Billed", (await world.CyclesAsync("fee"))[0]);
    }

    [Fact]
    public async Task A_cycle_is_not_settled_when_a_version_changed_it_after_it_was_looked_at()
    {
        await using var world = await BilledAsync(Terms(Calls));
        await world.UseAsync("2026-03-05", "400");
        Task? change = null;
        var reader = new CycleTotalsReader(world.World.Usage, (_, _) =>
        {
            // Asked while the run prices what it has read, and long before it writes.
            change ??= Task.Run(async () => Assert.Null(
                await world.ChangeAsync(1, "2026-01-05", Terms(Half(Calls)))));
            change.Wait();
            return UsageRows.P(Partition);
        });
        await world.World.GoToAsync("2026-03-31T22:00:00Z");
        var invoicer = new Invoicer(
            world.World.Store, new(world.World.Store), reader, world.World.Time,
            NullLogger<Invoicer>.Instance);
        await invoicer.RunAsync();
        Assert.NotNull(change);
        Assert.Equal("Billed", (await world.CyclesAsync("calls"))[0]);
        await world.World.RunAsync();
        Assert.Equal([("calls", "200.00"), ("calls", "-50.00"), ("calls", "-100.00")], await world.NewestAsync());
    }

    [Fact]
    public async Task Invoices_apart_take_what_an_ended_line_gives_back_too()
    {
        var terms = Terms(Calls, Base) with { Grouping = InvoiceGrouping.Separate };
        await using var world = await BilledAsync(terms);
        Assert.Null(await world.ChangeAsync(
            1, "2026-03-01", terms with { Lines = [Calls, Until(Base, "2026-03-01")] }));
        await world.UseAsync("2026-03-04", "300");
        Assert.Equal(1, (await world.RunOnAsync("2026-04-01")).Issued);
        Assert.Equal([("calls", "300.00"), ("base", "-31.00")], await world.NewestAsync());
    }

    [Fact]
    public async Task An_invoice_that_is_below_zero_by_its_tax_alone_is_not_issued()
    {
        var untaxed = Flat("fee", "31.00", BillingTiming.Arrears) with { Tax = new("none", default, null) };
        await using var world = await BilledAsync(Terms(untaxed, Base));
        Assert.Null(await world.ChangeAsync(1, "2026-03-01", Terms(untaxed, Until(Base, "2026-03-01"))));
        // 31.00 without tax less 31.00 with 5.89 of it.
        var report = await world.RunOnAsync("2026-04-01");
        Assert.Equal([("fee", "31.00")], await world.NewestAsync());
        Assert.Equal("31.00", (await world.World.InvoicesAsync())[^1].Total.ToText());
        Assert.Contains("31.00 EUR", Assert.Single(report.Problems).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_given_back_has_the_tax_that_it_was_billed_with()
    {
        await using var world = await BilledAsync(Terms(Calls, Base));
        // March is billed ahead with 19 %. The version that cuts it says another tax of it, too.
        var other = Until(Base, "2026-03-15") with { Tax = Seven };
        Assert.Null(await world.ChangeAsync(1, "2026-03-01", Terms(Calls, other)));
        await world.UseAsync("2026-03-04", "300");
        await world.RunOnAsync("2026-04-01");
        Assert.Equal([("calls", "300.00", "19"), ("base", "-17.00", "19")], await TaxedAsync(world));
        await world.VerifyAsync();
    }

    [Fact]
    public async Task What_is_given_back_is_taken_from_the_newest_charges_with_their_taxes()
    {
        await using var world = await BilledAsync(Terms(Calls, Base));
        Assert.Null(await world.ChangeAsync(1, "2026-03-01", Terms(Calls, Flat("base", "40.00") with { Tax = Seven })));
        await world.RunOnAsync("2026-04-01");
        Assert.Equal(
            [("base", "40.00", "7"), ("calls", "0.00", "19"), ("base", "9.00", "7")], await TaxedAsync(world));
        var cheap = Flat("base", "20.00") with { Tax = new("none", default, "Exempt") };
        await world.World.GoToAsync("2026-04-02T00:00:00Z");
        Assert.NotNull(await world.ChangeAsync(2, "2026-03-01", Terms(Calls, cheap)));
        Assert.Null(await world.ChangeAsync(2, "2026-03-01", Terms(Calls, cheap with { Tax = Seven })));
        await world.UseAsync("2026-04-04", "300");
        await world.RunOnAsync("2026-05-01");
        Assert.Equal(
            [("base", "20.00", "7"), ("calls", "300.00", "19"), ("base", "-9.00", "7"), ("base", "-11.00", "19"),
                ("base", "-20.00", "7")],
            await TaxedAsync(world));
        await world.VerifyAsync();
    }

    [Fact]
    public async Task What_is_given_up_and_given_back_is_read_no_more_and_billed_again_when_its_line_is_restored()
    {
        await using var world = await BilledAsync(Terms(Calls, Base));
        await world.CloseAsync(January);
        await world.CloseAsync(January + 1);
        Assert.Null(await world.ChangeAsync(1, "2026-02-01", Terms(Calls, Until(Base, "2026-02-01"))));
        // February's revenue was recognised, March's not yet.
        Assert.Equal((2, 1), (await GivenUpReadAsync(world, long.MaxValue), await GivenUpReadAsync(world, 0)));
        await world.UseAsync("2026-03-04", "300");
        await world.RunOnAsync("2026-04-01");
        // Given back, but its revenue is not booked back yet.
        Assert.Equal((0, 1), (await GivenUpReadAsync(world, long.MaxValue), await GivenUpReadAsync(world, 0)));
        await world.CloseAsync(January + 2);
        Assert.Equal((0, 0), (await GivenUpReadAsync(world, long.MaxValue), await GivenUpReadAsync(world, 0)));
        Assert.Equal(["GivenUp", "GivenUp"], (await world.CyclesAsync("base"))[1..]);
        Assert.Null(await world.ChangeAsync(2, "2026-02-01", Terms(Calls, Base)));
        await world.RunOnAsync("2026-05-01");
        Assert.DoesNotContain("GivenUp", await world.CyclesAsync("base"));
        await world.CloseAsync(January + 3);
        Assert.Equal(
            [(0, 3_100), (1, 3_100), (2, 3_100), (3, 3_100)],
            (await world.RevenueAsync("base")).GroupBy(line => line.LateOf ?? line.Month)
                .Select(month => (month.Key, month.Sum(line => line.Minor))).Order());
    }

    [Fact]
    public async Task A_tax_that_changes_what_was_invoiced_is_refused_with_the_earliest_instant()
    {
        await using var world = await BilledAsync(Terms(Base));
        var other = Terms(Base with { Tax = new("VAT", new(21 * Quantity.Scale), null) });
        var refusal = await world.ChangeAsync(1, "2026-02-15", other);
        Assert.Equal("/effective_at", refusal!.Pointer);
        Assert.Contains("2026-02-28T23:00:00Z", refusal.Reason, StringComparison.Ordinal);
        // March is billed ahead and goes on.
        Assert.Null(await world.ChangeAsync(1, "2026-03-01", other));
    }

    /// <summary>100 calls in January, 200 in February; billed up to 1 March, and it is the 2nd.</summary>
    static async Task<RetroactiveWorld> BilledAsync(ContractTerms terms)
    {
        var world = await OpenAsync(terms);
        await world.RunOnAsync("2026-01-02");
        await world.UseAsync("2026-01-10", "100");
        await world.UseAsync("2026-02-10", "200");
        await world.RunOnAsync("2026-02-01");
        await world.RunOnAsync("2026-03-01");
        await world.World.GoToAsync("2026-03-02T00:00:00Z");
        return world;
    }

    /// <summary>10 calls on 5 January, 20 on the 20th; it is 2 April, January is settled, the quarter closed.</summary>
    static async Task<RetroactiveWorld> SettledAsync(ContractTerms terms)
    {
        var world = await OpenAsync(terms);
        await world.UseAsync("2026-01-05", "10");
        await world.UseAsync("2026-01-20", "20");
        foreach (var day in (string[])["2026-02-01", "2026-03-01", "2026-04-01", "2026-04-02"])
            await world.RunOnAsync(day);
        Assert.Equal("Settled", (await world.CyclesAsync("calls"))[0]);
        for (var month = 0; month < 3; month++) await world.CloseAsync(January + month);
        return world;
    }

    /// <summary>Given-up cycles that a run reads, or a closing of months from that instant on.</summary>
    static async Task<int> GivenUpReadAsync(RetroactiveWorld world, long settledAfterMs)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var db = world.World.Store.Context();
        var page = await BillingPage.ReadAsync(db, [1], cancellation, settledAfterMs);
        return page.Contracts[0].Cycles.Count(cycle => cycle.State == CycleState.GivenUp);
    }

    /// <summary>Lines of the newest invoice with their rates of tax.</summary>
    static async Task<List<(string LineRef, string Amount, string Rate)>> TaxedAsync(RetroactiveWorld world) =>
    [
        .. (await world.World.InvoicesAsync())[^1].Record.Lines
            .Select(line => (line.LineRef, line.Amount, line.TaxRate)),
    ];

    static LineTerms Until(LineTerms line, string end) => line with { End = DateOnly.Parse(end) };

    static LineTerms Half(LineTerms line) =>
        line with { Price = new PerUnitPrice(Eur, Quantity.Scale / 2) };
}
