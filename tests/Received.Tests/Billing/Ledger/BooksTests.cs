using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Model;
using Xunit;

namespace Received.Tests.Billing.Ledger;

public sealed class BooksTests : IAsyncLifetime
{
    const int October = (2026 * 12) + 9;

    static readonly Currency Eur = Currency.Parse("EUR");
    static readonly CancellationToken None = TestContext.Current.CancellationToken;

    readonly string _folder = Directory.CreateTempSubdirectory("received-books-").FullName;
    BooksRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await BooksRig.OpenAsync(_folder);

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Law_10_an_invoice_again_books_only_what_the_books_do_not_say_yet()
    {
        await IssueAsync(1, 100_00, (October, 60_00), (October + 1, 40_00));
        await IssueAsync(2, 5_00, (October, 62_00), (October + 1, 43_00));
        Assert.Equal(
            "Receivable 10500, Revenue -10500", await BalancesAsync());
        await using var db = _rig.Store.Context();
        Assert.Equal(
            [
                "recognised:cycle:1:month:24321:invoice:1", "recognised:cycle:1:month:24322:invoice:1", "invoice:1",
                "recognised:cycle:1:month:24321:invoice:2", "recognised:cycle:1:month:24322:invoice:2", "invoice:2",
            ],
            await db.Entries.OrderBy(row => row.Id).Select(row => row.Source).ToListAsync(None));
    }

    [Fact]
    public async Task Law_10_a_voided_invoice_is_reversed_once_and_its_cycle_can_be_billed_again()
    {
        await IssueAsync(1, 100_00, (October, 100_00));
        await VoidAsync(1);
        Assert.Equal("ContractAsset 10000, Revenue -10000", await BalancesAsync());
        await Assert.ThrowsAsync<DbUpdateException>(() => VoidAsync(1));
        await IssueAsync(2, 100_00, (October, 100_00));
        Assert.Equal("Receivable 10000, Revenue -10000", await BalancesAsync());
    }

    [Fact]
    public async Task Law_10_usage_of_a_closed_month_is_booked_in_the_first_open_one_once()
    {
        await IssueAsync(1, 100_00, (October, 100_00));
        await using (var db = _rig.Store.Context())
        {
            db.ClosedPeriods.Add(new()
            {
                EntityId = 1,
                Period = October,
                ClosedAtMs = 0,
                Positions = "[]",
                Actor = "test",
            });
            await db.SaveChangesAsync(None);
        }

        await IssueAsync(2, 7_00, (October, 107_00));
        await IssueAsync(3, 0, (October, 107_00));
        await using var books = _rig.Store.Context();
        var late = Assert.Single(await books.Entries.Where(row => row.LateOfPeriod != null).ToListAsync(None));
        Assert.Equal((October + 1, October), (late.Period, late.LateOfPeriod));
    }

    [Fact]
    public async Task Entries_are_refused_outside_of_a_transaction()
    {
        await using var db = _rig.Store.Context();
        await Assert.ThrowsAsync<InvalidOperationException>(() => Books.AddInvoiceAsync(
            db, Facts(1, 1_00), TimeProvider.System, None));
    }

    static InvoiceFacts Facts(long invoice, long amount, params (int Month, long Minor)[] earned) => new(
        new(1), 1, invoice, 1, OpenPeriods.FirstDay(October + 2), Eur, Money.Zero(Eur),
        [
            new(
                1, (int)invoice, "calls", new(amount, Eur),
                [.. earned.Select(month => new MonthAmount(month.Month, new(month.Minor, Eur)))]),
        ]);

    async Task IssueAsync(long invoice, long amount, params (int Month, long Minor)[] earned)
    {
        await using var db = _rig.Store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(None);
        await Books.AddInvoiceAsync(db, Facts(invoice, amount, earned), TimeProvider.System, None);
        await db.SaveChangesAsync(None);
        await transaction.CommitAsync(None);
    }

    async Task VoidAsync(long invoice)
    {
        await using var db = _rig.Store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync(None);
        await Books.AddVoidAsync(db, BooksRig.Invoice(invoice, InvoiceState.Issued, 0, 0), TimeProvider.System, None);
        await db.SaveChangesAsync(None);
        await transaction.CommitAsync(None);
    }

    async Task<string> BalancesAsync()
    {
        await using var db = _rig.Store.Context();
        var sums = await db.Postings.GroupBy(row => row.LedgerAccount)
            .Select(sum => new { sum.Key, Minor = sum.Sum(row => row.AmountMinor) }).ToListAsync(None);
        return string.Join(", ", sums.Where(sum => sum.Minor != 0).OrderBy(sum => sum.Key)
            .Select(sum => $"{sum.Key} {sum.Minor}"));
    }
}
