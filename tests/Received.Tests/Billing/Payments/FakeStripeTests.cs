using Microsoft.Extensions.Time.Testing;
using Received.Server.Demo.FakeStripe;
using Stripe;
using Stripe.Checkout;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>The stand-in for Stripe, checked with Stripe's own client and its types.</summary>
public sealed class FakeStripeTests : IAsyncLifetime
{
    readonly FakeTimeProvider _time = new(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    FakeStripeServer _fake = null!;
    StripeClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeStripeServer.StartAsync(_time);
        _client = new(
            _fake.SecretKey, apiBase: _fake.Address,
            httpClient: new SystemNetHttpClient(
                new(new SocketsHttpHandler { UseProxy = false }), 0, enableTelemetry: false));
    }

    public ValueTask DisposeAsync() => _fake.DisposeAsync();

    [Fact]
    public async Task A_session_is_made_read_paid_and_read_again()
    {
        var made = await CreateAsync("k1");
        Assert.Equal("open", made.Status);
        Assert.Equal("unpaid", made.PaymentStatus);
        Assert.Equal(4_900, made.AmountTotal);
        Assert.Equal("eur", made.Currency);
        Assert.Equal("17", made.Metadata["invoice"]);
        Assert.Equal("inv_17", made.ClientReferenceId);
        Assert.Equal(_time.GetUtcNow().AddHours(24).UtcDateTime, made.ExpiresAt);
        Assert.Null(made.PaymentIntentId);
        Assert.StartsWith(_fake.Address, made.Url, StringComparison.Ordinal);

        using var customer = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
        Assert.Contains("4900 eur", await customer.GetStringAsync(made.Url), StringComparison.Ordinal);
        using var paid = await customer.PostAsync(
            made.Url, new FormUrlEncodedContent([new("card", "4242 4242 4242 4242")]));
        Assert.Equal($"https://shop.example/done?s={made.Id}", paid.Headers.Location?.ToString());

        var read = await _client.V1.Checkout.Sessions.GetAsync(
            made.Id, new() { Expand = ["payment_intent.latest_charge.balance_transaction"] });
        Assert.Equal(("complete", "paid"), (read.Status, read.PaymentStatus));
        Assert.Equal(("succeeded", 4_900), (read.PaymentIntent.Status, read.PaymentIntent.AmountReceived));
        Assert.Equal("17", read.PaymentIntent.Metadata["invoice"]);
        var booked = read.PaymentIntent.LatestCharge.BalanceTransaction;
        Assert.Equal((4_900, 172, 4_728), (booked.Amount, booked.Fee, booked.Net));
        var charge = await _client.V1.Charges.GetAsync(read.PaymentIntent.LatestChargeId);
        Assert.Equal(booked.Id, charge.BalanceTransactionId);
        Assert.Equal("charge", (await _client.V1.BalanceTransactions.GetAsync(booked.Id)).Type);
        Assert.Equal(4_900, (await _client.V1.PaymentIntents.GetAsync(read.PaymentIntentId)).Amount);
    }

    [Theory]
    [InlineData(TestCards.Declined, "generic_decline")]
    [InlineData(TestCards.NoFunds, "insufficient_funds")]
    [InlineData("4000 0000 0000 0069", "expired_card")]
    [InlineData("1111", "incorrect_number")]
    public async Task A_declined_card_leaves_the_session_open(string card, string reason)
    {
        var session = await CreateAsync("k1");
        Assert.Equal(reason, _fake.Books.Pay(session.Id, card).Declined);
        var read = await _client.V1.Checkout.Sessions.GetAsync(session.Id, new() { Expand = ["payment_intent"] });
        Assert.Equal("open", read.Status);
        var error = read.PaymentIntent.LastPaymentError;
        Assert.Equal(reason, error.DeclineCode ?? error.Code);
        Assert.Null(_fake.Books.Pay(session.Id, TestCards.Good).Declined);
    }

