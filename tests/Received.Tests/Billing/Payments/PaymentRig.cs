using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Billing.Payments;
using Received.Billing.Payments.Wire;
using Received.Billing.Store;
using Received.Model;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>
/// A billing database with an account, its entity and two customers, and a second account; invoices as rows, since who
/// issues them is no part of this.
/// </summary>
sealed class PaymentRig : IAsyncDisposable
{
    public const string Actor = "key_1";

    public static readonly AccountId Acme = new(1);
    public static readonly AccountId Other = new(2);
    public static readonly Currency Eur = Currency.Parse("EUR");

    readonly string _folder;

    PaymentRig(BillingStore store, FakeTimeProvider time, string folder)
    {
        (Store, Time, _folder) = (store, time, folder);
        Book = new(store, time);
        Notices = new(store, time);
        List = new(store);
    }

    public BillingStore Store { get; }

    public FakeTimeProvider Time { get; }

    public PaymentBook Book { get; }

    public NoticeBook Notices { get; }

    public PaymentList List { get; }

    public RefundBook Refunds => new(Store, new(new WireTransfer(Time)), Time);

    public static DateOnly Today { get; } = new(2026, 3, 1);

    public static async Task<PaymentRig> MakeAsync()
    {
        var folder = Directory.CreateTempSubdirectory("received-payments-").FullName;
        var rig = new PaymentRig(
            await BillingStore.OpenAsync(folder), new(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)), folder);
        await PaymentSeed.AccountAsync(rig.Store, "acme");
        await PaymentSeed.AccountAsync(rig.Store, "other");
        await PaymentSeed.CatalogAsync(rig.Store, Acme.Value);
        await PaymentSeed.CatalogAsync(rig.Store, Other.Value);
        return rig;
    }

    public static Money Money(long minor) => new(minor, Eur);

    /// <param name="customer">1 or 2.</param>
    public Task<long> InvoiceAsync(
        long totalMinor, AccountId? account = null, int customer = 1, InvoiceState state = InvoiceState.Issued,
        string currency = "EUR", int dueDay = 20_530) =>
        PaymentSeed.InvoiceAsync(Store, totalMinor, (account ?? Acme).Value, customer, state, currency, dueDay);

    public async Task<long> RecordAsync(
        long minor, string reference = "", string? customer = null, IReadOnlyList<long>? invoices = null,
        RestRule rest = RestRule.OldestFirst) =>
        (await Book.RecordAsync(
            Acme, Actor, new(Money(minor), Today, reference, null, customer, null, invoices, rest))).PaymentId;

    public async Task<PaymentView> PaymentAsync(long id) => (await List.FindAsync(Acme, id))!;

    public async Task<(long Paid, InvoiceState State)> ReadInvoiceAsync(long id)
    {
        await using var db = Store.Context();
        var row = await db.Invoices.AsNoTracking().SingleAsync(row => row.Id == id);
        return (row.PaidMinor, row.State);
    }

    /// <summary>The postings of all entries, as text: "Cash 100, Receivable -100".</summary>
    public async Task<string> BooksAsync()
    {
        await using var db = Store.Context();
        var rows = await db.Postings.AsNoTracking().ToListAsync();
        return string.Join(", ", from row in rows
                                 group row.AmountMinor by row.LedgerAccount into same
                                 where same.Sum() != 0
                                 orderby same.Key
                                 select $"{same.Key} {same.Sum()}");
    }

    /// <summary>What holds of payments at any time.</summary>
    public async Task CheckAsync()
    {
        await using var db = Store.Context();
        var payments = await db.Payments.AsNoTracking().ToListAsync();
        var invoices = await db.Invoices.AsNoTracking().ToListAsync();
        var allocations = await db.Allocations.AsNoTracking().ToListAsync();
        var postings = await db.Postings.AsNoTracking().ToListAsync();
        foreach (var payment in payments)
        {
            var given = allocations.Where(row => row.PaymentId == payment.Id).Sum(row => row.AmountMinor);
            Assert.Equal(payment.AmountMinor, payment.FreeMinor + payment.RefundedMinor + given);
            Assert.Equal(-payment.FreeMinor, Sum(payment.Id, LedgerAccount.CustomerCredit, LedgerAccount.Unapplied));
            Assert.Equal(payment.CustomerId is null ? -payment.FreeMinor : 0, Sum(payment.Id, LedgerAccount.Unapplied));
            Assert.Equal(
                payment.AmountMinor - payment.RefundedMinor - (payment.FeeMinor ?? 0),
                Sum(payment.Id, LedgerAccount.Cash, LedgerAccount.StripeClearing));
        }

        foreach (var invoice in invoices)
        {
            var paid = allocations.Where(row => row.InvoiceId == invoice.Id).Sum(row => row.AmountMinor);
            Assert.Equal(invoice.PaidMinor, paid);
            Assert.InRange(paid, 0, invoice.TotalMinor);
            Assert.Equal(-paid, postings.Where(row => row.InvoiceId == invoice.Id).Sum(row => row.AmountMinor));
            if (invoice.State is InvoiceState.Draft or InvoiceState.Void) Assert.Equal(0, paid);
            else
                Assert.Equal(
                    paid == invoice.TotalMinor ? InvoiceState.Paid
                    : paid == 0 ? InvoiceState.Issued : InvoiceState.PartlyPaid, invoice.State);
        }

        Assert.All(postings.GroupBy(row => row.EntryId), entry => Assert.Equal(0, entry.Sum(row => row.AmountMinor)));

        long Sum(long payment, params LedgerAccount[] accounts) => postings
            .Where(row => row.PaymentId == payment && accounts.Contains(row.LedgerAccount))
            .Sum(row => row.AmountMinor);
    }

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
