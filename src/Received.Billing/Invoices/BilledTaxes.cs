using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Invoices;

/// <summary>A part of an amount under one tax.</summary>
readonly record struct TaxedAmount(TaxTerms Tax, Money Amount);

/// <summary>
/// Taxes that a cycle was billed with, as the invoices show them that charged it: what gives back has these, whatever
/// later versions say. Pure.
/// </summary>
static class BilledTaxes
{
    /// <summary>What stands of the charges by tax, of the newest first, above zero.</summary>
    /// <param name="charges">Of one cycle.</param>
    /// <param name="documents">Of their invoices, by id.</param>
    public static IReadOnlyList<TaxedAmount> Standing(
        IEnumerable<ChargeRow> charges, IReadOnlyDictionary<long, string> documents)
    {
        // A second charge of one invoice is its reversal: nothing of either stands.
        var standing = charges.GroupBy(charge => charge.InvoiceId).Where(invoice => invoice.Count() == 1)
            .Select(invoice => invoice.Single()).OrderByDescending(charge => charge.Revision);
        return
        [
            .. standing.SelectMany(charge => Of(charge, documents)).GroupBy(part => part.Tax)
                .Select(tax => new TaxedAmount(
                    tax.Key, Money.Sum(tax.Select(part => part.Amount), tax.First().Amount.Currency)))
                .Where(part => part.Amount.Minor > 0),
        ];
    }

    /// <summary>
    /// A difference by tax. What is charged has the line's tax; what is given back is taken from the newest charges,
    /// with theirs.
    /// </summary>
    public static IReadOnlyList<TaxedAmount> Split(
        Money amount, TaxTerms tax, IReadOnlyList<TaxedAmount> standing)
    {
        var parts = new List<TaxedAmount>();
        var rest = amount;
        foreach (var billed in standing)
        {
            if (rest.Minor >= 0) break;
            var part = new Money(Math.Max(rest.Minor, -billed.Amount.Minor), amount.Currency);
            parts.Add(new(billed.Tax, part));
            rest -= part;
        }

        if (!rest.IsZero || parts.Count == 0) parts.Add(new(tax, rest));
        return parts;
    }

    static IEnumerable<TaxedAmount> Of(ChargeRow charge, IReadOnlyDictionary<long, string> documents)
    {
        var record = InvoiceRecord.FromJson(documents[charge.InvoiceId]);
        var currency = Currency.Parse(record.Currency);
        foreach (var line in record.Lines.Where(line => line.CycleId == charge.CycleId).Reverse())
        {
            var shown = record.Taxes.First(tax => tax.Name == line.TaxName && tax.Rate == line.TaxRate);
            if (!Money.TryParse(line.Amount, currency, out var amount))
                throw new BillingDataException($"{line.Amount} {currency.Code} is past what an invoice can be of.");
            yield return new(new(shown.Name, new(Quantity.ParseScaled(shown.Rate)), shown.Note), amount);
        }
    }
}
