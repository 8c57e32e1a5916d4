using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NodaTime.Text;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Received.Model.Pricing;
using Received.Tests.Usage;
using Received.Usage;
using Received.Usage.DuckDb;

namespace Received.Tests.Billing.Invoices;

/// <summary>
/// A billing database, a usage store and a clock: everything behind the totals, without log or HTTP. Usage is written
/// as rating would write it.
/// </summary>
sealed class BillingWorld : IAsyncDisposable
{
    public const int Partition = 1;

    public static readonly AccountId Account = new(1);
    public static readonly Currency Eur = Currency.Parse("EUR");

    readonly string _folder = Directory.CreateTempSubdirectory("received-billing-").FullName;
    readonly Dictionary<(string Customer, string Product, string Currency, string Entity), UInt128> _series = [];
    readonly Dictionary<(UInt128 Series, int Window), TotalRow> _totals = [];
    long _next;

    BillingWorld()
    {
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.Parse("2026-01-01T00:00:00Z"));

    public BillingStore Store { get; private set; } = null!;

    public DuckDbUsageStore Usage { get; private set; } = null!;

    public CycleTotalsReader Totals { get; private set; } = null!;

    public string Folder => _folder;

    public InvoiceBook Book => new(Store, Totals, Time);

    public static async Task<BillingWorld> MakeAsync()
    {
        var world = new BillingWorld();
        world.Store = await BillingStore.OpenAsync(world._folder);
        world.Usage = new(
            new() { Path = Path.Combine(world._folder, "usage.duckdb") }, NullLogger<DuckDbUsageStore>.Instance);
        await world.Usage.OpenAsync(UsageRows.TheLog);
        world.Totals = new(world.Usage, (_, _) => UsageRows.P(Partition));
        await using var db = world.Store.Context();
        db.Accounts.Add(new() { Name = "acme", AllowsNegativeQuantity = false, CreatedAtMs = 0 });
        db.Accounts.Add(new() { Name = "other", AllowsNegativeQuantity = false, CreatedAtMs = 0 });
        await db.SaveChangesAsync();
        db.Entities.Add(new()
        {
            AccountId = 1,
            Ref = "acme-de",
            Version = 1,
            Name = "Acme GmbH",
            Address = "Hauptstr. 1\n10115 Berlin",
            Country = "DE",
            Zone = "Europe/Berlin",
            Series = "INV-",
            IsArchived = false,
            ChangedAtMs = 0,
        });
        await db.SaveChangesAsync();
        return world;
    }

    public Invoicer Invoicer() => new(Store, new(Store), Totals, Time, NullLogger<Invoicer>.Instance);

    public Task<InvoiceRunReport> RunAsync() => Invoicer().RunAsync();

    public async Task<long> AddContractAsync(
        string customer, string zone, ContractTerms terms, string? reference = null, int cycles = 4)
    {
        await using var db = Store.Context();
        var row = await db.Customers.SingleOrDefaultAsync(row => row.Ref == customer);
        if (row is null)
        {
            row = new()
            {
                AccountId = 1,
                Ref = customer,
                Version = 1,
                Name = customer + " Ltd",
                Address = "1 Road",
                Country = "US",
                Language = "en",
                IsArchived = false,
                ChangedAtMs = 0,
            };
            db.Customers.Add(row);
            await db.SaveChangesAsync();
        }

        var contract = new ContractRow
        {
            AccountId = 1,
            Ref = reference ?? "contract of " + customer,
            CustomerId = row.Id,
            Zone = zone,
            LatestVersion = 1,
            CreatedAtMs = 0,
        };
        db.Contracts.Add(contract);
        await db.SaveChangesAsync();
        db.ContractVersions.Add(new()
        {
            ContractId = contract.Id,
            Number = 1,
            EffectiveAtMs = 0,
            Terms = TermsJson.Write(terms),
            CreatedAtMs = 0,
            Actor = "test",
        });
        foreach (var line in terms.Lines)
            foreach (var cycle in new CycleSchedule(line, CivilTime.Zone(zone)).From(0).Take(cycles))
                db.Cycles.Add(ToRow(contract.Id, line.LineRef, cycle));
        await db.SaveChangesAsync();
        return contract.Id;
    }

