using Microsoft.EntityFrameworkCore;
using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Invoices;

/// <summary>A contract with what pricing it needs.</summary>
/// <param name="CustomerSpans">Lines of all contracts of the customer: they share products.</param>
/// <param name="CustomerVersions">Numbers of all their newest versions, added up: it grows with every
/// change.</param>
/// <param name="Cycles">Neither settled nor given up and done with, in the order of line and number.</param>
sealed record BillingContract(
    ContractRow Row, CustomerRow Customer, IReadOnlyList<ContractVersion> Versions,
    IReadOnlyList<LineSpan> CustomerSpans, long CustomerVersions, IReadOnlyList<CycleRow> Cycles)
{
    public AccountId Account => new(Row.AccountId);

    public DateTimeZone Zone => CivilTime.Zone(Row.Zone);

    /// <summary>What the contract says of all its lines together at an instant.</summary>
    public ContractTerms TermsAt(long atMs) =>
        (Versions.LastOrDefault(version => version.EffectiveAtMs <= atMs) ?? Versions[0]).Terms;

    /// <summary>
    /// What a line says at the instant; where it has ended before it after all, what it said while it had not, because
    /// that is what was billed.
    /// </summary>
    /// <exception cref="BillingDataException">No version has it.</exception>
    public LineTerms Line(string lineRef, long atMs)
    {
        var own = CustomerSpans.Where(span => span.IsOf(Row.Id, lineRef)).ToList();
        if (own.Find(span => span.Covers(atMs)) is { } there) return there.Line;
        var said = Versions.Where((version, at) => at == 0 || version.EffectiveAtMs <= atMs)
            .SelectMany(version => version.Terms.Lines)
            .LastOrDefault(line => line.LineRef == lineRef
                && (line.End is not { } end || CivilTime.StartOfDay(end, Zone) > atMs));
        return said ?? own.LastOrDefault()?.Line
            ?? throw new BillingDataException($"No version of the contract has the line '{lineRef}'.");
    }
}

/// <summary>
/// Everything about some contracts that an invoice run needs from the billing database, in a query a table: the cost of
/// a run follows its invoices, not its look-ups.
/// </summary>
sealed class BillingPage
{
    const int DocumentsAtOnce = 500;

    readonly Dictionary<(uint Account, string Ref), EntityRow> _entities;
    readonly Dictionary<uint, Dictionary<string, ProductRow>> _products;
    readonly ILookup<long, ChargeRow> _charges;
    readonly Dictionary<long, string> _documents = [];

    BillingPage(
        IReadOnlyList<BillingContract> contracts, IReadOnlyList<InvoiceProblem> broken, List<EntityRow> entities,
        List<ProductRow> products, List<ChargeRow> charges)
    {
        Contracts = contracts;
        Broken = broken;
        _entities = entities.ToDictionary(row => (row.AccountId, row.Ref));
        _products = products.GroupBy(row => row.AccountId)
            .ToDictionary(group => group.Key, group => group.ToDictionary(row => row.Ref));
        _charges = charges.ToLookup(row => row.CycleId);
    }

    public IReadOnlyList<BillingContract> Contracts { get; }

    /// <summary>Contracts that cannot be read.</summary>
    public IReadOnlyList<InvoiceProblem> Broken { get; }

    /// <exception cref="BillingDataException">No entity of that reference.</exception>
    public EntityRow Entity(AccountId account, string entityRef) =>
        _entities.GetValueOrDefault((account.Value, entityRef))
        ?? throw new BillingDataException($"There is no entity '{entityRef}'.");

    public IReadOnlyDictionary<string, ProductRow> Products(AccountId account) =>
        _products.GetValueOrDefault(account.Value) ?? [];

    /// <summary>What the cycle's revisions so far add up to.</summary>
    public (Money Amount, Int128 Quantity) Billed(CycleRow cycle, Currency currency)
    {
        var charges = _charges[cycle.Id];
        var amounts = charges.Select(charge => new Money(charge.AmountMinor, Currency.Parse(charge.Currency)));
        return (
            Money.Sum(amounts, currency),
            charges.MaxBy(charge => charge.Revision)?.Quantity ?? 0);
    }

    /// <summary>Whether a price is less than what was billed of its cycle.</summary>
    public bool GivesBack(CycleRow cycle, Money price) =>
        _charges[cycle.Id].Sum(charge => charge.AmountMinor) > price.Minor;

    /// <summary>Invoices of what gives back: of few cycles, so they are not read with the page.</summary>
    public async Task ReadDocumentsAsync(
        BillingDb db, IEnumerable<CycleRow> cycles, CancellationToken cancellation)
    {
        var ids = cycles.SelectMany(cycle => _charges[cycle.Id]).Select(charge => charge.InvoiceId).Distinct();
        foreach (var some in ids.Chunk(DocumentsAtOnce))
        {
            await foreach (var row in db.Invoices.Where(row => some.Contains(row.Id))
                .Select(row => new { row.Id, row.Document }).AsAsyncEnumerable().WithCancellation(cancellation))
                _documents[row.Id] = row.Document;
        }
    }

