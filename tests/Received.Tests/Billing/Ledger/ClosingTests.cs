using Microsoft.EntityFrameworkCore;
using Received.Billing.Ledger;
using Received.Model.Contracts;
using Received.Tests.Billing.Invoices;
using Xunit;
using static Received.Tests.Billing.Invoices.BillingWorld;

namespace Received.Tests.Billing.Ledger;

/// <summary>
/// A contract from 1 January with calls at 1.00, billed from the 15th to the 15th, and a fee of 90.00 a quarter, ahead.
/// </summary>
public sealed class ClosingTests : IAsyncLifetime
{
    const int January = 2026 * 12;

    static readonly CancellationToken None = TestContext.Current.CancellationToken;

    BillingWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await MakeAsync();
        await _world.AddContractAsync("c", "Europe/Berlin", Terms(
            PerUnit("calls", "1") with { Cycle = new(1, CycleAlignment.Calendar, 15) },
            Flat("base", "90.00") with { Cycle = new(3, CycleAlignment.Calendar, null) }));
        await _world.UseAsync(
            "c", "calls", ("2026-01-10T12:00:00Z", "3"), ("2026-01-20T12:00:00Z", "10"), ("2026-02-03T12:00:00Z", "5"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Law_10_closing_books_revenue_of_usage_and_fees_whether_billed_or_not_and_once()
    {
        // The fee and the calls until the 15th are billed, those after it are not.
        await _world.GoToAsync("2026-02-03T13:00:00Z");
        await _world.RunAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => CloseAsync(January))));
        Assert.Single(results, result => result.Outcome == CloseOutcome.Closed);
        Assert.Equal(2, results.Count(result => result.Outcome == CloseOutcome.AlreadyClosed));
        Assert.All(results, result => Assert.Equal(Partition, Assert.Single(result.Month!.Positions).Partition));
        Assert.Equal(
            [
                (LedgerAccount.Receivable, 11_067L), (LedgerAccount.ContractAsset, 1_000L),
                (LedgerAccount.DeferredRevenue, -5_900L), (LedgerAccount.TaxPayable, -1_767L),
                (LedgerAccount.Revenue, -4_400L),
            ],
            await BalancesAsync());
        var entries = await EntriesAsync();
        Assert.Equal(CloseOutcome.AlreadyClosed, (await CloseAsync(January)).Outcome);
        Assert.Equal(entries, await EntriesAsync());
        Assert.Equal([January], (await Closing().ListAsync(Account, None)).Select(month => month.Period));
    }

    [Fact]
    public async Task Law_7_a_month_is_not_closed_before_it_has_ended_and_its_usage_is_in()
    {
        await _world.GoToAsync("2026-01-31T22:59:00Z");
        Assert.Equal(CloseOutcome.NotEnded, (await CloseAsync(January)).Outcome);
        await _world.GoToAsync("2026-01-31T23:00:00Z", isRated: false);
        var waiting = await CloseAsync(January);
        Assert.Equal(CloseOutcome.UsageNotIn, waiting.Outcome);
        Assert.Contains("'c'", Assert.Single(waiting.Reasons), StringComparison.Ordinal);
        Assert.Equal(0, await EntriesAsync());
        await _world.GoToAsync("2026-01-31T23:00:00Z");
        Assert.Equal(CloseOutcome.Closed, (await CloseAsync(January)).Outcome);
    }

    [Fact]
    public async Task Months_are_closed_in_order_and_those_of_other_accounts_are_not_found()
    {
        await _world.GoToAsync("2026-03-02T00:00:00Z");
        var february = await CloseAsync(January + 1);
        Assert.Equal(CloseOutcome.EarlierOpen, february.Outcome);
        Assert.Contains("2026-01", february.Reasons[0], StringComparison.Ordinal);
        Assert.Equal(
            CloseOutcome.EntityUnknown, (await Closing().CloseAsync(new(2), "acme-de", January, "t", None)).Outcome);
        Assert.Empty(await Closing().ListAsync(new(2), None));
    }

    [Fact]
    public async Task Law_10_usage_of_a_closed_month_is_revenue_of_the_first_open_one_and_marked()
    {
        await _world.GoToAsync("2026-02-03T13:00:00Z");
        await _world.RunAsync();
        await CloseAsync(January);
        await _world.UseAsync("c", "calls", ("2026-01-12T12:00:00Z", "2"), ("2026-01-21T12:00:00Z", "4"));
        await _world.GoToAsync("2026-02-15T00:00:00Z");
        var report = await _world.RunAsync();
        Assert.Empty(report.Problems);
        Assert.Equal(1, report.Issued);
        Assert.Equal(
            [(January, null, "base", 3_100L), (January, null, "calls", 1_300L), (January + 1, January, "calls", 600L),
                (January + 1, null, "calls", 500L)],
            (await RevenueAsync()).OrderBy(line => line.Period).ThenBy(line => line.ProductRef)
                .ThenBy(line => line.LateOf is null)
                .Select(line => (line.Period, line.LateOf, line.ProductRef, line.AmountMinor)));
        await _world.GoToAsync("2026-03-01T00:00:00Z");
        Assert.Equal(CloseOutcome.Closed, (await CloseAsync(January + 1)).Outcome);
        Assert.Equal(2_800, (await RevenueAsync()).Where(line => line.Period == January + 1)
            .Where(line => line.ProductRef == "base").Sum(line => line.AmountMinor));
        Assert.Empty(await new BookCheck(_world.Store).RunAsync(Account, None));
    }

    [Fact]
    public async Task Law_10_closing_and_invoicing_at_once_book_all_revenue_once()
    {
        await _world.GoToAsync("2026-02-15T00:00:00Z");
        await Task.WhenAll(Task.Run(_world.RunAsync), Task.Run(() => CloseAsync(January)), Task.Run(_world.RunAsync));
        await _world.RunAsync();
        await CloseAsync(January);
        Assert.Equal(
            [("base", 3_100L), ("calls", 1_300L), ("calls", 500L)],
            (await RevenueAsync()).GroupBy(line => (line.LateOf ?? line.Period, line.ProductRef))
                .OrderBy(group => group.Key)
                .Select(group => (group.Key.ProductRef, group.Sum(line => line.AmountMinor))));
        Assert.Empty(await new BookCheck(_world.Store).RunAsync(Account, None));
    }

    Closing Closing() => new(_world.Store, new(_world.Store), _world.Totals, _world.Time);

    Task<CloseResult> CloseAsync(int month) => Closing().CloseAsync(Account, "acme-de", month, "test", None);

    Task<IReadOnlyList<RevenueLine>> RevenueAsync() =>
        new LedgerReports(_world.Store).RevenueAsync(Account, January, January + 2, null, None);

    async Task<int> EntriesAsync()
    {
        await using var db = _world.Store.Context();
        return await db.Entries.CountAsync(None);
    }

    async Task<List<(LedgerAccount, long)>> BalancesAsync() =>
        [
            .. (await new LedgerReports(_world.Store).TrialBalanceAsync(Account, January + 12, null, None))
                .Where(line => line.BalanceMinor != 0).Select(line => (line.Account, line.BalanceMinor)),
        ];
}
