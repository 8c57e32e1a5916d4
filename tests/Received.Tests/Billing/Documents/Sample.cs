using Received.Billing.Documents;

namespace Received.Tests.Billing.Documents;

/// <summary>Documents to render.</summary>
static class Sample
{
    public static readonly DocumentParty Seller = new(
        "Nordlicht Cloud GmbH", ["Hafenstraße 12", "20457 Hamburg"], "DE", "DE123456789", "HRB 98765");

    public static readonly DocumentParty Buyer = new(
        "ACME Analytics Inc.", ["350 Fifth Avenue", "New York, NY 10118"], "US", "98-7654321");

    public static readonly DocumentPayment Payment = new(
        "Hamburger Handelsbank", "DE89370400440532013000", "COBADEFFXXX", "RF18539007547034",
        "https://pay.example.com/i/42");

    public static DocumentLine Line(string product, decimal amount, string? description = null) => new(
        product, description, new(2026, 10, 1), new(2026, 10, 31), "1204.5", "requests", "0.0025", amount, "19");

    public static InvoiceDocument Of(params IReadOnlyList<DocumentLine> lines)
    {
        var net = lines.Sum(line => line.Amount);
        var tax = Math.Round(net * 0.19m, 2, MidpointRounding.AwayFromZero);
        return new()
        {
            Seller = Seller,
            Buyer = Buyer,
            Number = "NC-2026-000042",
            IssueDate = new(2026, 11, 1),
            DueDate = new(2026, 11, 15),
            Currency = "EUR",
            CurrencyDecimals = 2,
            Reference = "PO 4711",
            Lines = lines,
            Taxes = [new("VAT", "19", null, net, tax)],
            Net = net,
            Tax = tax,
            Total = net + tax,
            Open = net + tax,
            Payment = Payment,
            Notes = ["Thank you."],
        };
    }
}