    [Fact]
    public async Task A_session_ends_by_command_or_by_time()
    {
        var expired = await _client.V1.Checkout.Sessions.ExpireAsync((await CreateAsync("k1")).Id);
        Assert.Equal("expired", expired.Status);
        var second = await CreateAsync("k2");
        _time.Advance(TimeSpan.FromHours(24));
        Assert.Equal("expired", (await _client.V1.Checkout.Sessions.GetAsync(second.Id)).Status);
        var error = await Assert.ThrowsAsync<StripeException>(
            () => _client.V1.Checkout.Sessions.ExpireAsync(second.Id));
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, error.HttpStatusCode);
    }

    [Fact]
    public async Task Refunds_are_bounded_by_the_charge()
    {
        var intent = _fake.Books.Pay((await CreateAsync("k1")).Id, TestCards.Good).IntentId;
        var part = await _client.V1.Refunds.CreateAsync(new()
        {
            PaymentIntent = intent,
            Amount = 1_900,
            Metadata = new() { ["refund"] = "3" },
        });
        Assert.Equal(("succeeded", 1_900, "3"), (part.Status, part.Amount, part.Metadata["refund"]));
        Assert.Equal(intent, (await _client.V1.Refunds.GetAsync(part.Id)).PaymentIntentId);
        await Assert.ThrowsAsync<StripeException>(
            () => _client.V1.Refunds.CreateAsync(new() { PaymentIntent = intent, Amount = 3_001 }));
        Assert.Equal(3_000, (await _client.V1.Refunds.CreateAsync(new() { PaymentIntent = intent })).Amount);
        var error = await Assert.ThrowsAsync<StripeException>(
            () => _client.V1.Refunds.CreateAsync(new() { PaymentIntent = intent }));
        Assert.Equal("charge_already_refunded", error.StripeError.Code);
        Assert.Equal(2, (await _client.V1.Refunds.ListAsync(new() { PaymentIntent = intent })).Count());
    }

    [Fact]
    public async Task A_disputed_charge_has_a_dispute_and_lists_find_what_belongs_to_an_intent()
    {
        var intent = _fake.Books.Pay((await CreateAsync("k1")).Id, TestCards.Disputed).IntentId;
        _fake.Books.Pay((await CreateAsync("k2")).Id, TestCards.Good);
        var dispute = Assert.Single(await _client.V1.Disputes.ListAsync(new() { PaymentIntent = intent }));
        Assert.Equal(("needs_response", 4_900), (dispute.Status, dispute.Amount));
        Assert.Equal(intent, (await _client.V1.Disputes.GetAsync(dispute.Id)).PaymentIntentId);
        var charge = Assert.Single(await _client.V1.Charges.ListAsync(new() { PaymentIntent = intent }));
        Assert.True(charge.Disputed);
        Assert.Equal(2, (await _client.V1.PaymentIntents.ListAsync()).Count());
        Assert.Single(await _client.V1.BalanceTransactions.ListAsync(new() { Source = charge.Id }));
        var first = await _client.V1.PaymentIntents.ListAsync(new() { Limit = 1 });
        Assert.True(first.HasMore);
        Assert.Equal(
            intent,
            Assert.Single(await _client.V1.PaymentIntents.ListAsync(new() { StartingAfter = first.Single().Id })).Id);
    }

    [Fact]
    public async Task Events_are_listed_newest_first_and_read_by_id()
    {
        _fake.Books.Pay((await CreateAsync("k1")).Id, TestCards.Good);
        var types = (await _client.V1.Events.ListAsync()).Select(told => told.Type);
        Assert.Equal(
            ["charge.updated", "checkout.session.completed", "payment_intent.succeeded", "charge.succeeded"], types);
        var told = (await _client.V1.Events.ListAsync(new() { Type = "payment_intent.succeeded" })).Single();
        var read = await _client.V1.Events.GetAsync(told.Id);
        Assert.Equal(4_900, Assert.IsType<PaymentIntent>(read.Data.Object).AmountReceived);
    }

    [Fact]
    public async Task A_key_gives_the_same_answer_again_and_none_to_other_parameters()
    {
        var first = await CreateAsync("k1");
        Assert.Equal(first.Id, (await CreateAsync("k1")).Id);
        var error = await Assert.ThrowsAsync<StripeException>(() => CreateAsync("k1", amount: 5_000));
        Assert.Equal("idempotency_error", error.StripeError.Type);

        var held = new TaskCompletionSource();
        var isHeld = new TaskCompletionSource();
        _fake.Switches.Before = () =>
        {
            isHeld.SetResult();
            return held.Task;
        };
        var slow = CreateAsync("k2");
        await isHeld.Task;
        error = await Assert.ThrowsAsync<StripeException>(() => CreateAsync("k2"));
        Assert.Equal(System.Net.HttpStatusCode.Conflict, error.HttpStatusCode);
        held.SetResult();
        Assert.Equal("open", (await slow).Status);
    }

    [Fact]
    public async Task What_is_wrong_is_refused_as_Stripe_does()
    {
        var error = await Assert.ThrowsAsync<StripeException>(() => CreateAsync("k1", amount: 49));
        Assert.Equal("amount_too_small", error.StripeError.Code);
        error = await Assert.ThrowsAsync<StripeException>(() => _client.V1.Refunds.GetAsync("re_none"));
        Assert.Equal("resource_missing", error.StripeError.Code);
        error = await Assert.ThrowsAsync<StripeException>(
            () => _client.V1.Refunds.CreateAsync(new() { Charge = "ch_x", InstructionsEmail = "a@b.example" }));
        Assert.Equal("parameter_unknown", error.StripeError.Code);
        var stranger = new StripeClient("sk_test_other", apiBase: _fake.Address, httpClient: new SystemNetHttpClient(
            new(new SocketsHttpHandler { UseProxy = false }), 0, enableTelemetry: false));
        error = await Assert.ThrowsAsync<StripeException>(() => stranger.V1.Events.ListAsync());
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, error.HttpStatusCode);
    }

    [Fact]
    public async Task Faults_lose_the_answer_or_the_work_as_they_say()
    {
        _fake.Switches.FailNext(StripeFault.FailedBefore, StripeFault.AnswerLost, StripeFault.FailedForGood);
        await Assert.ThrowsAsync<StripeException>(() => CreateAsync("k1"));
        Assert.Empty(await _client.V1.Checkout.Sessions.ListAsync());
        await Assert.ThrowsAsync<StripeException>(() => CreateAsync("k1"));
        var made = Assert.Single(await _client.V1.Checkout.Sessions.ListAsync());
        Assert.Equal(made.Id, (await CreateAsync("k1")).Id);
        await Assert.ThrowsAsync<StripeException>(() => CreateAsync("k2"));
        await Assert.ThrowsAsync<StripeException>(() => CreateAsync("k2"));
        _fake.Switches.FailNext(StripeFault.ConnectionCut);
        await Assert.ThrowsAnyAsync<Exception>(() => CreateAsync("k3"));
        _fake.Switches.FailOneIn(1, seed: 1);
        await Assert.ThrowsAsync<StripeException>(() => CreateAsync("k4"));
    }

    Task<Session> CreateAsync(string key, long amount = 4_900) => _client.V1.Checkout.Sessions.CreateAsync(
        new()
        {
            Mode = "payment",
            ClientReferenceId = "inv_17",
            LineItems =
            [
                new()
                {
                    Quantity = 1,
                    PriceData = new()
                    {
                        Currency = "eur",
                        UnitAmount = amount,
                        ProductData = new() { Name = "Invoice 2026-17" },
                    },
                },
            ],
            Metadata = new() { ["invoice"] = "17" },
            PaymentIntentData = new() { Metadata = new() { ["invoice"] = "17" } },
            SuccessUrl = "https://shop.example/done?s={CHECKOUT_SESSION_ID}",
            CancelUrl = "https://shop.example/back",
        },
        new() { IdempotencyKey = key });
}
