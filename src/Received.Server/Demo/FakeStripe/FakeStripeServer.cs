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
    readonly TimeProvider _time;

    FakeStripeServer(WebApplication app, TimeProvider time)
    {
        (_app, _time) = (app, time);
        Switches = new();
        Webhooks = new(time, Switches);
        Books = new(time, Switches, Webhooks);
    }

    /// <summary>To be set as Stripe's API base.</summary>
    public string Address { get; private set; } = "";

    public string SecretKey { get; } = StripeWire.SecretKey;

    public string WebhookSecret { get; } = StripeWire.WebhookSecret;

    public StripeBooks Books { get; private set; }

    public WebhookPush Webhooks { get; private set; }

    public StripeSwitches Switches { get; private set; }

    /// <param name="time">Stripe's clock: of expiry, of events and of signatures.</param>
    public static async Task<FakeStripeServer> StartAsync(TimeProvider time, CancellationToken cancellation = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var server = new FakeStripeServer(app, time);
        new StripeWire(server, time).Map(app);
        new CustomerPage(server).Map(app);
        await app.StartAsync(cancellation);
        server.Address = ListenAddress.Of(app);
        server.Books.PageAddress = server.Address + CustomerPage.Path;
        return server;
    }

    /// <summary>Forgets all that has happened and what goes wrong; its address and endpoint stay.</summary>
    public void Renew()
    {
        var endpoint = Webhooks.Endpoint;
        Webhooks.Dispose();
        Switches = new();
        Webhooks = new(_time, Switches) { Endpoint = endpoint };
        Books = new(_time, Switches, Webhooks) { PageAddress = Address + CustomerPage.Path };
    }

    public async ValueTask DisposeAsync()
    {
        Webhooks.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
