using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;
using Received.Billing.Payments.Wire;
using Received.Server.Demo.FakeStripe;

namespace Received.Tests.Billing.Payments;

/// <summary>Card payments with the stand-in for Stripe, on one clock, without HTTP of ours.</summary>
sealed class CardRig : IAsyncDisposable
{
    readonly StripeCard _card;
    readonly PaymentMethods _methods;
    readonly AttemptBook _attempts;

    CardRig(PaymentRig rig, FakeStripeServer fake)
    {
        (Rig, Fake) = (rig, fake);
        _card = new(
            new() { SecretKey = fake.SecretKey, ApiBase = fake.Address, RetriesMax = 0 }, rig.Time,
            new SocketsHttpHandler { UseProxy = false });
        _methods = new(_card, new WireTransfer(rig.Time));
        _attempts = new(rig.Store, _methods, rig.Notices, rig.Time);
        Refunds = new(rig.Store, _methods, rig.Time);
    }

    public PaymentRig Rig { get; }

    public FakeStripeServer Fake { get; }

    public RefundBook Refunds { get; }

    public static async Task<CardRig> MakeAsync()
    {
        var rig = await PaymentRig.MakeAsync();
        return new(rig, await FakeStripeServer.StartAsync(rig.Time));
    }

    /// <summary>As a process that has just started has it.</summary>
    public PaymentSweep Sweep() => new(
        Rig.Store, _methods, Rig.Notices, _attempts, Refunds, Rig.Time, NullLogger<PaymentSweep>.Instance);

    public JsonArray ListOf(string kind) =>
        Fake.Books.List(kind, StripeForm.Parse("?limit=100"))["data"]!.AsArray();

    public Task<PaymentPlace> PayAsync(long invoice, string method = StripeCard.MethodName) =>
        _attempts.PayAsync(PaymentRig.Acme, PaymentRig.Actor, invoice, method);

    /// <returns>The payment intent.</returns>
    public string Pay(PaymentPlace place, string card = TestCards.Good) =>
        Fake.Books.Pay(SessionOf(place), card).IntentId;

    public static string SessionOf(PaymentPlace place) => place.Where[(place.Where.LastIndexOf('/') + 1)..];

    public async Task<NoticeOutcome> FetchAsync(string externalId) =>
        await Rig.Notices.ApplyAsync(StripeCard.MethodName, await _card.FetchAsync(externalId));

    /// <returns>The payment's id.</returns>
    public async Task<long> PaidAsync(long minor, string card)
    {
        await FetchAsync(Pay(await PayAsync(await Rig.InvoiceAsync(minor)), card));
        return (await Rig.List.ListAsync(PaymentRig.Acme, new(1)))[0].Id;
    }

    public async ValueTask DisposeAsync()
    {
        await Rig.CheckAsync();
        _card.Dispose();
        await Fake.DisposeAsync();
        await Rig.DisposeAsync();
    }
}
