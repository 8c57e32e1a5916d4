namespace Received.Billing.Documents;

/// <summary>
/// Everything that an invoice's page shows, and nothing else: <see cref="InvoiceHtml"/> and <see cref="InvoicePdf"/>
/// are functions of it. Amounts are exact and in <see cref="Currency"/>; they are shown, never computed, here, but for
/// the sum that a page of the PDF carries over to the next one.
/// </summary>
public sealed record InvoiceDocument
{
    public required DocumentParty Seller { get; init; }

    public required DocumentParty Buyer { get; init; }

    /// <summary>Null for a draft, which has no number yet.</summary>
    public string? Number { get; init; }

    public DocumentStamp Stamp { get; init; }

    /// <summary>Also the PDF's time of creation, so that equal documents are equal files.</summary>
    public required DateOnly IssueDate { get; init; }

    public DateOnly? DueDate { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>Minor digits of the currency. Amounts show at least as many; more are shown, not rounded.</summary>
    public required int CurrencyDecimals { get; init; }

    /// <summary>What the customer knows this by: an order number or the contract's reference.</summary>
    public string? Reference { get; init; }

    /// <summary>BCP 47; the first part decides: en, de, fr. Another one gives English words and ISO dates.</summary>
    public string Language { get; init; } = "en";

    public required IReadOnlyList<DocumentLine> Lines { get; init; }

    public required IReadOnlyList<DocumentTax> Taxes { get; init; }

    public required decimal Net { get; init; }

    public required decimal Tax { get; init; }

    public required decimal Total { get; init; }

    public decimal Paid { get; init; }

    public required decimal Open { get; init; }

    public DocumentPayment? Payment { get; init; }

    public IReadOnlyList<string> Notes { get; init; } = [];
}

public enum DocumentStamp
{
    None,
    Draft,
    Paid,
    Void,
}

/// <param name="Register">Number in a company register, as the law wants it on letters.</param>
public sealed record DocumentParty(
    string Name,
    IReadOnlyList<string> Address,
    string? Country = null,
    string? TaxId = null,
    string? Register = null,
    string? Email = null);

/// <param name="First">First day of the service period, in the contract's time zone.</param>
/// <param name="Last">Its last day, included.</param>
/// <param name="Quantity">A plain decimal such as "1204.5".</param>
/// <param name="UnitPrice">A plain decimal, with as many digits as the price has.</param>
/// <param name="TaxRate">Percent as a plain decimal: "19".</param>
public sealed record DocumentLine(
    string Product,
    string? Description,
    DateOnly First,
    DateOnly Last,
    string Quantity,
    string? Unit,
    string UnitPrice,
    decimal Amount,
    string TaxRate);

/// <summary>Taxable sum and tax of one name and rate (EN 16931 BG-23).</summary>
/// <param name="Rate">Percent as a plain decimal.</param>
/// <param name="Note">Why no tax is due, such as reverse charge (BT-120).</param>
public sealed record DocumentTax(string Name, string Rate, string? Note, decimal Taxable, decimal Tax);

/// <param name="Reference">What a transfer must state, such as an ISO 11649 reference (RF...).</param>
/// <param name="CardLink">Absolute http(s) address of a page where a card is taken; all else is not linked.</param>
public sealed record DocumentPayment(
    string? BankName = null,
    string? Iban = null,
    string? Bic = null,
    string? Reference = null,
    string? CardLink = null);
