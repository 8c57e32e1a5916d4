using System.Text.RegularExpressions;
using CsCheck;
using Received.Billing.Documents;
using Xunit;

namespace Received.Tests.Billing.Documents;

public sealed class InvoiceHtmlTests
{
    const string Hostile = "<script>alert('x')</script> \" onload=\"x & </style></title>";

    [Fact]
    public void The_page_shows_every_part_of_the_document()
    {
        var html = InvoiceHtml.Render(Sample.Of(Sample.Line("API requests", 3011.25m, "All regions")));
        string[] parts =
        [
            "NC-2026-000042", "Nordlicht Cloud GmbH", "Hafenstraße 12", "DE123456789", "HRB 98765",
            "ACME Analytics Inc.", "98-7654321", "PO 4711", "API requests", "All regions", "1,204.5", "requests",
            "0.0025", "19%", "3,011.25", "VAT 19% on 3,011.25", "572.14", "3,583.39", "COBADEFFXXX",
            "Hamburger Handelsbank", "https://pay.example.com/i/42", "Thank you.", "<svg",
        ];
        Assert.All(parts, part => Assert.Contains(part, html));
        Assert.Contains("DE89\u00A03704\u00A00044", System.Net.WebUtility.HtmlDecode(html));
        Assert.Equal(5, Regex.Count(html, "<th scope=\"col\""));
    }

    [Fact]
    public void Hostile_text_stays_text_in_every_field()
    {
        var party = new DocumentParty(Hostile, [Hostile], Hostile, Hostile, Hostile, Hostile);
        var line = new DocumentLine(
            Hostile, Hostile, new(2026, 1, 1), new(2026, 1, 31), Hostile, Hostile, Hostile, 1m, Hostile);
        var clean = Sample.Of(Sample.Line("x", 1m, "x"));
        var html = InvoiceHtml.Render(clean with
        {
            Seller = party,
            Buyer = party,
            Number = Hostile,
            Currency = Hostile,
            Reference = Hostile,
            Language = Hostile,
            Lines = [line],
            Taxes = [new(Hostile, Hostile, Hostile, 1m, 0m)],
            Payment = new(Hostile, Hostile, Hostile, Hostile, Hostile),
            Notes = [Hostile],
        });
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain("onload=\"", html);
        Assert.Equal(1, Regex.Count(html, "</style>"));
        Assert.Equal(1, Regex.Count(html, "</title>"));
        Assert.DoesNotContain("<a ", html);
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("/relative")]
    [InlineData("https://")]
    public void Only_a_web_address_is_linked(string address)
    {
        var document = Sample.Of(Sample.Line("x", 1m)) with { Payment = Sample.Payment with { CardLink = address } };
        Assert.DoesNotContain("<a ", InvoiceHtml.Render(document));
        Assert.DoesNotContain("<svg", InvoiceHtml.Render(document));
        Assert.DoesNotContain("/URI", System.Text.Encoding.Latin1.GetString(InvoicePdf.Render(document)));
    }

    [Fact]
    public void The_page_loads_nothing_from_elsewhere() =>
        Assert.DoesNotMatch("(src=|url\\(|@import|<link|<script)", InvoiceHtml.Render(Sample.Of(Sample.Line("x", 1m))));

    [Fact]
    public void Any_text_gives_a_page_without_a_tag_of_its_own() => Gen.String.Sample(
        text =>
        {
            var html = InvoiceHtml.Render(Sample.Of(Sample.Line(text, 1m, text)) with { Notes = [text] });
            var plain = InvoiceHtml.Render(Sample.Of(Sample.Line("x", 1m, "x")) with { Notes = ["x"] });
            var tags = string.IsNullOrWhiteSpace(text) ? 2 : 0;
            // A description of nothing but spaces is left out: a span and the line break after it.
            return Regex.Count(html, "<[a-z!]") == Regex.Count(plain, "<[a-z!]") - (tags > 0 ? 3 : 0);
        },
        iter: 300, threads: 1);

    [Theory]
    [InlineData("de", "Rechnung", "lang=\"de\"")]
    [InlineData("fr-CA", "Facture", "lang=\"fr\"")]
    [InlineData("fi", "Invoice", "lang=\"en\"")]
    public void Words_follow_the_customers_language(string language, string word, string mark)
    {
        var html = InvoiceHtml.Render(Sample.Of(Sample.Line("x", 1m)) with { Language = language });
        Assert.Contains(word, html);
        Assert.Contains(mark, html);
    }
}
