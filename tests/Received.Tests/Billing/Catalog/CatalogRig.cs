using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Received.Billing.Access;
using Received.Billing.Catalog;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Xunit;

namespace Received.Tests.Billing.Catalog;

/// <summary>A billing database in a folder of its own with two accounts, and entries to put into it.</summary>
sealed class CatalogRig : IAsyncDisposable
{
    public const string Actor = "key_1";
    public const string Berlin = "Europe/Berlin";

    public static readonly DateTimeOffset Now = new(2026, 3, 10, 9, 7, 30, TimeSpan.Zero);

    public static readonly CustomerFields Acme = new("ACME", ["1 Road"], "US");
    public static readonly EntityFields Nordlicht = new("Nordlicht GmbH", ["Hafen 1", "20457 Hamburg"], "DE", Berlin);
    public static readonly ProductFields Calls = new("API calls", "calls");

    readonly string _folder;

    CatalogRig(string folder) => _folder = folder;

    public FakeTimeProvider Time { get; } = new(Now);

    public required BillingStore Store { get; init; }

    public required AccountId First { get; init; }

    public required AccountId Other { get; init; }

    public EntityBook Entities => new(Store, Time);

    public CustomerBook Customers => new(Store, Time);

    public ProductBook Products => new(Store, Time);

    public ContractBook Contracts => new(Store, Time);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<CatalogRig> OpenAsync()
    {
        var folder = Directory.CreateTempSubdirectory("received-catalog-").FullName;
        var store = await BillingStore.OpenAsync(folder, Cancel);
        var accounts = new AccountBook(store, TimeProvider.System);
        return new(folder)
        {
            Store = store,
            First = (await accounts.CreateAsync("first", false, Cancel))!.Id,
            Other = (await accounts.CreateAsync("other", false, Cancel))!.Id,
        };
    }

    /// <summary>Entities e1 and e2, customer c1, products p1 and p2, for one account.</summary>
    public async Task FillAsync(AccountId account)
    {
        foreach (var name in (string[])["e1", "e2"])
            Assert.Null((await Entities.CreateAsync(account, Actor, name, Nordlicht, Cancel)).Refusal);
        Assert.Null((await Customers.CreateAsync(account, Actor, "c1", Acme, Cancel)).Refusal);
        foreach (var name in (string[])["p1", "p2"])
            Assert.Null((await Products.CreateAsync(account, Actor, name, Calls, Cancel)).Refusal);
    }

    public static LineTerms PerUnit(
        string line, string product = "p1", string entity = "e1", string currency = "EUR",
        bool isDefault = false) => new(
        line, product, entity, "", new PerUnitPrice(Currency.Parse(currency), Quantity.ParseScaled("0.0025")),
        new(1, CycleAlignment.Calendar, null), BillingTiming.Arrears, null, new("VAT", default, null),
        new(2026, 1, 1), null, isDefault);

    public static LineTerms Flat(string line, long minor = 4900, string product = "p2") =>
        PerUnit(line, product) with
        {
            Price = new FlatPrice(new(minor, Currency.Parse("EUR"))),
            Timing = BillingTiming.Advance,
        };

    public static ContractTerms Terms(params IReadOnlyList<LineTerms> lines) =>
        new(InvoiceGrouping.Collective, 14, true, lines);

    public static long Ms(string instant) =>
        DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    public Task<Outcome<ContractEntry>> CreateAsync(
        ContractTerms terms, string reference = "k1", string zone = Berlin) =>
        Contracts.CreateAsync(First, Actor, reference, "c1", zone, terms, null, Cancel);

    public Task<Outcome<ContractEntry>> FollowAsync(
        int version, ContractTerms terms, string? effectiveAt = null, string reference = "k1") =>
        Contracts.AddVersionAsync(
            First, Actor, reference, version, terms, effectiveAt is null ? null : Ms(effectiveAt), Cancel);

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
