using Microsoft.EntityFrameworkCore;
using Received.Billing.Invoices;
using Received.Billing.Payments;
using Received.Server.Demo.FakeStripe;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>What nobody else comes back to, each in its turn.</summary>
public sealed class PaymentSweepTests : IAsyncLifetime
{
    const int Dead = 60;

    CardRig _cards = null!;
    PaymentRig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _cards = await CardRig.MakeAsync();
        _rig = _cards.Rig;
    }

    public ValueTask DisposeAsync() => _cards.DisposeAsync();

    [Fact]
    public async Task Attempts_that_cannot_be_asked_about_do_not_hide_those_behind_them()
    {
        HashSet<string> dead = [];
        HashSet<string> asked = [];
        for (var count = 0; count < Dead; count++)
            dead.Add(CardRig.SessionOf(await _cards.PayAsync(await _rig.InvoiceAsync(1_000))));
        var paid = await _rig.InvoiceAsync(5_000);
        _cards.Pay(await _cards.PayAsync(paid));
        _rig.Time.Advance(TimeSpan.FromHours(24));
        _cards.Fake.Switches.IsUnreadable = path =>
        {
            var id = path[(path.LastIndexOf('/') + 1)..];
            asked.Add(id);
            return dead.Contains(id);
        };
        Assert.Equal(50, await _cards.Sweep().RunAsync());
        Assert.Equal(50, asked.Count);
        Assert.Equal(InvoiceState.Issued, (await _rig.ReadInvoiceAsync(paid)).State);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(50, await _cards.Sweep().RunAsync());
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(paid)).State);
        Assert.Superset(dead, asked);
    }

    [Fact]
    public async Task A_sweep_that_is_killed_takes_up_what_comes_next()
    {
        for (var count = 0; count < 3; count++) await _cards.PayAsync(await _rig.InvoiceAsync(1_000));
        _rig.Time.Advance(TimeSpan.FromHours(24));
        HashSet<string> asked = [];
        for (var count = 1; count <= 3; count++)
        {
            using var killed = new CancellationTokenSource();
            _cards.Fake.Switches.IsUnreadable = path =>
            {
                asked.Add(path);
                killed.Cancel();
                return true;
            };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _cards.Sweep().RunAsync(killed.Token));
            Assert.Equal(count, asked.Count);
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public async Task Refunds_that_cannot_be_asked_about_do_not_hide_those_behind_them()
    {
        var payment = await _cards.PaidAsync(Dead * 100, TestCards.RefundWaits);
        List<RefundView> refunds = [];
        for (var count = 0; count < Dead; count++)
            refunds.Add(await _cards.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 100));
        _cards.Fake.Books.MoveRefund(refunds[^1].ExternalId!, "succeeded");
        _cards.Fake.Switches.IsUnreadable = path => !path.EndsWith(refunds[^1].ExternalId!, StringComparison.Ordinal);
        for (var sweep = 0; sweep < 2; sweep++)
        {
            Assert.Equal(RefundState.Pending, (await _rig.PaymentAsync(payment)).Refunds[^1].State);
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
            await _cards.Sweep().RunAsync();
        }

        Assert.Equal(RefundState.Succeeded, (await _rig.PaymentAsync(payment)).Refunds[^1].State);
    }

    [Fact]
    public async Task The_page_of_a_voided_invoice_is_closed_and_a_transfers_attempt_too()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        var place = await _cards.PayAsync(invoice);
        await _cards.PayAsync(invoice, "wire");
        await SetAsync(invoice, InvoiceState.Void);
        Assert.Equal(2, await _cards.Sweep().RunAsync());
        Assert.Equal(0, await _cards.Sweep().RunAsync());
        Assert.Throws<StripeRefusal>(() => _cards.Pay(place));
        Assert.All(await AttemptsAsync(), state => Assert.Equal(AttemptState.Expired, state));
    }

    [Fact]
    public async Task The_page_of_an_invoice_that_was_paid_by_transfer_is_closed_and_of_one_partly_paid_is_not()
    {
        var paid = await _rig.InvoiceAsync(5_000);
        var place = await _cards.PayAsync(paid);
        var partly = await _rig.InvoiceAsync(6_000);
        var still = await _cards.PayAsync(partly);
        await _rig.RecordAsync(10_000, invoices: [paid, partly]);
        Assert.Equal(1, await _cards.Sweep().RunAsync());
        Assert.Throws<StripeRefusal>(() => _cards.Pay(place));
        _cards.Pay(still);
    }

    [Fact]
    public async Task A_page_that_was_paid_just_before_it_is_closed_enters_its_money_once()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        var place = await _cards.PayAsync(invoice);
        await _rig.RecordAsync(5_000, invoices: [invoice]);
        var intent = _cards.Pay(place);
        await _cards.Sweep().RunAsync();
        Assert.Equal(NoticeOutcome.Known, await _cards.FetchAsync(intent));
        Assert.Equal(
            "Receivable -5000, Cash 5000, StripeClearing 4825, CustomerCredit -5000, Fees 175",
            await _rig.BooksAsync());
        Assert.Equal(AttemptState.Succeeded, Assert.Single(await AttemptsAsync()));
    }

    [Theory]
    [InlineData(StripeFault.FailedBefore)]
    [InlineData(StripeFault.AnswerLost)]
    [InlineData(StripeFault.ConnectionCut)]
    public async Task A_page_whose_closing_got_no_answer_is_closed_by_the_next_sweep(object fault)
    {
        var place = await _cards.PayAsync(await _rig.InvoiceAsync(5_000));
        await SetAsync(1, InvoiceState.Void);
        _cards.Fake.Switches.FailNext((StripeFault)fault);
        await _cards.Sweep().RunAsync();
        Assert.Equal(AttemptState.Open, Assert.Single(await AttemptsAsync()));
        await _cards.Sweep().RunAsync();
        Assert.Equal(AttemptState.Expired, Assert.Single(await AttemptsAsync()));
        Assert.Throws<StripeRefusal>(() => _cards.Pay(place));
        Assert.Single(_cards.ListOf("event"), told => (string?)told!["type"] == "checkout.session.expired");
    }

    [Fact]
    public async Task A_refund_whose_key_may_be_forgotten_is_found_by_its_number_and_made_no_second_time()
    {
        var payment = await _cards.PaidAsync(5_000, TestCards.Good);
        _cards.Fake.Switches.FailNext(StripeFault.AnswerLost);
        await _cards.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000);
        _rig.Time.Advance(TimeSpan.FromHours(25));
        await _cards.Sweep().RunAsync();
        var made = Assert.Single(_cards.ListOf("refund"));
        var refund = Assert.Single((await _rig.PaymentAsync(payment)).Refunds);
        Assert.Equal((RefundState.Succeeded, (string?)made!["id"]), (refund.State, refund.ExternalId));
    }

    [Fact]
    public async Task A_refund_that_is_not_found_is_asked_for_anew_and_looked_for_again_where_that_gets_no_answer()
    {
        var payment = await _cards.PaidAsync(5_000, TestCards.Good);
        _cards.Fake.Switches.FailNext(StripeFault.FailedBefore);
        await _cards.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000, "k");
        Assert.Empty(_cards.ListOf("refund"));
        _rig.Time.Advance(TimeSpan.FromHours(25));
        _cards.Fake.Switches.FailNext(StripeFault.FailedForGood);
        await _cards.Sweep().RunAsync();
        Assert.Equal(RefundState.Pending, Assert.Single((await _rig.PaymentAsync(payment)).Refunds).State);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _cards.Sweep().RunAsync();
        Assert.Single(_cards.ListOf("refund"));
        Assert.Equal(RefundState.Succeeded, Assert.Single((await _rig.PaymentAsync(payment)).Refunds).State);
        // The client's key still stands for it.
        await _cards.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000, "k");
        Assert.Single(_cards.ListOf("refund"));
    }

    [Fact]
    public async Task A_refund_is_found_behind_a_hundred_others_and_is_left_alone_while_Stripe_does_not_list_them()
    {
        var payment = await _cards.PaidAsync(50_000, TestCards.Good);
        var intent = (await _rig.PaymentAsync(payment)).ExternalId;
        _cards.Fake.Switches.FailNext(StripeFault.AnswerLost);
        await _cards.Refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000);
        for (var count = 0; count < 100; count++)
            _cards.Fake.Books.CreateRefund(StripeForm.Parse($"payment_intent={intent}&amount=1"));
        _rig.Time.Advance(TimeSpan.FromHours(25));
        _cards.Fake.Switches.IsUnreadable = path => path == "/v1/refunds";
        await _cards.Sweep().RunAsync();
        Assert.Equal(RefundState.Pending, Assert.Single((await _rig.PaymentAsync(payment)).Refunds).State);
        _cards.Fake.Switches.IsUnreadable = null;
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _cards.Sweep().RunAsync();
        Assert.Equal(RefundState.Succeeded, Assert.Single((await _rig.PaymentAsync(payment)).Refunds).State);
        Assert.Equal(2_100, (long)Assert.Single(_cards.ListOf("charge"))!["amount_refunded"]!);
    }

    /// <summary>Who voids an invoice is no part of this.</summary>
    async Task SetAsync(long invoice, InvoiceState state)
    {
        await using var db = _rig.Store.Context();
        await db.Invoices.Where(row => row.Id == invoice)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state));
    }

    async Task<List<AttemptState>> AttemptsAsync()
    {
        await using var db = _rig.Store.Context();
        return await db.PaymentAttempts.OrderBy(row => row.Id).Select(row => row.State).ToListAsync();
    }
}
