using Received.Billing.Invoices;
using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;
using Received.Server.Demo.FakeStripe;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>Card payments from the attempt to the books, with the stand-in for Stripe and no HTTP of ours.</summary>
public sealed class CardFlowTests : IAsyncLifetime
{
    CardRig _cards = null!;
    PaymentRig _rig = null!;
    FakeStripeServer _fake = null!;
    RefundBook _refunds = null!;

    public async ValueTask InitializeAsync()
    {
        _cards = await CardRig.MakeAsync();
        (_rig, _fake, _refunds) = (_cards.Rig, _cards.Fake, _cards.Refunds);
    }

    public ValueTask DisposeAsync() => _cards.DisposeAsync();

    [Fact]
    public async Task A_card_pays_an_invoice_and_the_fee_is_booked_when_it_is_known()
    {
        var invoice = await _rig.InvoiceAsync(11_900);
        var place = await _cards.PayAsync(invoice);
        Assert.Equal(place, await _cards.PayAsync(invoice));
        _fake.Switches.FeesAreLate = true;
        var intent = _cards.Pay(place);
        Assert.Equal(NoticeOutcome.Applied, await _cards.FetchAsync(intent));
        Assert.Equal(NoticeOutcome.Known, await _cards.FetchAsync(intent));
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(invoice)).State);
        Assert.Equal("Receivable -11900, StripeClearing 11900", await _rig.BooksAsync());
        _fake.Books.SettleFees();
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await _cards.Sweep().RunAsync());
        Assert.Equal(0, await _cards.Sweep().RunAsync());
        Assert.Equal("Receivable -11900, StripeClearing 11525, Fees 375", await _rig.BooksAsync());
        var refused = await Assert.ThrowsAsync<PaymentRefusedException>(() => _cards.PayAsync(invoice));
        Assert.Equal("invoice_not_open", refused.Code);
    }

    [Fact]
    public async Task An_attempt_whose_outcome_is_unknown_is_asked_for_again_under_its_key()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        _fake.Switches.FailNext(StripeFault.AnswerLost, StripeFault.FailedForGood);
        await Assert.ThrowsAsync<PaymentOutcomeUnknownException>(() => _cards.PayAsync(invoice));
        var place = await _cards.PayAsync(invoice);
        Assert.Equal(1, place.Attempt);
        Assert.Single(_fake.Books.List("checkout.session", StripeForm.Parse(""))["data"]!.AsArray());
    }

    [Fact]
    public async Task A_changed_amount_closes_the_old_place_and_opens_another()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        var first = await _cards.PayAsync(invoice);
        await _rig.RecordAsync(2_000, invoices: [invoice]);
        var second = await _cards.PayAsync(invoice);
        Assert.Equal((2, 3_000), (second.Attempt, second.Amount.Minor));
        Assert.Throws<StripeRefusal>(() => _cards.Pay(first));
        await _cards.FetchAsync(_cards.Pay(second));
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(invoice)).State);
    }

    [Fact]
    public async Task A_paid_place_whose_notice_is_lost_is_found_before_another_is_opened()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        _cards.Pay(await _cards.PayAsync(invoice));
        await _rig.RecordAsync(1_000, invoices: [invoice]);
        var refused = await Assert.ThrowsAsync<PaymentRefusedException>(() => _cards.PayAsync(invoice));
        Assert.Equal("invoice_not_open", refused.Code);
        Assert.Equal("Receivable -5000, Cash 1000, StripeClearing 4825, CustomerCredit -1000, Fees 175",
            await _rig.BooksAsync());
    }

    [Fact]
    public async Task An_amount_that_Stripe_does_not_take_is_refused_for_good()
    {
        var refused = await Assert.ThrowsAsync<PaymentRefusedException>(
            async () => await _cards.PayAsync(await _rig.InvoiceAsync(49)));
        Assert.Equal("payment_refused", refused.Code);
    }

    [Fact]
    public async Task Lost_notices_are_made_up_for_when_the_place_has_ended()
    {
        var paid = await _rig.InvoiceAsync(5_000);
        _cards.Pay(await _cards.PayAsync(paid));
        var left = await _rig.InvoiceAsync(6_000);
        await _cards.PayAsync(left);
        _rig.Time.Advance(TimeSpan.FromHours(24));
        await _cards.Sweep().RunAsync();
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(paid)).State);
        Assert.Equal(2, (await _cards.PayAsync(left)).Attempt);
    }

    [Fact]
    public async Task A_refund_of_unknown_outcome_is_made_once()
    {
        var payment = await _cards.PaidAsync(5_000, TestCards.Good);
        _fake.Switches.FailNext(StripeFault.AnswerLost);
        var refund = await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000);
        Assert.Equal((RefundState.Pending, null), (refund.State, refund.ExternalId));
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _cards.Sweep().RunAsync();
        Assert.Equal(RefundState.Succeeded, Assert.Single((await _rig.PaymentAsync(payment)).Refunds).State);
        Assert.Single(_fake.Books.List("refund", StripeForm.Parse(""))["data"]!.AsArray());
        Assert.Equal(2_000, (await _rig.PaymentAsync(payment)).Refunded.Minor);
    }

    [Fact]
    public async Task A_refund_asked_for_twice_under_a_clients_key_is_one()
    {
        var payment = await _cards.PaidAsync(5_000, TestCards.Good);
        _fake.Switches.FailNext(StripeFault.AnswerLost);
        var first = await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000, "k");
        var second = await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000, "k");
        Assert.Equal(first, second);
        var refused = await Assert.ThrowsAsync<PaymentRefusedException>(
            () => _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_001, "k"));
        Assert.Equal("refund_conflict", refused.Code);
        Assert.Equal(2_000, (await _rig.PaymentAsync(payment)).Refunded.Minor);
    }

    [Fact]
    public async Task A_refund_that_fails_later_is_reversed_and_the_money_is_free()
    {
        var payment = await _cards.PaidAsync(5_000, TestCards.RefundWaits);
        var refund = await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, null);
        Assert.Equal(RefundState.Pending, refund.State);
        _fake.Books.MoveRefund(refund.ExternalId!, "failed");
        await _cards.FetchAsync(refund.ExternalId!);
        var view = await _rig.PaymentAsync(payment);
        Assert.Equal((5_000, 0), (view.Free.Minor, view.Refunded.Minor));
        Assert.Equal(RefundState.Failed, Assert.Single(view.Refunds).State);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Stripe_failing_at_random_neither_loses_nor_doubles_anything(int seed)
    {
        const int Invoices = 10;
        var random = new Random(seed);
        _fake.Switches.FailOneIn(2, seed);
        for (var index = 0; index < Invoices; index++)
        {
            var invoice = await _rig.InvoiceAsync(1_000 + index);
            var place = await UntilKnownAsync(() => _cards.PayAsync(invoice));
            await _cards.FetchAsync(_cards.Pay(place));
            var payment = (await _rig.List.ListAsync(PaymentRig.Acme, new(1)))[0].Id;
            await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, random.Next(1, 1_000));
        }

        IReadOnlyList<PaymentView> payments;
        do
        {
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
            await _cards.Sweep().RunAsync();
            payments = await _rig.List.ListAsync(PaymentRig.Acme, new(100));
        }
        while (payments.Any(payment => payment.Refunds.Any(refund => refund.State == RefundState.Pending)));
        Assert.Equal(Invoices, _cards.ListOf("checkout.session").Count);
        Assert.Equal(
            payments.Sum(payment => payment.Refunded.Minor),
            _cards.ListOf("refund").Sum(refund => (long)refund!["amount"]!));
    }

    [Fact]
    public async Task Money_that_is_not_as_asked_or_for_another_accounts_invoice_pays_nothing()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        await _cards.PayAsync(invoice);
        var now = _rig.Time.GetUtcNow();
        Assert.Equal(NoticeOutcome.Unapplied, await ArriveAsync("pi_1", new(PaymentRig.Acme, invoice, 1), 4_999));
        Assert.Equal(NoticeOutcome.Unapplied, await ArriveAsync("pi_2", new(PaymentRig.Acme, invoice, 2), 5_000));
        Assert.Equal(NoticeOutcome.Foreign, await ArriveAsync("pi_3", new(PaymentRig.Other, invoice, 1), 5_000));
        Assert.Equal(NoticeOutcome.Foreign, await ArriveAsync("pi_4", null, 5_000));
        Assert.Equal(0, (await _rig.ReadInvoiceAsync(invoice)).Paid);
        Assert.Equal("StripeClearing 9999, Unapplied -9999", await _rig.BooksAsync());
        Assert.Empty(await _rig.List.ListAsync(PaymentRig.Other, new(10)));

        Task<NoticeOutcome> ArriveAsync(string id, PaymentTarget? target, long minor) => _rig.Notices.ApplyAsync(
            StripeCard.MethodName,
            new(id, "test", now, new ArrivedFact(id, PaymentRig.Money(minor), now, target)));
    }

    static async Task<PaymentPlace> UntilKnownAsync(Func<Task<PaymentPlace>> ask)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (PaymentOutcomeUnknownException)
            {
                // As a client does: once more.
            }
        }
    }
}
