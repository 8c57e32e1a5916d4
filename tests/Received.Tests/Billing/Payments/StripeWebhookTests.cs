using System.Text;
using Received.Server.Demo.FakeStripe;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>Notices over HTTP: told once, told often, in the wrong order, by the wrong people, about the wrong
/// things.</summary>
[Collection(PaymentServerCollection.Name)]
public sealed class StripeWebhookTests(PaymentServer server) : IAsyncLifetime
{
    FakeStripeServer Fake => server.Fake;

    public ValueTask InitializeAsync() => server.BeginAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_paid_session_pays_its_invoice_once_however_often_it_is_told()
    {
        var invoice = await server.InvoiceAsync(11_900);
        Fake.Books.Pay(await server.PlaceAsync(invoice), TestCards.Good);
        Fake.Switches.Copies = 3;
        Assert.All(await Fake.Webhooks.DeliverAsync(), status => Assert.Equal(200, status));
        var payment = Assert.Single(await server.PaymentsAsync());
        Assert.Equal("allocated", payment.GetProperty("state").GetString());
        Assert.Equal("119.00", payment.GetProperty("amount").GetString());
        Assert.Equal(invoice, payment.GetProperty("allocations")[0].GetProperty("invoice").GetString());
        Assert.Equal("Paid 11900", await server.StateAsync(invoice));
    }

    [Fact]
    public async Task Notices_in_the_wrong_order_come_to_the_same()
    {
        var invoice = await server.InvoiceAsync(5_000);
        var session = await server.PlaceAsync(invoice);
        Fake.Books.Pay(session, TestCards.NoFunds);
        var intent = Fake.Books.Pay(session, TestCards.RefundWaits).IntentId;
        var refund = (string)Fake.Books.CreateRefund(StripeForm.Parse($"payment_intent={intent}&amount=2000"))["id"]!;
        Fake.Books.MoveRefund(refund, "succeeded");
        Fake.Switches.Reversed = true;
        Assert.Contains(409, await Fake.Webhooks.DeliverAsync());
        for (var round = 0; round < 3 && Fake.Webhooks.WaitingCount > 0; round++) await Fake.Webhooks.DeliverAsync();
        Assert.Equal(0, Fake.Webhooks.WaitingCount);
        var payment = Assert.Single(await server.PaymentsAsync());
        Assert.Equal("20.00", payment.GetProperty("refunded").GetString());
        var told = Assert.Single(payment.GetProperty("refunds").EnumerateArray());
        Assert.Equal("succeeded", told.GetProperty("state").GetString());
        Assert.Equal("PartlyPaid 3000", await server.StateAsync(invoice));
    }

    [Fact]
    public async Task A_forged_notice_changes_nothing()
    {
        var invoice = await server.InvoiceAsync(5_000);
        Fake.Books.Pay(await server.PlaceAsync(invoice), TestCards.Good);
        var told = Fake.Books.List("event", StripeForm.Parse("?type=payment_intent.succeeded"))["data"]![0]!
            .ToJsonString();
        Assert.Equal(400, await server.NotifyAsync(told, "whsec_guessed"));
        Assert.Equal(400, await Fake.Webhooks.SendAsync(Encoding.UTF8.GetBytes(told), null));
        var signature = WebhookPush.Sign(
            Encoding.UTF8.GetBytes(told), Fake.WebhookSecret, TimeProvider.System.GetUtcNow());
        Assert.Equal(
            400, await Fake.Webhooks.SendAsync(
                Encoding.UTF8.GetBytes(told.Replace("5000", "9000", StringComparison.Ordinal)), signature));
        Assert.Empty(await server.PaymentsAsync());
        Assert.Equal(200, await server.NotifyAsync(told));
        Assert.Single(await server.PaymentsAsync());
    }

    [Fact]
    public async Task A_notice_signed_too_long_ago_is_refused_and_taken_when_it_is_signed_anew()
    {
        var invoice = await server.InvoiceAsync(5_000);
        Fake.Books.Pay(await server.PlaceAsync(invoice), TestCards.Good);
        Fake.Switches.SignedAgo = TimeSpan.FromMinutes(10);
        Assert.All(await Fake.Webhooks.DeliverAsync(), status => Assert.Equal(400, status));
        Assert.Empty(await server.PaymentsAsync());
        Fake.Switches.SignedAgo = TimeSpan.Zero;
        Assert.All(await Fake.Webhooks.DeliverAsync(), status => Assert.Equal(200, status));
        Assert.Equal("Paid 5000", await server.StateAsync(invoice));
    }

