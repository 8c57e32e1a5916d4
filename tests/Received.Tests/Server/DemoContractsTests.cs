using System.Globalization;
using NodaTime;
using Received.Server.Demo;
using Received.Server.Demo.Billing;
using Xunit;

namespace Received.Tests.Server;

public sealed class DemoContractsTests
{
    [Theory]
    [InlineData("2026-12-01", "2026-11-01", "2026-10-01")]
    [InlineData("2026-12-02", "2026-11-01", "2026-11-01")]
    [InlineData("2026-11-30", "2026-10-01", "2026-10-01")]
    public void Books_begin_with_the_month_that_the_first_usage_has_in_the_sellers_zone(
        string today, string germany, string america)
    {
        var end = DateTimeOffset.Parse(today + "T12:00Z", CultureInfo.InvariantCulture);
        var contracts = new DemoContracts(new DemoPlan(1000, end, 7));
        Assert.Equal([Day(germany), Day(america)], DemoContracts.Sellers.Select(contracts.FirstMonth));
    }

    static LocalDate Day(string text) => LocalDate.FromDateTime(
        DateTime.Parse(text, CultureInfo.InvariantCulture));
}
