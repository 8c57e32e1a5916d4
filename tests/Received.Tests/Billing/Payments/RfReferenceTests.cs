using Received.Billing.Payments.Wire;
using Xunit;

namespace Received.Tests.Billing.Payments;

public sealed class RfReferenceTests
{
    [Theory]
    [InlineData("539007547034", "RF18539007547034")]
    [InlineData("2348231", "RF712348231")]
    [InlineData("INV20260001", "RF16INV20260001")]
    [InlineData("INV20260005", "RF05INV20260005")]
    [InlineData("INV20260010", "RF64INV20260010")]
    [InlineData("1", "RF741")]
    [InlineData("000000000000000000001", "RF74000000000000000000001")]
    public void Published_references_are_made_and_known(string body, string reference)
    {
        Assert.Equal(reference, RfReference.Make(body));
        Assert.True(RfReference.IsValid(reference));
    }

    [Theory]
    [InlineData("RF19539007547034")]
    [InlineData("RF18539007547043")]
    [InlineData("RF64INV20260001")]
    [InlineData("RF18 5390 0754 7034")]
    [InlineData("rf18539007547034")]
    [InlineData("RF74")]
    [InlineData("RF740000000000000000000001")]
    [InlineData("XX741")]
    [InlineData("RF7A1")]
    [InlineData("")]
    public void Slips_are_noticed(string reference) => Assert.False(RfReference.IsValid(reference));

    [Fact]
    public void An_invoices_reference_prints_in_groups_and_leads_back_to_it()
    {
        var reference = RfReference.OfInvoice(17);
        Assert.Equal("RF30 0000 0017", RfReference.Grouped(reference));
        Assert.Equal(17, RfReference.InvoiceOf(reference));
        Assert.Equal(123_456_789_012, RfReference.InvoiceOf(RfReference.OfInvoice(123_456_789_012)));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("Invoice of March, thank you", "")]
    [InlineData("RF30 0000 0017", "17")]
    [InlineData("rf30-0000-0017/Acme", "17")]
    [InlineData("Pay RF30 0000\n 0017 2026-03-01", "17")]
    [InlineData("RF30000000172026", "17")]
    [InlineData("RF31 0000 0017", "")]
    [InlineData("RF30 0000 0071", "")]
    [InlineData("RF30 0000 001", "")]
    [InlineData("RF16INV20260001", "")]
    [InlineData("SURFRF30 0000 0017", "17")]
    [InlineData("RF30 0000 0017 and RF74 0000 0001, RF30 0000 0017", "17 1")]
    public void References_are_found_in_what_payers_write(string text, string invoices) =>
        Assert.Equal(invoices, string.Join(' ', ReferenceText.InvoicesIn(text)));
}