    public async Task AddVersionAsync(long contractId, int number, string effectiveAt, ContractTerms terms)
    {
        await using var db = Store.Context();
        db.ContractVersions.Add(new()
        {
            ContractId = contractId,
            Number = number,
            EffectiveAtMs = Ms(effectiveAt),
            Terms = TermsJson.Write(terms),
            CreatedAtMs = 0,
            Actor = "test",
        });
        (await db.Contracts.SingleAsync(row => row.Id == contractId)).LatestVersion = number;
        await db.SaveChangesAsync();
    }

    /// <summary>Adds counted usage at instants, as rating would: absolute rows, then the partition's
    /// progress.</summary>
    public async Task UseAsync(string customer, string product, params (string At, string Quantity)[] events) =>
        await UseAsync(customer, product, "", "", events);

    public async Task UseAsync(
        string customer, string product, string currency, string entity, params (string At, string Quantity)[] events)
    {
        var batch = UsageRows.Batch(Partition, _next + 1);
        var key = (customer, product, currency, entity);
        if (!_series.TryGetValue(key, out var series)) _series[key] = series = (UInt128)(_series.Count + 1);
        batch.Series.Add(UsageRows.Series(series, 1, customer, product, currency, entity));
        foreach (var group in events.GroupBy(e => UsageWindow.Of(Ms(e.At))))
        {
            var sum = group.Aggregate((Int128)0, (sum, e) => sum + Quantity.ParseScaled(e.Quantity));
            var before = _totals.GetValueOrDefault((series, group.Key));
            var row = UsageRows.Total(
                series, group.Key, before.Sum + sum, _next, group.Count() - 1, before.Count + group.Count());
            _totals[(series, group.Key)] = row;
            batch.Totals.Add(row);
        }

        _next++;
        await Usage.WriteAsync([batch]);
    }

    /// <summary>Moves the clock, and lets rating observe the log's end a second later: usage is in.</summary>
    public async Task GoToAsync(string instant, bool isRated = true)
    {
        Time.SetUtcNow(DateTimeOffset.Parse(instant).AddSeconds(2));
        if (isRated) await BeatAsync(DateTimeOffset.Parse(instant).AddSeconds(1), _next, _next);
    }

    public async Task BeatAsync(DateTimeOffset at, long head, long rated) =>
        await Usage.WriteHeartbeatsAsync([new(UsageRows.P(Partition), head, at.ToUnixTimeMilliseconds(), rated)]);

    public long NextOffset => _next;

    public async Task<IReadOnlyList<ListedInvoice>> InvoicesAsync() =>
        await Book.ListAsync(Account, null, null, 0, 500);

    public static long Ms(string instant) => InstantPattern.ExtendedIso.Parse(instant).Value.ToUnixTimeMilliseconds();

    public static ContractTerms Terms(params LineTerms[] lines) =>
        new(InvoiceGrouping.Collective, 30, true, lines);

    public static LineTerms PerUnit(string product, string unitPrice, string start = "2026-01-01") => new(
        product, product, "acme-de", product + " used", new PerUnitPrice(Eur, Quantity.ParseScaled(unitPrice)),
        new(1, CycleAlignment.Calendar, null), BillingTiming.Arrears, null,
        new("VAT", new(19 * Quantity.Scale), null), DateOnly.Parse(start), null, true);

    public static LineTerms Flat(
        string product, string amount, BillingTiming timing = BillingTiming.Advance, string start = "2026-01-01") =>
        new(
        product, product, "acme-de", product + " fee",
        new FlatPrice(Money.TryParse(amount, Eur, out var money) ? money : throw new FormatException(amount)),
        new(1, CycleAlignment.Calendar, null), timing, null, new("VAT", new(19 * Quantity.Scale), null),
        DateOnly.Parse(start), null, true);

    public async ValueTask DisposeAsync()
    {
        await Usage.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    static CycleRow ToRow(long contract, string line, ScheduledCycle cycle) => new()
    {
        AccountId = 1,
        ContractId = contract,
        LineRef = line,
        Number = cycle.Number,
        StartMs = cycle.StartMs,
        EndMs = cycle.EndMs,
        FullStartMs = cycle.FullStartMs,
        FullEndMs = cycle.FullEndMs,
        IssueAtMs = cycle.IssueAtMs,
        State = CycleState.Open,
        Revision = 0,
    };
}
