using Microsoft.Extensions.Logging.Abstractions;
using Received.Billing.Invoices;
using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;
using Received.Server.Demo.FakeStripe;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>Card payments from the attempt to the books, with the stand-in for Stripe and no HTTP of ours.</summary>
public sealed class CardFlowTests : IAsyncLifetime
{
    PaymentRig _rig = null!;
    FakeStripeServer _fake = null!;
    StripeCard _card = null!;
    AttemptBook _attempts = null!;
    RefundBook _refunds = null!;
    PaymentSweep _sweep = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await PaymentRig.MakeAsync();
        _fake = await FakeStripeServer.StartAsync(_rig.Time);
        _card = new(
            new() { SecretKey = _fake.SecretKey, ApiBase = _fake.Address, RetriesMax = 0 }, _rig.Time,
            new SocketsHttpHandler { UseProxy = false });
        var methods = new PaymentMethods(_card);
        _attempts = new(_rig.Store, methods, _rig.Notices, _rig.Time);
        _refunds = new(_rig.Store, methods, _rig.Time);
        _sweep = new(
            _rig.Store, methods, _rig.Notices, _refunds, _rig.Time, NullLogger<PaymentSweep>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.CheckAsync();
        _card.Dispose();
        await _fake.DisposeAsync();
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task A_card_pays_an_invoice_and_the_fee_is_booked_when_it_is_known()
    {
        var invoice = await _rig.InvoiceAsync(11_900);
        var place = await PayAsync(invoice);
        Assert.Equal(place, await PayAsync(invoice));
        _fake.Switches.FeesAreLate = true;
        var intent = Pay(place);
        Assert.Equal(NoticeOutcome.Applied, await FetchAsync(intent));
        Assert.Equal(NoticeOutcome.Known, await FetchAsync(intent));
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(invoice)).State);
        Assert.Equal("Receivable -11900, StripeClearing 11900", await _rig.BooksAsync());
        _fake.Books.SettleFees();
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await _sweep.RunAsync());
        Assert.Equal(0, await _sweep.RunAsync());
        Assert.Equal("Receivable -11900, StripeClearing 11525, Fees 375", await _rig.BooksAsync());
        var refused = await Assert.ThrowsAsync<PaymentRefusedException>(() => PayAsync(invoice));
        Assert.Equal("invoice_not_open", refused.Code);
    }

    [Fact]
    public async Task An_attempt_whose_outcome_is_unknown_is_asked_for_again_under_its_key()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        _fake.Switches.FailNext(StripeFault.AnswerLost, StripeFault.FailedForGood);
        await Assert.ThrowsAsync<PaymentOutcomeUnknownException>(() => PayAsync(invoice));
        var place = await PayAsync(invoice);
        Assert.Equal(1, place.Attempt);
        Assert.Single(_fake.Books.List("checkout.session", StripeForm.Parse(""))["data"]!.AsArray());
    }

    [Fact]
    public async Task A_changed_amount_closes_the_old_place_and_opens_another()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        var first = await PayAsync(invoice);
        await _rig.RecordAsync(2_000, invoices: [invoice]);
        var second = await PayAsync(invoice);
        Assert.Equal((2, 3_000), (second.Attempt, second.Amount.Minor));
        Assert.Throws<StripeRefusal>(() => Pay(first));
        await FetchAsync(Pay(second));
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(invoice)).State);
    }

    [Fact]
    public async Task A_paid_place_whose_notice_is_lost_is_found_before_another_is_opened()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        Pay(await PayAsync(invoice));
        await _rig.RecordAsync(1_000, invoices: [invoice]);
        var refused = await Assert.ThrowsAsync<PaymentRefusedException>(() => PayAsync(invoice));
        Assert.Equal("invoice_not_open", refused.Code);
        Assert.Equal("Receivable -5000, Cash 1000, StripeClearing 4825, CustomerCredit -1000, Fees 175",
            await _rig.BooksAsync());
    }

    [Fact]
    public async Task An_amount_that_Stripe_does_not_take_is_refused_for_good()
    {
        var refused = await Assert.ThrowsAsync<PaymentRefusedException>(
            async () => await PayAsync(await _rig.InvoiceAsync(49)));
        Assert.Equal("payment_refused", refused.Code);
    }

    [Fact]
    public async Task Lost_notices_are_made_up_for_when_the_place_has_ended()
    {
        var paid = await _rig.InvoiceAsync(5_000);
        Pay(await PayAsync(paid));
        var left = await _rig.InvoiceAsync(6_000);
        await PayAsync(left);
        _rig.Time.Advance(TimeSpan.FromHours(24));
        await _sweep.RunAsync();
        Assert.Equal(InvoiceState.Paid, (await _rig.ReadInvoiceAsync(paid)).State);
        Assert.Equal(2, (await PayAsync(left)).Attempt);
    }

    [Fact]
    public async Task A_refund_of_unknown_outcome_is_made_once()
    {
        var payment = await PaidAsync(5_000, TestCards.Good);
        _fake.Switches.FailNext(StripeFault.AnswerLost);
        var refund = await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000);
        Assert.Equal((RefundState.Pending, null), (refund.State, refund.ExternalId));
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _sweep.RunAsync();
        Assert.Equal(RefundState.Succeeded, Assert.Single((await _rig.PaymentAsync(payment)).Refunds).State);
        Assert.Single(_fake.Books.List("refund", StripeForm.Parse(""))["data"]!.AsArray());
        Assert.Equal(2_000, (await _rig.PaymentAsync(payment)).Refunded.Minor);
    }

    [Fact]
    public async Task A_refund_of_unknown_outcome_is_not_asked_for_again_when_its_key_may_be_forgotten()
    {
        var payment = await PaidAsync(5_000, TestCards.Good);
        _fake.Switches.FailNext(StripeFault.AnswerLost);
        await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, 2_000);
        var asked = _fake.Books.List("refund", StripeForm.Parse(""))["data"]!.AsArray().Count;
        _rig.Time.Advance(TimeSpan.FromHours(25));
        await _sweep.RunAsync();
        Assert.Equal(asked, _fake.Books.List("refund", StripeForm.Parse(""))["data"]!.AsArray().Count);
        Assert.Equal(RefundState.Pending, Assert.Single((await _rig.PaymentAsync(payment)).Refunds).State);
    }

    [Fact]
    public async Task A_refund_asked_for_twice_under_a_clients_key_is_one()
    {
        var payment = await PaidAsync(5_000, TestCards.Good);
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
        var payment = await PaidAsync(5_000, TestCards.RefundWaits);
        var refund = await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, null);
        Assert.Equal(RefundState.Pending, refund.State);
        _fake.Books.MoveRefund(refund.ExternalId!, "failed");
        await FetchAsync(refund.ExternalId!);
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
            var place = await UntilKnownAsync(() => PayAsync(invoice));
            await FetchAsync(Pay(place));
            var payment = (await _rig.List.ListAsync(PaymentRig.Acme, new(1)))[0].Id;
            await _refunds.RefundAsync(PaymentRig.Acme, PaymentRig.Actor, payment, random.Next(1, 1_000));
        }

        IReadOnlyList<PaymentView> payments;
        do
        {
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
            await _sweep.RunAsync();
            payments = await _rig.List.ListAsync(PaymentRig.Acme, new(100));
        }
        while (payments.Any(payment => payment.Refunds.Any(refund => refund.State == RefundState.Pending)));
        Assert.Equal(Invoices, ListOf("checkout.session").Count);
        Assert.Equal(
            payments.Sum(payment => payment.Refunded.Minor), ListOf("refund").Sum(refund => (long)refund!["amount"]!));
    }

    [Fact]
    public async Task Money_that_is_not_as_asked_or_for_another_accounts_invoice_pays_nothing()
    {
        var invoice = await _rig.InvoiceAsync(5_000);
        await PayAsync(invoice);
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

    async Task<long> PaidAsync(long minor, string card)
    {
        await FetchAsync(Pay(await PayAsync(await _rig.InvoiceAsync(minor)), card));
        return (await _rig.List.ListAsync(PaymentRig.Acme, new(1)))[0].Id;
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

    System.Text.Json.Nodes.JsonArray ListOf(string kind) =>
        _fake.Books.List(kind, StripeForm.Parse("?limit=100"))["data"]!.AsArray();

    Task<PaymentPlace> PayAsync(long invoice) =>
        _attempts.PayAsync(PaymentRig.Acme, PaymentRig.Actor, invoice, StripeCard.MethodName);

    string Pay(PaymentPlace place, string card = TestCards.Good) =>
        _fake.Books.Pay(place.Where[(place.Where.LastIndexOf('/') + 1)..], card).IntentId;

    async Task<NoticeOutcome> FetchAsync(string externalId) =>
        await _rig.Notices.ApplyAsync(StripeCard.MethodName, await _card.FetchAsync(externalId));
}