    [Fact]
    public async Task Law_12_a_notice_that_mixes_accounts_pays_nothing_anywhere()
    {
        var mine = await server.InvoiceAsync(5_000);
        var others = await server.InvoiceAsync(5_000, account: server.Other);
        await server.PlaceAsync(mine);
        Fake.Books.Pay(Session(server.Account, others, attempt: 1, 5_000), TestCards.Good);
        Fake.Books.Pay(Session(server.Other, mine, attempt: 1, 5_000), TestCards.Good);
        Assert.All(await Fake.Webhooks.DeliverAsync(), status => Assert.Equal(200, status));
        Assert.Empty(await server.PaymentsAsync());
        Assert.Empty(await server.PaymentsAsync(key: server.OtherKey));
        Assert.Equal("Issued 0", await server.StateAsync(mine));
        Assert.Equal("Issued 0", await server.StateAsync(others));
    }

    [Fact]
    public async Task Events_of_another_Stripe_account_or_mode_are_ignored()
    {
        var invoice = await server.InvoiceAsync(5_000);
        Fake.Books.Pay(await server.PlaceAsync(invoice), TestCards.Good);
        foreach (var told in Fake.Books.List("event", StripeForm.Parse("?limit=100"))["data"]!.AsArray())
        {
            told!["account"] = "acct_other";
            Assert.Equal(200, await server.NotifyAsync(told.ToJsonString()));
            told["account"] = null;
            told["id"] += "_live";
            told["livemode"] = true;
            Assert.Equal(200, await server.NotifyAsync(told.ToJsonString()));
        }

        Assert.Empty(await server.PaymentsAsync());
    }

    [Fact]
    public async Task Money_of_another_amount_or_attempt_is_kept_unapplied()
    {
        var invoice = await server.InvoiceAsync(5_000);
        await server.PlaceAsync(invoice);
        Fake.Books.Pay(Session(server.Account, invoice, attempt: 1, 4_999), TestCards.Good);
        Fake.Books.Pay(Session(server.Account, invoice, attempt: 7, 5_000), TestCards.Good);
        Assert.All(await Fake.Webhooks.DeliverAsync(), status => Assert.Equal(200, status));
        var unapplied = await server.PaymentsAsync("?part=unapplied");
        Assert.Equal(["50.00", "49.99"], unapplied.Select(payment => payment.GetProperty("free").GetString()));
        Assert.Equal("Issued 0", await server.StateAsync(invoice));
    }

    [Fact]
    public async Task What_is_no_notice_is_refused()
    {
        Assert.Equal(400, await server.NotifyAsync("{}"));
        Assert.Equal(400, await server.NotifyAsync(""));
        Assert.Equal(413, await server.NotifyAsync(new string(' ', 600_000)));
        Assert.Equal(200, await server.NotifyAsync(
            """
            {"id":"evt_x","object":"event","type":"payout.paid","livemode":false,"created":1,
             "data":{"object":{"object":"payout","id":"po_1"}}}
            """));
    }

    string Session(uint account, string invoice, int attempt, long amount) =>
        (string)Fake.Books.CreateSession(StripeForm.Parse(string.Join('&', [
            "mode=payment", "success_url=http://127.0.0.1/done", "line_items[0][quantity]=1",
            $"line_items[0][price_data][unit_amount]={amount}", "line_items[0][price_data][currency]=eur",
            "line_items[0][price_data][product_data][name]=x",
            $"payment_intent_data[metadata][received_account]={account}", $"metadata[received_account]={account}",
            $"payment_intent_data[metadata][received_invoice]={invoice[4..]}",
            $"metadata[received_invoice]={invoice[4..]}",
            $"payment_intent_data[metadata][received_attempt]={attempt}", $"metadata[received_attempt]={attempt}",
        ])))["id"]!;
}
