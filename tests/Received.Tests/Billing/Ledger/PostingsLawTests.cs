using CsCheck;
using Received.Billing.Ledger;
using Received.Model;
using Xunit;

namespace Received.Tests.Billing.Ledger;

public sealed class PostingsLawTests
{
    const int October = (2026 * 12) + 9;

    static readonly Currency Eur = Currency.Parse("EUR");
    static readonly CycleSubject Cycle = new(4, 7, "calls");

    [Fact]
    public void Law_10_whatever_is_earned_billed_voided_and_closed_books_are_right_at_every_months_end() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 20], Gen.Int[0, 20], Gen.Int[-300, 900]).Array[0, 40].Sample(
            acts =>
            {
                var model = new BooksModel();
                foreach (var (act, which, month, amount) in acts) model.Act(act, which, month, amount);
                model.Finish();
            },
            iter: 200);

    [Fact]
    public void Usage_passes_through_the_contract_asset()
    {
        var entries = Invoice(17, Day(11, 1), charge: 10_000, tax: 1_900, earned: [(October, 10_000)]);
        Assert.Equal(
            """
            recognised:cycle:4:month:24321:invoice:17 24321 2026-10-31: ContractAsset 100.00, Revenue -100.00
            invoice:17 24322 2026-11-01: Receivable 119.00, ContractAsset -100.00, TaxPayable -19.00
            """, Text(entries));
    }

    [Fact]
    public void A_fee_in_advance_passes_through_deferred_revenue()
    {
        var history = Empty();
        var issued = Invoice(17, Day(10, 1), charge: 9_000, tax: 0, earned: [], history);
        var earned = RecognitionPostings.Entries(
            new(Cycle, [new(October, new(3_000, Eur))]), history, default, Day(10, 31), "close:24321");
        Assert.Equal(
            """
            invoice:17 24321 2026-10-01: Receivable 90.00, DeferredRevenue -90.00
            recognised:cycle:4:month:24321:close:24321 24321 2026-10-31: DeferredRevenue 30.00, Revenue -30.00
            """, Text([.. issued, .. earned]));
    }

    [Fact]
    public void More_earned_than_was_billed_ahead_becomes_a_contract_asset()
    {
        var history = Empty();
        Invoice(17, Day(10, 1), charge: 2_000, tax: 0, earned: [], history);
        Assert.Equal(
            "recognised:cycle:4:month:24321:close:24321 24321 2026-10-31: "
            + "ContractAsset 10.00, DeferredRevenue 20.00, Revenue -30.00",
            Text(RecognitionPostings.Entries(
                new(Cycle, [new(October, new(3_000, Eur))]), history, default, Day(10, 31), "close:24321")));
    }

    [Fact]
    public void Late_usage_of_a_closed_month_goes_to_the_first_open_one_and_says_whose_it_is()
    {
        var entries = Invoice(
            18, Day(12, 1), charge: 700, tax: 133, earned: [(October, 500), (October + 1, 200)], open: new(October));
        Assert.Equal(
            """
            recognised:cycle:4:month:24321:invoice:18 24322 2026-11-30 late of 24321: ContractAsset 5.00, Revenue -5.00
            recognised:cycle:4:month:24322:invoice:18 24322 2026-11-30: ContractAsset 2.00, Revenue -2.00
            invoice:18 24323 2026-12-01: Receivable 8.33, ContractAsset -7.00, TaxPayable -1.33
            """, Text(entries));
    }

    [Fact]
    public void An_invoice_again_recognises_only_what_is_new()
    {
        var history = Empty();
        Invoice(17, Day(11, 1), charge: 10_000, tax: 0, earned: [(October, 10_000)], history);
        var again = Invoice(18, Day(12, 1), charge: -250, tax: 0, earned: [(October, 9_750)], history);
        Assert.Equal(
            """
            recognised:cycle:4:month:24321:invoice:18 24321 2026-10-31: ContractAsset -2.50, Revenue 2.50
            recognised:cycle:4:month:24321:invoice:18:turned:24322 24322 2026-11-01:
             ContractAsset 2.50, DeferredRevenue -2.50
            invoice:18 24323 2026-12-01: Receivable -2.50, DeferredRevenue 2.50
            """.Replace(":\n ", ": "), Text(again));
    }

    [Fact]
    public void A_void_reverses_the_invoice_and_leaves_the_revenue()
    {
        var history = Empty();
        var issued = Invoice(17, Day(10, 1), charge: 9_000, tax: 1_710, earned: [], history);
        foreach (var _ in RecognitionPostings.Entries(
            new(Cycle, [new(October, new(3_000, Eur))]), history, default, Day(10, 31), "close:24321")) { }
        Assert.Equal(
            "void:invoice:17 24322 2026-11-05: "
            + "Receivable -107.10, TaxPayable 17.10, ContractAsset 30.00, DeferredRevenue 60.00",
            Text(VoidPostings.Entries(
                issued[^1], 17, new Dictionary<long, CycleHistory> { [4] = history }, new(October), Day(11, 5))));
    }

    [Fact]
    public void Nothing_billed_and_nothing_earned_is_no_entry() =>
        Assert.Empty(Invoice(17, Day(11, 1), charge: 0, tax: 0, earned: [(October, 0)]));

    [Theory]
    [InlineData(null, 24321, 24321, "2026-10-15", null)]
    [InlineData(24320, 24321, 24321, "2026-10-15", null)]
    [InlineData(24321, 24321, 24322, "2026-11-01", 24321)]
    [InlineData(24323, 24321, 24324, "2027-01-01", 24321)]
    public void An_entry_goes_to_its_month_or_the_first_open_one(
        int? closed, int period, int expected, string day, int? lateOf)
    {
        var at = new OpenPeriods(closed).At(period, Day(10, 15));
        Assert.Equal((expected, lateOf), (at.Period, at.LateOf));
        Assert.Equal(day, $"{DateTime.UnixEpoch.AddDays(at.Day):yyyy-MM-dd}");
    }

    static CycleHistory Empty() => new(Cycle, Eur, []);

    static IReadOnlyList<Entry> Invoice(
        long id, int day, long charge, long tax, (int Month, long Minor)[] earned, CycleHistory? history = null,
        OpenPeriods open = default) => InvoicePostings.Entries(
        new(
            new(1), 1, id, 7, day, Eur, new(tax, Eur),
            [
                new(
                    4, 1, "calls", new(charge, Eur),
                    [.. earned.Select(month => new MonthAmount(month.Month, new(month.Minor, Eur)))]),
            ]),
        new Dictionary<long, CycleHistory> { [4] = history ?? Empty() }, open);

    static int Day(int month, int day) =>
        new DateOnly(2026, month, day).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    static string Text(IEnumerable<Entry> entries) => string.Join('\n', entries.Select(entry =>
        $"{entry.Source} {entry.Period} {DateTime.UnixEpoch.AddDays(entry.Day):yyyy-MM-dd}"
        + (entry.LateOf is { } month ? $" late of {month}" : "") + ": "
        + string.Join(", ", entry.Postings.Select(posting => $"{posting.Account} {posting.Amount.ToText()}"))));
}
