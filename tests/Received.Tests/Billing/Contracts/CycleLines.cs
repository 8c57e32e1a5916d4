using NodaTime;
using NodaTime.Text;
using Received.Billing.Contracts;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;

namespace Received.Tests.Billing.Contracts;

/// <summary>Short ways to write contract lines and their cycles.</summary>
static class CycleLines
{
    public static DateTimeZone Zone(string id) => CivilTime.Zone(id);

    public static DateOnly Day(string iso) => LocalDatePattern.Iso.Parse(iso).Value.ToDateOnly();

    public static long Ms(string utc) => InstantPattern.General.Parse(utc).Value.ToUnixTimeMilliseconds();

    public static string Utc(long ms) => InstantPattern.General.Format(Instant.FromUnixTimeMilliseconds(ms));

    public static LineTerms Line(
        string start, int months = 1, CycleAlignment alignment = CycleAlignment.Calendar, int? anchorDay = null,
        BillingTiming timing = BillingTiming.Arrears, string? end = null, string? issueDay = null,
        string lineRef = "calls") => new(
        lineRef, "p", "e", "Calls", new FlatPrice(new(4900, Currency.Parse("EUR"))),
        new(months, alignment, anchorDay), timing, issueDay is null ? null : Day(issueDay),
        new("VAT", Percent.Zero, null), Day(start), end is null ? null : Day(end), IsDefault: true);
}
