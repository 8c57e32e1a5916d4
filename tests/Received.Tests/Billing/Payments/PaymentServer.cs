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

[CollectionDefinition(Name)]
public sealed class PaymentServerCollection : ICollectionFixture<PaymentServer>
{
    public const string Name = "payment server";
}

/// <summary>
/// The whole server with the stand-in for Stripe beside it: all goes over HTTP, both ways. Started once for all tests
/// of its collection; each has two accounts of its own, and a stand-in to which nothing has happened.
/// </summary>
public sealed class PaymentServer : IAsyncLifetime
{
    const Scopes Billing = Scopes.BillingRead | Scopes.BillingWrite;

    RunningServer _server = null!;

    internal FakeStripeServer Fake { get; private set; } = null!;

    internal BillingStore Store { get; private set; } = null!;

    /// <summary>The test's own.</summary>
    public uint Account { get; private set; }

    /// <summary>Another one.</summary>
    public uint Other => Account + 1;

    public string Key { get; private set; } = "";

    public string OtherKey { get; private set; } = "";

    public IServiceProvider Provider => _server.Provider;

    public async ValueTask InitializeAsync()
    {
        Fake = await FakeStripeServer.StartAsync(TimeProvider.System);
        _server = await RunningServer.StartAsync(settings: new()
        {
            ["Received:Billing:Stripe:SecretKey"] = Fake.SecretKey,
            ["Received:Billing:Stripe:WebhookSecrets"] = "whsec_the_next " + Fake.WebhookSecret,
            ["Received:Billing:Stripe:ApiBase"] = Fake.Address,
            ["Received:Billing:Stripe:RetriesMax"] = "0",
        });
        Store = Provider.GetRequiredService<BillingStore>();
        Fake.Webhooks.Endpoint = new(_server.Client.BaseAddress!, "/api/webhooks/stripe");
    }

    /// <summary>Before each test.</summary>
    public async ValueTask BeginAsync()
    {
        Fake.Renew();
        Account = Account == 0 ? 1 : Other + 1;
        Key = await KeyAsync(Account, Billing);
        OtherKey = await KeyAsync(Other, Billing);
        await PaymentSeed.CatalogAsync(Store, Account);
        await PaymentSeed.CatalogAsync(Store, Other);
    }

    public Task<string> NewKeyAsync(Scopes scopes) => KeyAsync(Account, scopes);

    public async Task<string> InvoiceAsync(long totalMinor, uint? account = null) =>
        "inv_" + await PaymentSeed.InvoiceAsync(Store, totalMinor, account ?? Account);

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

    /// <summary>Accounts are numbered in the order in which they are made.</summary>
    async Task<string> KeyAsync(uint account, Scopes scopes) =>
        (await _server.NewKeyAsync($"account {account}", scopes)).Secret;
}
