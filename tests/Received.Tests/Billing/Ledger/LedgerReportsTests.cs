using Microsoft.Data.Sqlite;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Model;
using Xunit;

namespace Received.Tests.Billing.Ledger;

/// <summary>
/// Account 1: invoice 1 of October usage (100.00 net, 19.00 tax, due 1 December), paid with 150.00, so 31.00 too much;
/// invoice 2 of late October usage (7.00), due 1 January, open; 5.00 of nobody known.
/// </summary>
public sealed class LedgerReportsTests : IAsyncLifetime
{
    const int October = (2026 * 12) + 9;

    static readonly Currency Eur = Currency.Parse("EUR");
    static readonly CancellationToken None = TestContext.Current.CancellationToken;

    readonly string _folder = Directory.CreateTempSubdirectory("received-books-").FullName;
    BooksRig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await BooksRig.OpenAsync(_folder);
        await SeedInvoicesAsync();
        await SeedPaymentsAsync();
    }

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_trial_balance_of_each_month_sums_to_zero()
    {
        var reports = new LedgerReports(_rig.Store);
        for (var month = October - 1; month <= October + 3; month++)
        {
            var lines = await reports.TrialBalanceAsync(new(1), month, null, None);
            Assert.Equal(0, lines.Sum(line => line.BalanceMinor));
        }

        Assert.Equal(
            """
            Receivable 0 11900 11900 0
            ContractAsset 10000 700 10000 700
            Cash 0 15500 0 15500
            CustomerCredit 0 11900 15000 -3100
            Unapplied 0 0 500 -500
            TaxPayable 0 0 1900 -1900
            Revenue -10000 0 700 -10700
            """,
            string.Join('\n', (await reports.TrialBalanceAsync(new(1), October + 1, "acme-de", None)).Select(line =>
                $"{line.Account} {line.OpeningMinor} {line.DebitMinor} {line.CreditMinor} {line.BalanceMinor}")));
    }

    [Fact]
    public async Task A_statement_runs_on_from_what_was_before_its_first_month()
    {
        var lines = await new AccountStatement(_rig.Store)
            .ReadAsync(new(new(1), null, "globex", null, October + 1, October + 2, 0, 100), None).ToListAsync(None);
        Assert.Equal(
            [
                "invoice:1 Receivable 11900 11900", "payment:1 CustomerCredit -15000 -3100",
                "allocation:1 CustomerCredit 11900 8800", "allocation:1 Receivable -11900 -3100",
                "invoice:2 Receivable 700 -2400",
            ],
            lines.Select(line => $"{line.Source} {line.Ledger} {line.AmountMinor} {line.BalanceMinor}"));
        var second = await new AccountStatement(_rig.Store)
            .ReadAsync(new(new(1), null, "globex", null, October + 2, October + 2, 0, 100), None).ToListAsync(None);
        Assert.Equal(lines[^1], Assert.Single(second));
        var page = await new AccountStatement(_rig.Store)
            .ReadAsync(new(new(1), LedgerAccount.Receivable, null, null, 0, int.MaxValue, 1, 1), None)
            .ToListAsync(None);
        Assert.Equal(("allocation:1", 0), (Assert.Single(page).Source, page[0].BalanceMinor));
    }

    [Fact]
    public async Task Revenue_of_a_closed_month_is_marked() => Assert.Equal(
        [(October, null, "calls", 10_000L), (October + 1, October, "calls", 700L)],
        (await new LedgerReports(_rig.Store).RevenueAsync(new(1), October, October + 1, null, None))
            .Select(line => (line.Period, line.LateOf, line.ProductRef, line.AmountMinor)));

    [Theory]
    [InlineData("2026-11-02", 11_900, 0, 0, 0, 0)]
    [InlineData("2026-12-01", 700, 0, 0, 3_100, 500)]
    [InlineData("2027-01-02", 0, 700, 0, 3_100, 500)]
    [InlineData("2027-02-01", 0, 0, 700, 3_100, 500)]
    public async Task Ageing_adds_up_to_the_receivable_account_and_nets_nothing(
        string date, long current, long days30, long days60, long credit, long unapplied)
    {
        var day = DateOnly.Parse(date).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        var lines = await new LedgerReports(_rig.Store).AgeingAsync(new(1), day, null, None);
        Assert.Equal(
            (current, days30, days60, credit, unapplied),
            (lines.Sum(line => line.CurrentMinor), lines.Sum(line => line.Late30Minor),
                lines.Sum(line => line.Late60Minor), lines.Sum(line => line.CreditMinor),
                lines.Sum(line => line.UnappliedMinor)));
        Assert.Equal(current + days30 + days60, lines.Sum(line => line.OwedMinor));
    }

    [Fact]
    public async Task The_check_finds_what_invoices_payments_and_books_say_differently()
    {
        var check = new BookCheck(_rig.Store);
        Assert.Empty(await check.RunAsync(new(1), None));
        await using var connection = await _rig.Store.ConnectAsync(None);
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            UPDATE invoices SET paid_minor = 118 WHERE id = 2;
            UPDATE payments SET free_minor = 1 WHERE customer_id IS NULL;
            INSERT INTO postings (entry_id, number, ledger_account, amount_minor) VALUES (1, 9, 3, 42);
            """;
        await command.ExecuteNonQueryAsync(None);
        Assert.Equal(
            [
                "entry_balance recognised:cycle:1:month:24321:invoice:1 42 0", "receivable globex 700 582",
                "unapplied  500 1",
            ],
            (await check.RunAsync(new(1), None))
                .Select(line => $"{line.Rule} {line.Subject} {line.BooksMinor} {line.ExpectedMinor}"));
    }

    [Fact]
    public async Task Law_12_another_account_sees_nothing_of_it()
    {
        var reports = new LedgerReports(_rig.Store);
        Assert.Empty(await reports.TrialBalanceAsync(new(2), October + 1, null, None));
        Assert.Empty(await reports.RevenueAsync(new(2), 0, 99_999, null, None));
        Assert.Empty(await reports.AgeingAsync(new(2), 99_999, null, None));
        Assert.Empty(await new AccountStatement(_rig.Store)
            .ReadAsync(new(new(2), null, "globex", null, 0, 99_999, 0, 10), None).ToListAsync(None));
        Assert.Empty(await new Journal(_rig.Store).ReadAsync(new(new(2), null, null, null, null, 0, 10), None));
        Assert.Empty(await new BookCheck(_rig.Store).RunAsync(new(2), None));
    }

    [Fact]
    public async Task The_journal_pages_through_entries_and_finds_those_of_an_invoice()
    {
        var journal = new Journal(_rig.Store);
        var first = await journal.ReadAsync(new(new(1), null, null, null, null, 0, 2), None);
        Assert.Equal(
            ["recognised:cycle:1:month:24321:invoice:1", "invoice:1"], first.Select(entry => entry.Source));
        var rest = await journal.ReadAsync(new(new(1), null, null, null, null, first[^1].Id, 100), None);
        Assert.Equal(5, rest.Count);
        var about = await journal.ReadAsync(new(new(1), null, "acme-de", null, 1, 0, 100), None);
        Assert.Equal(["invoice:1", "allocation:1"], about.Select(entry => entry.Source));
        Assert.Equal("globex", about[0].Postings[0].CustomerRef);
    }

    async Task SeedInvoicesAsync()
    {
        await IssueAsync(1, 100_00, 19_00, (October, 100_00));
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
            await db.SaveChangesAsync();
        }

        await IssueAsync(2, 7_00, 0, (October, 107_00));
    }

    async Task SeedPaymentsAsync()
    {
        await using var db = _rig.Store.Context();
        db.Payments.Add(BooksRig.Payment(1, 1, 15_000, 3_100));
        db.Payments.Add(BooksRig.Payment(2, null, 500, 500));
        var day = OpenPeriods.FirstDay(October + 1) + 9;
        Entry Make(EntryKind kind, string source, params Posting[] postings) =>
            new(kind, source, October + 1, day, Eur, postings);
        Books.Add(
            db, new(1), 1,
            [
                Make(
                    EntryKind.PaymentReceived, "payment:1", new(LedgerAccount.Cash, new(15_000, Eur)),
                    new(LedgerAccount.CustomerCredit, new(-15_000, Eur), 1, null, 1)),
                Make(
                    EntryKind.PaymentAllocated, "allocation:1",
                    new(LedgerAccount.CustomerCredit, new(11_900, Eur), 1, null, 1),
                    new(LedgerAccount.Receivable, new(-11_900, Eur), 1, 1, 1)),
                Make(
                    EntryKind.PaymentReceived, "payment:2", new(LedgerAccount.Cash, new(500, Eur)),
                    new(LedgerAccount.Unapplied, new(-500, Eur), null, null, 2)),
            ],
            TimeProvider.System);
        await db.SaveChangesAsync();
    }

    async Task IssueAsync(long invoice, long amount, long tax, params (int Month, long Minor)[] earned)
    {
        await using var db = _rig.Store.Context();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var issueDay = OpenPeriods.FirstDay(October + (int)invoice);
        db.Invoices.Add(BooksRig.Invoice(
            invoice, invoice == 1 ? InvoiceState.Paid : InvoiceState.Issued, amount + tax,
            invoice == 1 ? amount + tax : 0, issueDay, OpenPeriods.FirstDay(October + (int)invoice + 1)));
        await Books.AddInvoiceAsync(
            db,
            new(
                new(1), 1, invoice, 1, issueDay, Eur, new(tax, Eur),
                [
                    new(
                        1, (int)invoice, "calls", new(amount, Eur),
                        [.. earned.Select(month => new MonthAmount(month.Month, new(month.Minor, Eur)))]),
                ]),
            TimeProvider.System, default);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }
}
