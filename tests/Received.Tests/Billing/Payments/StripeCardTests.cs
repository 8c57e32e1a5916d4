using System.Text;
using Microsoft.Extensions.Time.Testing;
using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;
using Received.Model;
using Received.Server.Demo.FakeStripe;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>The card method against the stand-in, over HTTP.</summary>
public sealed class StripeCardTests : IAsyncLifetime
{
    static readonly PaymentTarget Target = new(new AccountId(7), 17, 1);

    readonly FakeTimeProvider _time = new(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    FakeStripeServer _fake = null!;
    StripeCard _card = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeStripeServer.StartAsync(_time);
        _card = new(
            new()
            {
                SecretKey = _fake.SecretKey,
                WebhookSecrets = _fake.WebhookSecret,
                ApiBase = _fake.Address,
                RetriesMax = 0,
            },
            _time, new SocketsHttpHandler { UseProxy = false });
    }

    public ValueTask DisposeAsync()
    {
        _card.Dispose();
        return _fake.DisposeAsync();
    }

    [Fact]
    public async Task A_payment_is_started_once_however_often_it_is_asked_for()
    {
        var first = await _card.StartAsync(Request());
        var second = await _card.StartAsync(Request());
        Assert.Equal(StartOutcome.Ready, first.Outcome);
        Assert.Equal(first, second);
        Assert.Equal(_time.GetUtcNow().AddHours(23), first.ExpiresAt);
        var session = _fake.Books.Find("checkout.session", first.ExternalId!);
        Assert.Equal("inv_17", (string?)session["client_reference_id"]);
        Assert.Equal("7", (string?)session["metadata"]!["received_account"]);
    }

    [Fact]
    public async Task An_unknown_outcome_is_an_exception_and_asking_again_finds_what_was_done()
    {
        _fake.Switches.FailNext(StripeFault.AnswerLost, StripeFault.ConnectionCut);
        await Assert.ThrowsAsync<PaymentOutcomeUnknownException>(() => _card.StartAsync(Request()));
        var made = await _card.StartAsync(Request());
        Assert.Equal(StartOutcome.Ready, made.Outcome);
        var other = Request() with { Target = Target with { Attempt = 2 } };
        await Assert.ThrowsAsync<PaymentOutcomeUnknownException>(() => _card.StartAsync(other));
        Assert.Equal(StartOutcome.Ready, (await _card.StartAsync(other)).Outcome);
        Assert.Equal(2, _fake.Books.List("checkout.session", StripeForm.Parse(""))["data"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_refusal_is_a_value_and_a_key_used_for_something_else_is_stale()
    {
        var small = await _card.StartAsync(Request(49));
        Assert.Equal((StartOutcome.Refused, "amount_too_small"), (small.Outcome, small.Reason));
        Assert.Equal(StartOutcome.Stale, (await _card.StartAsync(Request(50))).Outcome);
    }

    [Fact]
    public async Task A_superseded_attempt_can_no_longer_be_paid_and_a_paid_one_stops_the_next()
    {
        var first = await _card.StartAsync(Request());
        var second = await _card.StartAsync(Next(2, first));
        Assert.Equal(StartOutcome.Ready, second.Outcome);
        Assert.Throws<StripeRefusal>(() => _fake.Books.Pay(first.ExternalId!, TestCards.Good));
        _fake.Books.Pay(second.ExternalId!, TestCards.Good);
        Assert.Equal(StartOutcome.PaidBefore, (await _card.StartAsync(Next(3, second))).Outcome);
    }

    [Fact]
    public async Task What_is_fetched_says_what_arrived_and_what_was_kept_of_it()
    {
        var started = await _card.StartAsync(Request());
        Assert.Equal(AttemptState.Open, (await _card.FetchAsync(started.ExternalId!)).Ended!.State);
        _fake.Switches.FeesAreLate = true;
        var intent = _fake.Books.Pay(started.ExternalId!, TestCards.Good).IntentId;
        var early = await _card.FetchAsync(started.ExternalId!);
        Assert.Equal(new ArrivedFact(intent, Eur(4_900), _time.GetUtcNow(), Target), early.Arrived);
        Assert.Null(early.Fee);
        _fake.Books.SettleFees();
        var late = await _card.FetchAsync(intent);
        Assert.Equal(early.Arrived, late.Arrived);
        Assert.Equal(new FeeFact(intent, Eur(172)), late.Fee);
    }

    [Fact]
    public async Task Refunds_are_made_once_and_declined_as_values()
    {
        var started = await _card.StartAsync(Request());
        var intent = _fake.Books.Pay(started.ExternalId!, TestCards.RefundWaits).IntentId;
        var request = new RefundRequest(Target.Account, 5, intent, Eur(1_900), "refund:7:5");
        _fake.Switches.FailNext(StripeFault.AnswerLost);
        await Assert.ThrowsAsync<PaymentOutcomeUnknownException>(() => _card.RefundAsync(request));
        var answer = await _card.RefundAsync(request);
        Assert.Equal(RefundState.Pending, answer.State);
        var tooMuch = await _card.RefundAsync(
            new(Target.Account, 6, intent, Eur(3_001), "refund:7:6"));
        Assert.Equal((RefundState.Failed, "amount_too_large"), (tooMuch.State, tooMuch.Reason));
        _fake.Books.MoveRefund(answer.ExternalId!, "succeeded");
        Assert.Equal(
            new RefundFact(
                answer.ExternalId!, intent, Eur(1_900), RefundState.Succeeded, null, Target.Account, 5),
            (await _card.FetchAsync(answer.ExternalId!)).Refund);
    }

    [Fact]
    public async Task A_wrong_key_is_no_decline()
    {
        using var stranger = new StripeCard(
            new() { SecretKey = "sk_test_other", ApiBase = _fake.Address, RetriesMax = 0 }, _time,
            new SocketsHttpHandler { UseProxy = false });
        await Assert.ThrowsAsync<PaymentOutcomeUnknownException>(() => stranger.StartAsync(Request()));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{\"id\":\"evt_1\"}")]
    [InlineData("""{"id":"evt_1","object":"event","type":"charge.updated","data":{"object":7}}""")]
    [InlineData("{\"id\":1e999,\"type\":[]}")]
    [InlineData("\u00ff{")]
    public void A_signed_notice_that_cannot_be_read_is_refused(string text)
    {
        var body = Encoding.Latin1.GetBytes(text);
        var reading = _card.ReadNotice(body, WebhookPush.Sign(body, _fake.WebhookSecret, _time.GetUtcNow()));
        Assert.Equal(NoticeCheck.Malformed, reading.Check);
    }

    static Money Eur(long minor) => new(minor, Currency.Parse("EUR"));

    PaymentRequest Next(int attempt, PaymentStart earlier) => Request(4_000) with
    {
        Target = Target with { Attempt = attempt },
        Supersedes = earlier.ExternalId,
    };

    PaymentRequest Request(long minor = 4_900) => new(
        Target, "2026-17", Eur(minor), new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), "pay@customer.example");
}
