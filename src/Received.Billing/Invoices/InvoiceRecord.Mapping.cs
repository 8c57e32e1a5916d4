using Received.Billing.Documents;
using Received.Model;

namespace Received.Billing.Invoices;

/// <summary>What an invoice's page shows, from its canonical form and where it stands.</summary>
public static class InvoiceRecordMapping
{
    /// <param name="payment">How it can be paid; null where it cannot.</param>
    public static InvoiceDocument ToDocument(this ListedInvoice invoice, DocumentPayment? payment)
    {
        var record = invoice.Record;
        var currency = invoice.Total.Currency;
        return new()
        {
            Seller = ToParty(record.Seller),
            Buyer = ToParty(record.Buyer),
            Number = invoice.Number,
            Stamp = ToStamp(invoice.State),
            IssueDate = record.IssueDate,
            DueDate = record.DueDate,
            Currency = currency.Code,
            CurrencyDecimals = currency.MinorDigits,
            Reference = record.ContractRef,
            Language = record.Language,
            Lines = [.. record.Lines.Select(line => ToLine(line, currency))],
            Taxes =
            [
                .. record.Taxes.Select(tax => new DocumentTax(
                    tax.Name, tax.Rate, tax.Note, Exact(tax.Taxable), Exact(tax.Tax))),
            ],
            Net = Exact(record.Net),
            Tax = Exact(record.Tax),
            Total = Exact(record.Total),
            Paid = invoice.Paid.Amount,
            Open = invoice.Open.Amount,
            // What is paid needs no bank account on it, and fits on one page.
            Payment = invoice.Open.IsZero ? null : payment,
        };
    }

    static DocumentLine ToLine(InvoiceLine line, Currency currency) => new(
        line.Product, Description(line), line.Start,
        line.End > line.Start ? line.End.AddDays(-1) : line.Start, line.Quantity,
        line.Unit.Length == 0 ? null : line.Unit, UnitPrice(line.UnitPrice, currency), Exact(line.Amount),
        line.TaxRate);

    /// <summary>With as many decimals as the currency has, or as the price has where these are more.</summary>
    static string UnitPrice(string? price, Currency currency) =>
        price is not null && Money.TryParse(price, currency, out var money) ? money.ToText() : price ?? "";

    static string Description(InvoiceLine line) =>
        !line.IsLate ? line.Description
        : line.Quantity == "0" ? $"{line.Description} (difference to what was invoiced)"
        : $"{line.Description} (usage reported late)";

    static DocumentParty ToParty(InvoiceParty party) => new(
        party.Name, party.Address.Split('\n', StringSplitOptions.RemoveEmptyEntries), party.Country, party.TaxId,
        party.RegisterNumber, party.Email);

    static DocumentStamp ToStamp(InvoiceState state) => state switch
    {
        InvoiceState.Draft => DocumentStamp.Draft,
        InvoiceState.Paid => DocumentStamp.Paid,
        InvoiceState.Void => DocumentStamp.Void,
        InvoiceState.Issued or InvoiceState.PartlyPaid => DocumentStamp.None,
    };

    /// <summary>Below 10^15 minor units: far within what a decimal holds exactly.</summary>
    static decimal Exact(string amount) =>
        decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture);
}
