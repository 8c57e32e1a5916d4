using Received.Billing.Ledger;
using Xunit;
using static Received.Tests.Billing.Invoices.BillingWorld;
using static Received.Tests.Billing.Invoices.RetroactiveWorld;

namespace Received.Tests.Billing.Ledger;

/// <summary>A cycle that is looked at for the last time leaves the books right: no close reads it again.</summary>
public sealed class SettledRevenueTests
{
    [Fact]
    public async Task Law_10_revenue_that_a_close_booked_back_is_booked_again_when_the_line_goes_on_after_all()
    {
        var (calls, fee) = (PerUnit("calls", "1"), Flat("base", "31.00"));
        await using var world = await OpenAsync(Terms(calls, fee));
        foreach (var day in (string[])["2026-01-02", "2026-02-01", "2026-03-01"]) await world.RunOnAsync(day);
        await world.CloseAsync(January);
        await world.CloseAsync(January + 1);
        Assert.Null(await world.ChangeAsync(1, "2026-02-01", Terms(calls, fee with { End = new(2026, 2, 15) })));
        await world.World.GoToAsync("2026-04-30T22:00:00Z");
        await world.CloseAsync(January + 2);
        await world.CloseAsync(January + 3);
        Assert.Equal([(0, null, 3_100), (1, null, 3_100), (2, 1, -1_550)], await world.RevenueAsync("base"));

        // No invoice was made meanwhile: there is nothing to give back, nor to charge again.
        Assert.Null(await world.ChangeAsync(2, "2026-02-01", Terms(calls, fee)));
        await world.RunOnAsync("2026-05-15");
        Assert.Equal(["Settled", "Settled", "Settled"], (await world.CyclesAsync("base"))[..3]);
        Assert.Equal(
            [(0, 3_100), (1, 3_100), (2, 3_100), (3, 3_100)],
            (await world.RevenueAsync("base")).GroupBy(line => line.LateOf ?? line.Month).OrderBy(month => month.Key)
                .Select(month => (month.Key, month.Sum(line => line.Minor))));
        // May's, ahead.
        Assert.Equal(-3_100, (await world.BalancesAsync())[LedgerAccount.DeferredRevenue]);
    }
}
