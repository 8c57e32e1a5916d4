using Received.Billing.Invoices;
using Received.Billing.Payments;
using Received.Billing.Payments.Wire;
using Received.Model;
using Xunit;

namespace Received.Tests.Billing.Payments;

public sealed class PaymentBookTests : IAsyncLifetime
{
    PaymentRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await PaymentRig.MakeAsync();

    public async ValueTask DisposeAsync()
    {
        await _rig.CheckAsync();
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task A_transfer_of_the_open_amount_pays_its_invoice()
    {
        var invoice = await _rig.InvoiceAsync(11_900);
        await _rig.RecordAsync(11_900, RfReference.Grouped(RfReference.OfInvoice(invoice)));
        Assert.Equal((11_900, InvoiceState.Paid), await _rig.ReadInvoiceAsync(invoice));
        Assert.Equal("Receivable -11900, Cash 11900", await _rig.BooksAsync());
    }

    [Fact]
    public async Task Parts_add_up_and_what_is_too_much_is_the_customers_credit()
    {
        var invoice = await _rig.InvoiceAsync(10_000);
        await _rig.RecordAsync(4_000, invoices: [invoice]);
        Assert.Equal((4_000, InvoiceState.PartlyPaid), await _rig.ReadInvoiceAsync(invoice));
        var second = await _rig.RecordAsync(7_500, invoices: [invoice]);
        Assert.Equal((10_000, InvoiceState.Paid), await _rig.ReadInvoiceAsync(invoice));
        var view = await _rig.PaymentAsync(second);
        Assert.Equal(("c1", 1_500), (view.CustomerRef, view.Free.Minor));
        Assert.Equal("Receivable -10000, Cash 11500, CustomerCredit -1500", await _rig.BooksAsync());

        var next = await _rig.InvoiceAsync(1_000);
        Assert.Equal(
            PaymentRig.Money(1_000), await _rig.Book.ApplyCreditAsync(PaymentRig.Acme, PaymentRig.Actor, next));
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(next)).State);
        Assert.Equal("Receivable -11000, Cash 11500, CustomerCredit -500", await _rig.BooksAsync());
    }

    [Fact]
    public async Task One_transfer_pays_several_invoices_as_listed_or_the_oldest_first()
    {
        var late = await _rig.InvoiceAsync(3_000, dueDay: 20_600);
        var early = await _rig.InvoiceAsync(2_000, dueDay: 20_510);
        await _rig.RecordAsync(3_500, invoices: [late, early]);
        Assert.Equal(3_000, (await _rig.ReadInvoiceAsync(late)).Paid);
        Assert.Equal(500, (await _rig.ReadInvoiceAsync(early)).Paid);
        var last = await _rig.InvoiceAsync(1_000, dueDay: 20_700);
        await _rig.InvoiceAsync(9_000, customer: 2);
        await _rig.RecordAsync(2_000, customer: "c1");
        Assert.Equal(2_000, (await _rig.ReadInvoiceAsync(early)).Paid);
        Assert.Equal(500, (await _rig.ReadInvoiceAsync(last)).Paid);
    }

    [Fact]
    public async Task Money_that_matches_nothing_is_unapplied_and_can_be_allocated_by_hand()
    {
        var payment = await _rig.RecordAsync(5_000, "thanks for all");
        Assert.Equal("Cash 5000, Unapplied -5000", await _rig.BooksAsync());
        Assert.Equal(
            payment,
            Assert.Single(await _rig.List.ListAsync(
                PaymentRig.Acme, new(10, Part: PaymentPart.Unapplied))).Id);
        var invoice = await _rig.InvoiceAsync(3_000, customer: 2);
        await _rig.Book.AllocateAsync(PaymentRig.Acme, PaymentRig.Actor, payment, [new(invoice, null)]);
        Assert.Equal("c2", (await _rig.PaymentAsync(payment)).CustomerRef);
        Assert.Equal("Receivable -3000, Cash 5000, CustomerCredit -2000", await _rig.BooksAsync());

        await _rig.Book.ReleaseAsync(PaymentRig.Acme, PaymentRig.Actor, payment, invoice);
        Assert.Equal((0, InvoiceState.Issued), await _rig.ReadInvoiceAsync(invoice));
        Assert.Equal("Cash 5000, CustomerCredit -5000", await _rig.BooksAsync());
    }

    [Fact]
    public async Task The_same_bank_reference_is_the_same_payment()
    {
        var record = new TransferRecord(PaymentRig.Money(100), PaymentRig.Today, "", "bank-7");
        var first = await _rig.Book.RecordAsync(PaymentRig.Acme, PaymentRig.Actor, record);
        var second = await _rig.Book.RecordAsync(PaymentRig.Acme, PaymentRig.Actor, record);
        Assert.Equal(first with { IsNew = false }, second);
        await RefusedAsync(
            "payment_conflict", () => _rig.Book.RecordAsync(
                PaymentRig.Acme, PaymentRig.Actor, record with { Amount = PaymentRig.Money(101) }));
        Assert.True((await _rig.Book.RecordAsync(PaymentRig.Other, PaymentRig.Actor, record)).IsNew);
    }

    [Fact]
    public async Task A_reference_that_does_not_fit_is_passed_over()
    {
        var paid = await _rig.InvoiceAsync(100, state: InvoiceState.Void);
        var dollars = await _rig.InvoiceAsync(100, currency: "USD");
        var others = await _rig.InvoiceAsync(100, PaymentRig.Other);
        foreach (var id in new[] { paid, dollars, others, 999 })
        {
            var payment = await _rig.RecordAsync(100, RfReference.OfInvoice(id));
            Assert.Equal(100, (await _rig.PaymentAsync(payment)).Free.Minor);
        }
    }

    [Fact]
    public async Task Law_12_another_accounts_invoice_customer_or_payment_is_not_found()
    {
        var others = await _rig.InvoiceAsync(100, PaymentRig.Other);
        var payment = await _rig.RecordAsync(100);
        var book = _rig.Book;
        await RefusedAsync("invoice_not_found", () => _rig.RecordAsync(100, invoices: [others]));
        await RefusedAsync("customer_not_found", () => _rig.RecordAsync(100, customer: "c9"));
        await RefusedAsync(
            "invoice_not_found", () => book.AllocateAsync(PaymentRig.Acme, "a", payment, [new(others, null)]));
        await RefusedAsync(
            "payment_not_found", () => book.AllocateAsync(PaymentRig.Other, "a", payment, [new(others, null)]));
        await RefusedAsync(
            "payment_not_found", () => _rig.Refunds.RefundAsync(PaymentRig.Other, "a", payment, null));
        await RefusedAsync("invoice_not_found", () => book.ApplyCreditAsync(PaymentRig.Acme, "a", others));
        Assert.Null(await _rig.List.FindAsync(PaymentRig.Other, payment));
        Assert.Empty(await _rig.List.ListAsync(PaymentRig.Other, new(10)));
    }

    [Fact]
    public async Task What_does_not_fit_together_is_refused_and_changes_nothing()
    {
        var invoice = await _rig.InvoiceAsync(1_000);
        var second = await _rig.InvoiceAsync(1_000, customer: 2);
        var dollars = await _rig.InvoiceAsync(1_000, currency: "USD");
        var draft = await _rig.InvoiceAsync(1_000, state: InvoiceState.Draft);
        var payment = await _rig.RecordAsync(600, customer: "c1", rest: RestRule.Credit);
        await RefusedAsync("customer_mismatch", () => _rig.RecordAsync(100, invoices: [invoice, second]));
        await RefusedAsync("customer_mismatch", () => _rig.RecordAsync(100, customer: "c2", invoices: [invoice]));
        await RefusedAsync("currency_mismatch", () => _rig.RecordAsync(100, invoices: [dollars]));
        await RefusedAsync("invoice_not_open", () => _rig.RecordAsync(100, invoices: [draft]));
        await RefusedAsync("customer_mismatch", () => AllocateAsync(payment, new(second, null)));
        await RefusedAsync("currency_mismatch", () => AllocateAsync(payment, new(dollars, null)));
        await RefusedAsync("allocation_too_large", () => AllocateAsync(payment, new(invoice, 601)));
        await RefusedAsync("allocation_too_large", () => AllocateAsync(payment, new(invoice, 0)));
        await RefusedAsync(
            "allocation_too_large", () => AllocateAsync(payment, new(invoice, 400), new(invoice, 400)));
        Assert.Equal(0, (await _rig.ReadInvoiceAsync(invoice)).Paid);
        await AllocateAsync(payment, new(invoice, 400), new(invoice, null));
        Assert.Equal(600, (await _rig.ReadInvoiceAsync(invoice)).Paid);
    }

    [Fact]
    public async Task A_refund_takes_free_money_first_and_then_opens_invoices_again()
    {
        var invoice = await _rig.InvoiceAsync(1_000);
        var payment = await _rig.RecordAsync(1_200, invoices: [invoice]);
        var first = await _rig.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 200);
        Assert.Equal(RefundState.Succeeded, first.State);
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(invoice)).State);
        await _rig.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 300);
        Assert.Equal((700, InvoiceState.PartlyPaid), await _rig.ReadInvoiceAsync(invoice));
        await _rig.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, null);
        Assert.Equal((0, InvoiceState.Issued), await _rig.ReadInvoiceAsync(invoice));
        Assert.Equal("", await _rig.BooksAsync());
        await RefusedAsync(
            "refund_too_large", () => _rig.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, null));
    }

    [Fact]
    public async Task Law_10_a_payment_of_a_closed_month_is_booked_in_the_first_open_one_and_says_so()
    {
        await using (var db = _rig.Store.Context())
        {
            db.ClosedPeriods.Add(new()
            {
                EntityId = 1,
                Period = (2026 * 12) + 2,
                ClosedAtMs = 0,
                Positions = "[]",
                Actor = "t",
            });
            await db.SaveChangesAsync();
        }

        await _rig.RecordAsync(100);
        await using var read = _rig.Store.Context();
        var entry = Assert.Single(read.Entries);
        Assert.Equal((2026 * 12) + 3, entry.Period);
        Assert.Equal((2026 * 12) + 2, entry.LateOfPeriod);
        Assert.Equal(new DateOnly(2026, 4, 1), CivilDay.Date(entry.Day));
    }

    Task AllocateAsync(long payment, AllocationPart first, AllocationPart? second = null) =>
        _rig.Book.AllocateAsync(PaymentRig.Acme, PaymentRig.Actor, payment, second is null ? [first] : [first, second]);

    static async Task RefusedAsync(string code, Func<Task> work) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<PaymentRefusedException>(work)).Code);
}