    /// <summary>Of a cycle whose documents were read.</summary>
    public IReadOnlyList<TaxedAmount> Taxes(CycleRow cycle) =>
        BilledTaxes.Standing(_charges[cycle.Id], _documents);

    /// <summary>Invoices that charged the cycle, and of which something stands.</summary>
    public IReadOnlyList<long> Invoices(CycleRow cycle) =>
    [
        .. _charges[cycle.Id].GroupBy(charge => charge.InvoiceId)
            .Where(invoice => invoice.Sum(charge => charge.AmountMinor) > 0).Select(invoice => invoice.Key).Order(),
    ];

    /// <param name="settledAfterMs">Settled cycles too that end after it, or were cut: for closings.</param>
    public static async Task<BillingPage> ReadAsync(
        BillingDb db, IReadOnlyList<long> contractIds, CancellationToken cancellation,
        long settledAfterMs = long.MaxValue)
    {
        var wanted = await db.Contracts.AsNoTracking().Where(row => contractIds.Contains(row.Id))
            .OrderBy(row => row.AccountId).ThenBy(row => row.Id).ToListAsync(cancellation);
        var customerIds = wanted.Select(row => row.CustomerId).Distinct().ToList();
        var customers = await db.Customers.AsNoTracking().Where(row => customerIds.Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, cancellation);
        var siblings = await db.Contracts.AsNoTracking().Where(row => customerIds.Contains(row.CustomerId))
            .ToListAsync(cancellation);
        var siblingIds = siblings.Select(row => row.Id).ToList();
        var versions = (await db.ContractVersions.AsNoTracking().Where(row => siblingIds.Contains(row.ContractId))
            .OrderBy(row => row.Number).ToListAsync(cancellation)).ToLookup(row => row.ContractId);
        var looked = Cycles(db, contractIds, settledAfterMs);
        var cycles = await looked.OrderBy(row => row.LineRef).ThenBy(row => row.Number).ToListAsync(cancellation);
        // By a subquery: there may be more cycles than a statement can have parameters.
        var charges = await db.Charges.AsNoTracking()
            .Where(charge => looked.Any(row => row.Id == charge.CycleId)).ToListAsync(cancellation);
        var accounts = wanted.Select(row => row.AccountId).Distinct().ToList();
        var (contracts, broken) = Assemble(
            wanted, customers, siblings.ToLookup(row => row.CustomerId), versions,
            cycles.ToLookup(row => row.ContractId));
        return new(
            contracts, broken,
            await db.Entities.AsNoTracking().Where(row => accounts.Contains(row.AccountId)).ToListAsync(cancellation),
            await db.Products.AsNoTracking().Where(row => accounts.Contains(row.AccountId)).ToListAsync(cancellation),
            charges);
    }

    /// <summary>Those that the reader may have something to do for.</summary>
    static IQueryable<CycleRow> Cycles(BillingDb db, IReadOnlyList<long> contractIds, long settledAfterMs)
    {
        var isClosing = settledAfterMs < long.MaxValue;
        var givenUp = isClosing ? GivenUpCycles.Recognised(db) : GivenUpCycles.Charged(db);
        return db.Cycles.AsNoTracking().Where(row => contractIds.Contains(row.ContractId)
            && ((row.State != CycleState.Settled && row.State != CycleState.GivenUp)
                || (row.State == CycleState.Settled && row.EndMs > settledAfterMs)
                || (row.State == CycleState.Settled && isClosing && row.EndMs < row.FullEndMs)
                || (row.State == CycleState.GivenUp && givenUp.Any(own => own.Id == row.Id))));
    }

    static (List<BillingContract> Contracts, List<InvoiceProblem> Broken) Assemble(
        List<ContractRow> wanted, Dictionary<long, CustomerRow> customers, ILookup<long, ContractRow> siblings,
        ILookup<long, ContractVersionRow> versions, ILookup<long, CycleRow> cycles)
    {
        var contracts = new List<BillingContract>();
        var broken = new List<InvoiceProblem>();
        foreach (var row in wanted)
        {
            try
            {
                var spans = siblings[row.CustomerId]
                    .SelectMany(sibling => LineSpans.Of(sibling.Id, sibling.Zone, FromRows(versions[sibling.Id])));
                contracts.Add(new(
                    row, customers[row.CustomerId], FromRows(versions[row.Id]), [.. spans],
                    siblings[row.CustomerId].Sum(sibling => (long)sibling.LatestVersion), [.. cycles[row.Id]]));
            }
            catch (Exception e) when (IsBadData(e))
            {
                broken.Add(new(row.AccountId, row.Ref, e.Message));
            }
        }

        return (contracts, broken);
    }

    /// <summary>What one contract's data can do wrong, and must not stop others for (law 11).</summary>
    public static bool IsBadData(Exception exception) => exception
        is BillingDataException or ScheduleException or System.Text.Json.JsonException or OverflowException
        or FormatException or InvalidOperationException or ArgumentException;

    static List<ContractVersion> FromRows(IEnumerable<ContractVersionRow> rows) =>
        [.. rows.Select(TermsJson.ReadVersion)];
}
