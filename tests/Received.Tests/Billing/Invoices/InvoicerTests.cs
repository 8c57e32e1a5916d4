using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Model;
using Received.Model.Contracts;
using Xunit;
using static Received.Tests.Billing.Invoices.BillingWorld;

namespace Received.Tests.Billing.Invoices;

public sealed class InvoicerTests
{
    [Fact]
    public async Task A_months_usage_and_fee_come_to_one_invoice_with_its_books()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "Europe/Berlin", Terms(PerUnit("calls", "0.0025"), Flat("base", "49.00")));
        await world.UseAsync(
            "c", "calls", ("2026-01-01T00:00:00Z", "1000000"), ("2026-01-31T22:59:59Z", "234567"),
            ("2026-01-31T23:00:00Z", "500"), ("2025-12-31T22:59:59Z", "7"));
        await world.GoToAsync("2026-02-01T00:00:00Z");

        // January's fee in advance (due since New Year), then February's with January's calls.
        var report = await world.RunAsync();
        Assert.Equal((2, 0, 0), (report.Issued, report.Drafts, report.Waiting));
        Assert.Empty(report.Problems);
        var invoices = await world.InvoicesAsync();
        Assert.Equal(["INV-000001", "INV-000002"], invoices.Select(invoice => invoice.Number));
        Assert.Equal("58.31", invoices[0].Total.ToText());
        var record = invoices[1].Record;
        Assert.Equal(
            [("base", "1", "49", "49.00"), ("calls", "1234567", "0.0025", "3086.42")],
            record.Lines.Select(line => (line.ProductRef, line.Quantity, line.UnitPrice, line.Amount)));
        Assert.Equal(("3135.42", "595.73", "3731.15"), (record.Net, record.Tax, record.Total));
        Assert.Equal(new(1, 1, 1), record.Charges[1].Position);
        Assert.Equal(2, record.Charges[1].EventCount);
        Assert.Equal(
            ("2026-01", "3086.42"),
            (record.Charges[1].Earned[0].Month, record.Charges[1].Earned[0].Amount));
        Assert.Equal(new DateOnly(2026, 2, 1), record.IssueDate);
        Assert.Equal(new DateOnly(2026, 3, 3), record.DueDate);
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task A_fee_for_a_product_does_not_take_its_usage_away()
    {
        await using var world = await MakeAsync();
        var fee = Flat("calls", "10.00", BillingTiming.Arrears) with { LineRef = "fee" };
        await world.AddContractAsync("own", "UTC", Terms(PerUnit("calls", "1") with { IsDefault = false }, fee));
        // A fee that calls itself the default, under a contract of its own.
        await world.AddContractAsync("two", "UTC", Terms(fee), "fees");
        await world.AddContractAsync("two", "UTC", Terms(PerUnit("calls", "1")), "usage");
        await world.UseAsync("own", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.UseAsync("two", "calls", ("2026-01-05T00:00:00Z", "7"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        var invoices = await world.InvoicesAsync();
        Assert.Equal(
            ["10.00", "15.00", "7.00"],
            invoices.Select(invoice => invoice.Record.Net).Order(StringComparer.Ordinal));
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task Law_6_running_again_or_at_once_changes_nothing()
    {
        await using var world = await MakeAsync();
        foreach (var customer in Enumerable.Range(0, 20).Select(i => $"c{i}"))
            await world.AddContractAsync(customer, "UTC", Terms(PerUnit("calls", "1")));
        await world.UseAsync("c3", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        var reports = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(world.RunAsync)));
        Assert.All(reports, report => Assert.Empty(report.Problems));
        Assert.Equal(20, reports.Sum(report => report.Issued));
        Assert.Equal(0, (await world.RunAsync()).Issued);
        var invoices = await world.InvoicesAsync();
        Assert.Equal(
            Enumerable.Range(1, 20).Select(n => $"INV-{n:D6}"),
            invoices.Select(invoice => invoice.Number).Order(StringComparer.Ordinal));
        Assert.Equal("5.95", invoices.Single(invoice => invoice.Record.CustomerRef == "c3").Total.ToText());
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task Law_6_late_usage_is_a_revision_on_the_next_invoice_and_revisions_add_up()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "0.005")));
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "3"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        await world.UseAsync("c", "calls", ("2026-01-06T00:00:00Z", "3"), ("2026-02-06T00:00:00Z", "1000"));
        await world.GoToAsync("2026-03-01T00:00:00Z");
        await world.RunAsync();
        var invoices = await world.InvoicesAsync();
        Assert.Equal("0.02", invoices[0].Record.Net);
        // 6 calls of January cost 0.03 together: 0.01 more than what the first 3 were rounded to.
        Assert.Equal(
            [("1000", "5.00", false), ("3", "0.01", true)],
            invoices[1].Record.Lines.Select(line => (line.Quantity, line.Amount, line.IsLate)));
        await using var db = world.Store.Context();
        var charges = await db.Charges.OrderBy(row => row.Id).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            [(1, 2L), (1, 500L), (2, 1L)],
            charges.Select(charge => (charge.Revision, charge.AmountMinor)).Order());
        await world.GoToAsync("2026-03-15T00:00:00Z");
        Assert.Equal(0, (await world.RunAsync()).Issued);
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task Late_usage_of_a_line_that_has_ended_has_one_invoice_when_no_more_can_come()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync(
            "c", "UTC", Terms(PerUnit("calls", "1") with { End = new DateOnly(2026, 2, 1) }));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        foreach (var day in new[] { 2, 3, 4 })
        {
            await world.UseAsync("c", "calls", ($"2026-01-{day:D2}T00:00:00Z", "1"));
            await world.GoToAsync($"2026-02-{day:D2}T00:00:00Z");
            Assert.Equal(0, (await world.RunAsync()).Issued);
        }

        await world.GoToAsync("2026-03-10T00:00:00Z");
        Assert.Equal(1, (await world.RunAsync()).Issued);
        Assert.Equal("3.00", (await world.InvoicesAsync())[1].Record.Net);
        Assert.Equal(1, (await world.RunAsync()).Settled);
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task A_fee_and_usage_of_one_product_share_an_invoice_and_the_fee_takes_no_usage()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync(
            "c", "UTC",
            Terms(
                PerUnit("calls", "1") with { IsDefault = false },
                Flat("calls", "10.00", BillingTiming.Arrears) with { LineRef = "fee", IsDefault = false }));
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        Assert.Equal("15.00", Assert.Single(await world.InvoicesAsync()).Record.Net);
    }

    [Fact]
    public async Task Law_7_a_fee_waits_for_the_usage_that_it_shares_an_invoice_with()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync(
            "c", "UTC", Terms(PerUnit("calls", "1"), Flat("base", "10.00", BillingTiming.Arrears)));
        await world.GoToAsync("2026-02-01T00:00:00Z", isRated: false);
        Assert.Equal((0, 1), Counts(await world.RunAsync()));
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.GoToAsync("2026-02-01T01:00:00Z");
        await world.RunAsync();
        Assert.Equal("15.00", Assert.Single(await world.InvoicesAsync()).Record.Net);
    }

    [Fact]
    public async Task A_draft_is_dated_on_the_day_on_which_it_is_issued()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "1")) with { IssuesAlone = false });
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        await world.GoToAsync("2026-02-10T00:00:00Z");
        await world.Book.IssueAsync(Account, (await world.InvoicesAsync())[0].Id, "k");
        var record = Assert.Single(await world.InvoicesAsync()).Record;
        Assert.Equal((new DateOnly(2026, 2, 10), new DateOnly(2026, 3, 12)), (record.IssueDate, record.DueDate));
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task Voiding_one_of_two_revisions_bills_only_what_it_billed_again()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "1")));
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        await world.UseAsync("c", "calls", ("2026-01-06T00:00:00Z", "2"));
        await world.GoToAsync("2026-03-01T00:00:00Z");
        await world.RunAsync();
        await world.Book.VoidAsync(Account, (await world.InvoicesAsync())[0].Id, "k");
        await world.GoToAsync("2026-04-01T00:00:00Z");
        await world.RunAsync();
        var nets = (await world.InvoicesAsync()).Where(i => i.State != InvoiceState.Void).Select(i => i.Record.Net);
        Assert.Equal(["2.00", "5.00"], nets);
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task Law_6_a_cycle_without_usage_is_a_charge_of_zero()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "1")));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        Assert.Equal(1, (await world.RunAsync()).Issued);
        var invoice = Assert.Single(await world.InvoicesAsync());
        Assert.Equal(InvoiceState.Paid, invoice.State);
        Assert.Equal("0.00", invoice.Record.Total);
        Assert.Equal(1, invoice.Record.Charges[0].Revision);
    }

    [Fact]
    public async Task Law_7_an_invoice_waits_until_a_head_seen_after_the_cut_off_is_rated()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "1")));
        await world.GoToAsync("2026-02-01T00:00:00Z", isRated: false);
        Assert.Equal((0, 1), Counts(await world.RunAsync()));
        var cutOff = DateTimeOffset.Parse("2026-02-01T00:00:00Z");
        await world.BeatAsync(cutOff, 0, 0);
        Assert.Equal((0, 1), Counts(await world.RunAsync()));
        // Seen after it, not rated yet; by the time it is, the log has grown again.
        await world.BeatAsync(cutOff.AddSeconds(1), 5, 3);
        Assert.Equal((0, 1), Counts(await world.RunAsync()));
        await world.BeatAsync(cutOff.AddSeconds(2), 9, 4);
        Assert.Equal((0, 1), Counts(await world.RunAsync()));
        await world.BeatAsync(cutOff.AddSeconds(3), 12, 5);
        Assert.Equal((1, 0), Counts(await world.RunAsync()));
    }

    [Fact]
    public async Task Law_9_a_cycle_is_a_month_of_the_contracts_zone_over_a_change_of_clocks()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("ny", "America/New_York", Terms(PerUnit("calls", "1")));
        await world.AddContractAsync("ktm", "Asia/Kathmandu", Terms(PerUnit("calls", "1")));
        foreach (var customer in new[] { "ny", "ktm" })
        {
            await world.UseAsync(
                customer, "calls", ("2026-02-28T18:14:59Z", "1"), ("2026-02-28T18:15:00Z", "10"),
                ("2026-03-01T04:59:59Z", "100"), ("2026-03-01T05:00:00Z", "1000"), ("2026-03-31T18:14:59Z", "10000"),
                ("2026-03-31T18:15:00Z", "100000"), ("2026-04-01T03:59:59Z", "1000000"),
                ("2026-04-01T04:00:00Z", "10000000"));
        }

        await world.GoToAsync("2026-04-01T04:00:00Z");
        await world.RunAsync();
        var march = (await world.InvoicesAsync()).SelectMany(
                invoice => invoice.Record.Lines.Select(line => (invoice.Record.CustomerRef, line)))
            .Where(entry => entry.line.Start == new DateOnly(2026, 3, 1))
            .ToDictionary(entry => entry.CustomerRef, entry => entry.line.Quantity);
        Assert.Equal("1111000", march["ny"]);
        Assert.Equal("11110", march["ktm"]);
    }

    [Fact]
    public async Task Law_10_a_voided_invoice_keeps_its_number_and_its_cycles_are_billed_anew()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "1")));
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        var first = Assert.Single(await world.InvoicesAsync());
        Assert.Equal(InvoiceChange.Unknown, await world.Book.VoidAsync(new(2), first.Id, "k"));
        Assert.Equal(InvoiceChange.Done, await world.Book.VoidAsync(Account, first.Id, "k"));
        Assert.Equal(InvoiceChange.Refused, await world.Book.VoidAsync(Account, first.Id, "k"));
        await AssertBalancedAsync(world);
        await world.RunAsync();
        var invoices = await world.InvoicesAsync();
        Assert.Equal(
            [("INV-000001", InvoiceState.Void, "0.00"), ("INV-000002", InvoiceState.Issued, "5.95")],
            invoices.Select(invoice => (invoice.Number!, invoice.State, invoice.Open.ToText())));
        Assert.Equal(3, invoices[1].Record.Charges[0].Revision);
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task Law_11_one_bad_contract_is_reported_and_the_others_are_invoiced()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync(
            "bad", "UTC", Terms(PerUnit("calls", "1") with { EntityRef = "nobody" }));
        await world.AddContractAsync("good", "UTC", Terms(PerUnit("calls", "1")));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        var report = await world.RunAsync();
        Assert.Equal(1, report.Issued);
        var problem = Assert.Single(report.Problems);
        Assert.Equal("contract of bad", problem.ContractRef);
        Assert.Contains("'nobody'", problem.Reason);
    }

    [Fact]
    public async Task Law_12_a_run_for_an_account_does_nothing_for_another_one()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync("c", "UTC", Terms(Flat("base", "10.00")), cycles: 0);
        await world.GoToAsync("2026-01-02T00:00:00Z");
        var report = await world.Invoicer().RunAsync(new AccountId(2));
        Assert.Equal((0, 0), (report.Issued, report.Problems.Count));
        await using (var db = world.Store.Context())
            Assert.False(await db.Cycles.AnyAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, (await world.Invoicer().RunAsync(Account)).Issued);
    }

    [Fact]
    public async Task A_price_that_changes_within_a_cycle_makes_two_lines()
    {
        await using var world = await MakeAsync();
        var contract = await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "1"), Flat("base", "31.00")));
        await world.AddVersionAsync(
            contract, 2, "2026-01-11T00:00:00Z", Terms(PerUnit("calls", "2"), Flat("base", "62.00")));
        await world.UseAsync("c", "calls", ("2026-01-10T23:59:59Z", "7"), ("2026-01-11T00:00:00Z", "11"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        var lines = (await world.InvoicesAsync()).SelectMany(invoice => invoice.Record.Lines).ToList();
        Assert.Equal(["10.00", "42.00"], lines.Where(l => l.ProductRef == "base").Take(2).Select(l => l.Amount));
        Assert.Equal(
            [("7", "7.00"), ("11", "22.00")],
            lines.Where(l => l.ProductRef == "calls").Select(l => (l.Quantity, l.Amount)));
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task Asserted_totals_are_billed_by_the_line_that_they_name_and_by_no_other()
    {
        await using var world = await MakeAsync();
        var usd = PerUnit("calls", "2") with
        {
            LineRef = "usd",
            Price = new Received.Model.Pricing.PerUnitPrice(
                Received.Model.Currency.Parse("USD"), Received.Model.Quantity.ParseScaled("2")),
            IsDefault = false,
        };
        await world.AddContractAsync("c", "UTC", Terms(PerUnit("calls", "1"), usd));
        await world.UseAsync("c", "calls", ("2026-01-02T00:00:00Z", "1"));
        await world.UseAsync("c", "calls", "EUR", "", ("2026-01-02T00:00:00Z", "10"));
        await world.UseAsync("c", "calls", "USD", "", ("2026-01-02T00:00:00Z", "100"));
        await world.UseAsync("c", "calls", "GBP", "", ("2026-01-02T00:00:00Z", "1000"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        await world.RunAsync();
        Assert.Equal(
            [("EUR", "11"), ("USD", "100")],
            (await world.InvoicesAsync()).Select(invoice => (invoice.Record.Currency, invoice.Record.Lines[0].Quantity))
                .Order());
    }

    [Fact]
    public async Task Drafts_wait_for_a_person_and_take_no_number_before()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync(
            "c", "UTC", Terms(PerUnit("calls", "1")) with { IssuesAlone = false, Grouping = InvoiceGrouping.Separate });
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        Assert.Equal(1, (await world.RunAsync()).Drafts);
        var draft = Assert.Single(await world.InvoicesAsync());
        Assert.Null(draft.Number);
        Assert.Equal(InvoiceChange.Done, await world.Book.IssueAsync(Account, draft.Id, "k"));
        Assert.Equal(InvoiceChange.Refused, await world.Book.IssueAsync(Account, draft.Id, "k"));
        Assert.Equal("INV-000001", Assert.Single(await world.InvoicesAsync()).Number);
        await AssertBalancedAsync(world);
    }

    [Fact]
    public async Task The_next_invoice_is_what_the_run_would_make()
    {
        await using var world = await MakeAsync();
        await world.AddContractAsync(
            "c", "UTC", Terms(PerUnit("calls", "1"), Flat("base", "10.00", BillingTiming.Arrears)));
        await world.UseAsync("c", "calls", ("2026-01-05T00:00:00Z", "5"));
        await world.GoToAsync("2026-02-01T00:00:00Z");
        var next = Assert.Single((await world.Book.NextAsync(Account, "contract of c"))!.Invoices);
        Assert.Null(await world.Book.NextAsync(new(2), "contract of c"));
        await world.RunAsync();
        Assert.Equal(Assert.Single(await world.InvoicesAsync()).Record.ToJson(), next.ToJson());
        var february = Assert.Single((await world.Book.NextAsync(Account, "contract of c"))!.Invoices);
        Assert.Equal("10.00", february.Net);
    }

    static (int Issued, int Waiting) Counts(InvoiceRunReport report) => (report.Issued, report.Waiting);

    /// <summary>Law 10 over all that is stored, and the receivables are what invoices are open for.</summary>
    static async Task AssertBalancedAsync(BillingWorld world)
    {
        await using var db = world.Store.Context();
        var postings = await db.Postings.ToListAsync(TestContext.Current.CancellationToken);
        Assert.All(postings.GroupBy(row => row.EntryId), entry => Assert.Equal(0, entry.Sum(row => row.AmountMinor)));
        var invoices = await world.InvoicesAsync();
        Assert.Equal(
            invoices.Where(invoice => invoice.State is not InvoiceState.Draft).Sum(invoice => invoice.Open.Minor),
            postings.Where(row => row.LedgerAccount == LedgerAccount.Receivable).Sum(row => row.AmountMinor));
    }
}
