using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Received.Billing.Store;
using Received.Model.Access;
using Received.Server.Demo.FakeStripe;
using Received.Tests.Server;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>The whole server with the stand-in for Stripe beside it: all goes over HTTP, both ways.</summary>
sealed class PaymentServer : IAsyncDisposable
{
    const Scopes Billing = Scopes.BillingRead | Scopes.BillingWrite;

    readonly RunningServer _server;

    PaymentServer(RunningServer server, FakeStripeServer fake, string key, string otherKey)
    {
        (_server, Fake, Key, OtherKey) = (server, fake, key, otherKey);
        Store = server.Provider.GetRequiredService<BillingStore>();
    }

    public FakeStripeServer Fake { get; }

    public BillingStore Store { get; }

    /// <summary>Of account 1.</summary>
    public string Key { get; }

    /// <summary>Of account 2.</summary>
    public string OtherKey { get; }

    public IServiceProvider Provider => _server.Provider;

    public static async Task<PaymentServer> StartAsync()
    {
        var fake = await FakeStripeServer.StartAsync(TimeProvider.System);
        var server = await RunningServer.StartAsync(settings: new()
        {
            ["Received:Billing:Stripe:SecretKey"] = fake.SecretKey,
            ["Received:Billing:Stripe:WebhookSecrets"] = "whsec_the_next " + fake.WebhookSecret,
            ["Received:Billing:Stripe:ApiBase"] = fake.Address,
            ["Received:Billing:Stripe:RetriesMax"] = "0",
        });
        var key = (await server.NewKeyAsync("acme", Billing)).Secret;
        var otherKey = (await server.NewKeyAsync("other", Billing)).Secret;
        var running = new PaymentServer(server, fake, key, otherKey);
        await PaymentSeed.CatalogAsync(running.Store, 1);
        await PaymentSeed.CatalogAsync(running.Store, 2);
        fake.Webhooks.Endpoint = new(server.Client.BaseAddress!, "/api/webhooks/stripe");
        return running;
    }

    public Task<string> NewKeyAsync(Scopes scopes) => KeyAsync("acme", scopes);

    public async Task<string> InvoiceAsync(long totalMinor, uint account = 1) =>
        "inv_" + await PaymentSeed.InvoiceAsync(Store, totalMinor, account);

    public async Task<(int Status, JsonElement Body)> SendAsync(
        string method, string path, string? body = null, string? key = null)
    {
        var (status, text) = await _server.SendAsync(new(method), path, key ?? Key, body);
        return (status, JsonDocument.Parse(text.Length == 0 ? "{}" : text).RootElement);
    }

    public async Task<JsonElement> OkAsync(string method, string path, string? body = null, int status = 200)
    {
        var (found, answer) = await SendAsync(method, path, body);
        Assert.True(found == status, $"{method} {path}: {found} {answer}");
        return answer;
    }

    /// <summary>Refused with that status and code; the pointer too, where one is given.</summary>
    public async Task RefusedAsync(
        int status, string code, string method, string path, string? body = null, string? pointer = null,
        string? key = null)
    {
        var (found, answer) = await SendAsync(method, path, body, key);
        Assert.True(found == status, $"{method} {path}: {found} {answer}");
        Assert.Equal(code, answer.GetProperty("code").GetString());
        if (pointer is not null) Assert.Equal(pointer, answer.GetProperty("pointer").GetString());
    }

    /// <summary>The place where an invoice is paid, as the stand-in's session.</summary>
    public async Task<string> PlaceAsync(string invoice)
    {
        var where = (await OkAsync("POST", $"/api/invoices/{invoice}/pay")).GetProperty("where").GetString()!;
        return where[(where.LastIndexOf('/') + 1)..];
    }

    public async Task<JsonElement[]> PaymentsAsync(string filter = "", string? key = null)
    {
        var (status, answer) = await SendAsync("GET", "/api/payments" + filter, null, key);
        Assert.Equal(200, status);
        return [.. answer.GetProperty("items").EnumerateArray()];
    }

    public async Task<string> StateAsync(string invoice)
    {
        await using var db = Store.Context();
        var id = long.Parse(invoice[4..]);
        var row = await db.Invoices.AsNoTracking().SingleAsync(row => row.Id == id);
        return $"{row.State} {row.PaidMinor}";
    }

    /// <summary>Sends an event with a signature of the right secret, or another one.</summary>
    public Task<int> NotifyAsync(string told, string? secret = null)
    {
        var body = Encoding.UTF8.GetBytes(told);
        return Fake.Webhooks.SendAsync(
            body, WebhookPush.Sign(body, secret ?? Fake.WebhookSecret, TimeProvider.System.GetUtcNow()));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await Fake.DisposeAsync();
    }

    async Task<string> KeyAsync(string account, Scopes scopes) => (await _server.NewKeyAsync(account, scopes)).Secret;
}
