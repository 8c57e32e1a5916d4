using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Invoices;

/// <summary>A cycle that is to be charged: its price at a position, and what was billed of it before.</summary>
/// <param name="Revision">The one that this charge becomes; from 1.</param>
/// <param name="Billed">What the revisions before it add up to.</param>
sealed record PendingCharge(
    CycleRow Row, LineTerms Terms, PricedCycle Priced, InvoicePosition? Position, int Revision, Money Billed,
    Int128 BilledQuantity)
{
    /// <summary>Where it gives back: what stands of the revisions before it by tax, of the newest first.</summary>
    public IReadOnlyList<TaxedAmount> BilledTaxes { get; init; } = [];

    public Money Amount => Priced.Amount - Billed;

    /// <summary>Something of it was billed and stands: only the difference is shown.</summary>
    public bool IsLate => !Billed.IsZero || BilledQuantity != 0;

    /// <summary>A difference to it would be of neither.</summary>
    public bool HasTwoTaxes => Priced.Lines.Select(run => run.Terms.Tax).Distinct().Count() > 1;

    /// <summary>The price of the current total is not what was billed.</summary>
    public bool IsDue => Row.State == CycleState.Open || !Amount.IsZero || Priced.Quantity != BilledQuantity;
}

/// <summary>Who an invoice is between, and the contract it is under.</summary>
/// <param name="Products">By reference; one that the catalog does not name goes by its reference.</param>
sealed record InvoiceContext(
    ContractRow Contract, CustomerRow Customer, EntityRow Entity, IReadOnlyDictionary<string, ProductRow> Products,
    DateOnly IssueDate, int PaymentDays);

/// <summary>Puts charges together to an invoice: pure, the same for invoice, preview and verification (law
/// 5).</summary>
static class InvoiceMaking
{
    /// <param name="charges">Of one entity and currency, in the order of their lines.</param>
    /// <param name="asOfMs">Slices that have ended by then are earned.</param>
    public static InvoiceRecord Make(InvoiceContext context, IReadOnlyList<PendingCharge> charges, long asOfMs)
    {
        var currency = charges[0].Priced.Amount.Currency;
        var zone = CivilTime.Zone(context.Contract.Zone);
        var lines = charges.SelectMany(charge => Lines(charge, context, zone))
            .Select((line, index) => line with { Number = index + 1 }).ToList();
        var taxes = Taxes(charges, lines, currency);
        var net = Money.Sum(charges.Select(charge => charge.Amount), currency);
        var tax = Money.Sum(taxes.Select(part => Amount(part.Tax, currency)), currency);
        return new(
            context.Contract.Ref, context.Customer.Ref, context.Entity.Ref, context.Contract.Zone, currency.Code,
            context.IssueDate, context.IssueDate.AddDays(context.PaymentDays), context.Customer.Language,
            Seller(context.Entity), Buyer(context.Customer), Bank(context.Entity), lines, taxes, net.ToText(),
            tax.ToText(), (net + tax).ToText(), [.. charges.Select(charge => Charge(charge, asOfMs))]);
    }

    static IEnumerable<InvoiceLine> Lines(PendingCharge charge, InvoiceContext context, DateTimeZone zone)
    {
        var cycle = charge.Priced.Cycle;
        if (!charge.IsLate)
        {
            return charge.Priced.Lines.Select(run => Line(
                charge, context, zone, run.Terms, run.StartMs, run.EndMs, run.Line.Quantity, run.Line.UnitPrice,
                run.Line.Amount));
        }

        // One line for the difference: what was shown before stays as it was. More only where what is given back was
        // billed with more than one tax.
        var runs = charge.Priced.Lines;
        return BilledTaxes.Split(charge.Amount, charge.Terms.Tax, charge.BilledTaxes).Select((part, at) => Line(
            charge, context, zone, charge.Terms with { Tax = part.Tax }, cycle.StartMs, cycle.EndMs,
            at == 0 ? charge.Priced.Quantity - charge.BilledQuantity : 0,
            runs.Count == 1 ? runs[0].Line.UnitPrice : null, part.Amount));
    }

    static InvoiceLine Line(
        PendingCharge charge, InvoiceContext context, DateTimeZone zone, LineTerms terms, long startMs, long endMs,
        Int128 quantity, Int128? unitPrice, Money amount)
    {
        var product = context.Products.GetValueOrDefault(terms.ProductRef);
        return new(
            0, charge.Row.Id, terms.LineRef, terms.ProductRef, product?.Name ?? terms.ProductRef, terms.Description,
            product?.Unit ?? "", Day(startMs, zone), Day(endMs, zone), startMs, endMs, Quantity.Format(quantity),
            unitPrice is { } price ? Quantity.Format(price) : null, amount.ToText(), terms.Tax.Name,
            terms.Tax.Rate.ToString(), charge.IsLate);
    }

    static List<InvoiceTax> Taxes(
        IReadOnlyList<PendingCharge> charges, List<InvoiceLine> lines, Currency currency)
    {
        var notes = charges.SelectMany(charge => charge.Priced.Lines).Select(run => run.Terms.Tax)
            .Concat(charges.SelectMany(charge => charge.BilledTaxes).Select(billed => billed.Tax))
            .Where(tax => tax.Note is not null).ToLookup(tax => (tax.Name, tax.Rate.ToString()), tax => tax.Note);
        return
        [
            .. lines.GroupBy(line => (line.TaxName, line.TaxRate)).Select(group =>
            {
                var taxable = Money.Sum(group.Select(line => Amount(line.Amount, currency)), currency);
                var rate = new Percent(Quantity.ParseScaled(group.Key.TaxRate));
                return new InvoiceTax(
                    group.Key.TaxName, group.Key.TaxRate, notes[group.Key].FirstOrDefault(), taxable.ToText(),
                    rate.Of(taxable).ToText());
            }),
        ];
    }

    static InvoiceCharge Charge(PendingCharge charge, long asOfMs) => new(
        charge.Row.Id, charge.Revision, charge.Terms.LineRef, charge.Terms.ProductRef, charge.Priced.Versions,
        charge.Position, Quantity.Format(charge.Priced.Quantity), charge.Priced.EventCount, charge.Amount.ToText(),
        charge.Billed.ToText(),
        [
            .. charge.Priced.Earned(asOfMs)
                .Select(month => new InvoiceEarned(AccountingMonths.Format(month.Period), month.Amount.ToText())),
        ]);

    static InvoiceParty Seller(EntityRow entity) => new(
        entity.Name, entity.Address, entity.Country, entity.TaxId, entity.RegisterNumber, entity.Email);

    static InvoiceParty Buyer(CustomerRow customer) => new(
        customer.Name, customer.Address, customer.Country, customer.TaxId, null, customer.Email);

    static InvoiceBank? Bank(EntityRow entity) =>
        entity.BankName is null && entity.Iban is null && entity.Bic is null
            ? null
            : new(entity.BankName, entity.Iban, entity.Bic);

    static DateOnly Day(long atMs, DateTimeZone zone) =>
        Instant.FromUnixTimeMilliseconds(atMs).InZone(zone).Date.ToDateOnly();

    static Money Amount(string text, Currency currency) => Money.TryParse(text, currency, out var money)
        ? money
        : throw new BillingDataException($"{text} {currency.Code} is past what an invoice can be of.");
}
