using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Usage;

namespace Received.Billing.Invoices;

/// <summary>
/// Law 5: makes an invoice anew and compares it, byte for byte in its canonical form. Usage comes from a store that was
/// rated anew up to exactly the positions that the invoice states; prices from the contract versions that there were
/// when it was made; what people may change since (names, addresses) from the invoice itself. Not its job: rating.
/// Invariant: the same pure code as the invoicer's makes slices, prices and lines.
/// </summary>
public sealed class InvoiceVerification
{
    readonly InvoiceRow _row;
    readonly InvoiceRecord _record;
    readonly BillingContract _contract;
    readonly EntityRow _entity;
    readonly Dictionary<long, CycleRow> _cycles;
    readonly ILookup<long, ChargeRow> _charges;
    readonly Dictionary<long, string> _documents;

    InvoiceVerification(
        InvoiceRow row, InvoiceRecord record, BillingContract contract, EntityRow entity,
        Dictionary<long, CycleRow> cycles, List<ChargeRow> charges, Dictionary<long, string> documents)
    {
        _documents = documents;
        (_row, _record, _contract, _entity, _cycles) = (row, record, contract, entity, cycles);
        _charges = charges.ToLookup(charge => charge.CycleId);
    }

    /// <summary>Reads the invoice and all that it was made of but usage. Null where the account has no such
    /// invoice.</summary>
    /// <exception cref="BillingDataException">What is stored cannot be read.</exception>
    public static async Task<InvoiceVerification?> OpenAsync(
        BillingStore store, AccountId account, long id, CancellationToken cancellation = default)
    {
        await using var db = store.Context();
        var row = await db.Invoices.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == id && row.AccountId == account.Value, cancellation);
        if (row is null) return null;
        try
        {
            var record = InvoiceRecord.FromJson(row.Document);
            var ids = record.Charges.Select(charge => charge.CycleId).Distinct().ToList();
            var charges = await db.Charges.AsNoTracking().Where(charge => ids.Contains(charge.CycleId))
                .ToListAsync(cancellation);
            var invoices = charges.Select(charge => charge.InvoiceId).Distinct().ToList();
            return new(
                row, record, await ContractAsync(db, row, cancellation),
                await db.Entities.AsNoTracking().SingleAsync(entity => entity.Id == row.EntityId, cancellation),
                await db.Cycles.AsNoTracking().Where(cycle => ids.Contains(cycle.Id)
                    && cycle.ContractId == row.ContractId).ToDictionaryAsync(cycle => cycle.Id, cancellation),
                charges,
                await db.Invoices.Where(invoice => invoices.Contains(invoice.Id))
                    .ToDictionaryAsync(invoice => invoice.Id, invoice => invoice.Document, cancellation));
        }
        catch (Exception e) when (BillingPage.IsBadData(e))
        {
            throw new BillingDataException($"The stored invoice cannot be read: {e.Message}");
        }
    }

    /// <param name="anew">A store that is rated anew, and holds nothing yet.</param>
    /// <param name="rateAsync">Rates a partition into it up to that position; a partition's positions
    /// ascend.</param>
    /// <exception cref="BillingDataException">What is stored cannot be priced.</exception>
    public async Task<VerifiedInvoice> RunAsync(
        IUsageStore anew, Func<RatedUpTo, CancellationToken, Task> rateAsync, CancellationToken cancellation = default)
    {
        try
        {
            var charges = await ChargesAsync(anew, rateAsync, cancellation);
            var made = Make(charges);
            return new(
                InvoiceComparison.Lines(_record, made),
                [.. InvoiceComparison.Differences(_row, made), .. charges.SelectMany(StoredDifferences)]);
        }
        catch (Exception e) when (BillingPage.IsBadData(e))
        {
            throw new BillingDataException($"The invoice cannot be made anew: {e.Message}");
        }
    }

    /// <summary>The contract and the customer's others, as they were when the invoice was made.</summary>
    static async Task<BillingContract> ContractAsync(BillingDb db, InvoiceRow invoice, CancellationToken cancellation)
    {
        var customer = await db.Customers.AsNoTracking()
            .SingleAsync(row => row.Id == invoice.CustomerId, cancellation);
        var contracts = await db.Contracts.AsNoTracking().Where(row => row.CustomerId == customer.Id)
            .ToListAsync(cancellation);
        var ids = contracts.Select(row => row.Id).ToList();
        var versions = (await db.ContractVersions.AsNoTracking()
                .Where(row => ids.Contains(row.ContractId) && row.CreatedAtMs <= invoice.CreatedAtMs)
                .OrderBy(row => row.Number).ToListAsync(cancellation))
            .ToLookup(row => row.ContractId, TermsJson.ReadVersion);
        return new(
            contracts.Single(row => row.Id == invoice.ContractId), customer, [.. versions[invoice.ContractId]],
            [.. contracts.SelectMany(row => LineSpans.Of(row.Id, row.Zone, [.. versions[row.Id]]))], 0, []);
    }

    async Task<List<PendingCharge>> ChargesAsync(
        IUsageStore anew, Func<RatedUpTo, CancellationToken, Task> rateAsync, CancellationToken cancellation)
    {
        var priced = new Dictionary<InvoiceCharge, PricedCycle>();
        foreach (var charges in _record.Charges.GroupBy(charge => charge.Position).OrderBy(group => group.Key?.Next))
        {
            if (charges.Key is { } at)
            {
                await rateAsync(
                    new(new((ushort)at.Partition), (ushort)at.Generation, at.Next), cancellation);
            }

            foreach (var charge in charges)
                priced.Add(charge, await PriceAsync(charge, anew, cancellation));
        }

        return [.. _record.Charges.Select(charge => Pend(charge, priced[charge]))];
    }

    async Task<PricedCycle> PriceAsync(InvoiceCharge charge, IUsageStore anew, CancellationToken cancellation)
    {
        var cycle = Facts(charge);
        var slices = CyclePlan.Of(
            cycle, _contract.CustomerSpans, _contract.Zone, CivilTime.Zone(_entity.Zone));
        var ranges = slices.Index().Where(slice => slice.Item.Span.Line.Price.IsForUsage)
            .Select(slice => new TotalsRange(
                slice.Index, _record.CustomerRef, slice.Item.Span.Line.ProductRef, slice.Item.StartMs,
                slice.Item.EndMs)).ToList();
        var totals = await anew.ReadCycleTotalsAsync(_contract.Account, ranges, cancellation);
        var usage = slices.Index().Select(slice => totals.Settled.TryGetValue(slice.Index, out var found)
            ? CyclePricing.Usage(slice.Item, found.Totals)
            : default).ToList();
        return CyclePricing.Price(cycle, _contract.Line(cycle.LineRef, cycle.StartMs), slices, usage);
    }

    /// <summary>The cycle as it was: its line may have been ended since, and its row with it.</summary>
    CycleFacts Facts(InvoiceCharge charge)
    {
        var row = Cycle(charge);
        var lines = _record.Lines.Where(line => line.CycleId == charge.CycleId).ToList();
        var (startMs, endMs) = lines.Count == 0
            ? (row.StartMs, row.EndMs)
            : (lines.Min(line => line.StartMs), lines.Max(line => line.EndMs));
        return new(row.Id, row.ContractId, row.LineRef, startMs, endMs, row.FullStartMs, row.FullEndMs);
    }

    CycleRow Cycle(InvoiceCharge charge) => _cycles.GetValueOrDefault(charge.CycleId)
        ?? throw new BillingDataException($"The contract has no cycle {charge.CycleId}.");

    PendingCharge Pend(InvoiceCharge charge, PricedCycle priced)
    {
        var row = Cycle(charge);
        var before = _charges[row.Id].Where(other => other.Revision < charge.Revision).ToList();
        var currency = priced.Amount.Currency;
        var billed = new Money(before.Sum(other => other.AmountMinor), currency);
        return new(
            row, _contract.Line(row.LineRef, row.StartMs), priced, charge.Position, charge.Revision, billed,
            before.MaxBy(other => other.Revision)?.Quantity ?? 0)
        {
            BilledTaxes = billed.Minor > priced.Amount.Minor ? BilledTaxes.Standing(before, _documents) : [],
        };
    }

    InvoiceRecord Make(List<PendingCharge> charges)
    {
        var context = new InvoiceContext(
            _contract.Row, Customer(), Entity(), Products(), _record.IssueDate,
            _record.DueDate.DayNumber - _record.IssueDate.DayNumber);
        // What had been earned is of the moment at which the run began, a little before the invoice was written.
        var moments = charges.SelectMany(charge => charge.Priced.Slices).Select(slice => slice.EndMs - 1)
            .Where(atMs => atMs < _row.CreatedAtMs).Append(_row.CreatedAtMs).Distinct().OrderDescending();
        var earned = _record.Charges.SelectMany(charge => charge.Earned).ToList();
        var made = moments.Select(atMs => InvoiceMaking.Make(context, charges, atMs)).ToList();
        return made.Find(record => record.Charges.SelectMany(charge => charge.Earned).SequenceEqual(earned)) ?? made[0];
    }

    /// <summary>The customer as the invoice shows it.</summary>
    CustomerRow Customer() => new()
    {
        AccountId = _row.AccountId,
        Ref = _record.CustomerRef,
        Version = 0,
        Name = _record.Buyer.Name,
        Address = _record.Buyer.Address,
        Country = _record.Buyer.Country,
        TaxId = _record.Buyer.TaxId,
        Email = _record.Buyer.Email,
        Language = _record.Language,
        IsArchived = false,
        ChangedAtMs = 0,
    };

    /// <summary>The entity as the invoice shows it.</summary>
    EntityRow Entity() => new()
    {
        AccountId = _row.AccountId,
        Ref = _record.EntityRef,
        Version = 0,
        Name = _record.Seller.Name,
        Address = _record.Seller.Address,
        Country = _record.Seller.Country,
        TaxId = _record.Seller.TaxId,
        RegisterNumber = _record.Seller.RegisterNumber,
        Email = _record.Seller.Email,
        BankName = _record.Bank?.Name,
        Iban = _record.Bank?.Iban,
        Bic = _record.Bank?.Bic,
        Zone = _entity.Zone,
        Series = _entity.Series,
        IsArchived = false,
        ChangedAtMs = 0,
    };

    /// <summary>Products as the invoice names them.</summary>
    Dictionary<string, ProductRow> Products() => _record.Lines.DistinctBy(line => line.ProductRef)
        .ToDictionary(line => line.ProductRef, line => new ProductRow
        {
            AccountId = _row.AccountId,
            Ref = line.ProductRef,
            Version = 0,
            Name = line.Product,
            Unit = line.Unit,
            IsArchived = false,
            ChangedAtMs = 0,
        });

    /// <summary>Where the row of a charge is not what it comes to anew.</summary>
    IEnumerable<string> StoredDifferences(PendingCharge charge)
    {
        var stored = _charges[charge.Row.Id].SingleOrDefault(row => row.Revision == charge.Revision);
        var name = $"Charge {charge.Revision} of cycle {charge.Row.Id} ('{charge.Terms.LineRef}')";
        if (stored is null || stored.InvoiceId != _row.Id) return [$"{name} is not stored with this invoice."];
        return InvoiceComparison.Differences(name, stored, charge);
    }
}
