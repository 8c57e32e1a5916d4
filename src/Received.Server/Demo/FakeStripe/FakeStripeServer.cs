using System.Net;
using Received.Server.Hosting;

namespace Received.Server.Demo.FakeStripe;

/// <summary>
/// A STAND-IN for Stripe: no money moves. It speaks the part of Stripe's wire that card payments need (Checkout
/// sessions, payment intents, charges, balance transactions, refunds, events, signed webhooks, idempotency keys, test
/// cards) on a port of this machine, for <c>received demo</c> and the tests, and is itself checked with Stripe.net's
/// classes. Non-goals: authorisations that are captured later, subscriptions, payouts, other accounts.
/// </summary>
sealed class FakeStripeServer : IAsyncDisposable
{
    readonly WebApplication _app;

    FakeStripeServer(WebApplication app, StripeBooks books, WebhookPush webhooks, StripeSwitches switches)
    {
        (_app, Books, Webhooks, Switches) = (app, books, webhooks, switches);
        Address = ListenAddress.Of(app);
        books.PageAddress = Address + CustomerPage.Path;
    }

    /// <summary>To be set as Stripe's API base.</summary>
    public string Address { get; }

    public string SecretKey { get; } = StripeWire.SecretKey;

    public string WebhookSecret { get; } = StripeWire.WebhookSecret;

    public StripeBooks Books { get; }

    public WebhookPush Webhooks { get; }

    public StripeSwitches Switches { get; }

    /// <param name="time">Stripe's clock: of expiry, of events and of signatures.</param>
    public static async Task<FakeStripeServer> StartAsync(TimeProvider time, CancellationToken cancellation = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var switches = new StripeSwitches();
        var webhooks = new WebhookPush(time, switches);
        var books = new StripeBooks(time, switches, webhooks);
        new StripeWire(books, switches, time).Map(app);
        new CustomerPage(books).Map(app);
        await app.StartAsync(cancellation);
        return new(app, books, webhooks, switches);
    }

    public async ValueTask DisposeAsync()
    {
        Webhooks.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
