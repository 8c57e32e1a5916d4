using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Received.Billing.Documents;
using Received.Billing.Documents.Pdf;
using Xunit;

namespace Received.Tests.Billing.Documents;

public sealed class InvoicePdfTests
{
    // The page's lower margin: nothing but the foot is drawn below it.
    const double FootTop = 60;

    [Fact]
    public void The_page_shows_every_part_of_the_document()
    {
        var pdf = new PdfReader(InvoicePdf.Render(Sample.Of(Sample.Line("API requests", 3011.25m, "All regions"))));
        Assert.Single(pdf.Pages);
        var text = pdf.AllText;
        string[] parts =
        [
            "Invoice", "NC-2026-000042", "Nordlicht Cloud GmbH", "Hafenstraße 12", "ACME Analytics Inc.", "PO 4711",
            "API requests", "All regions", "1 Oct 2026 – 31 Oct 2026", "1,204.5", "requests", "0.0025", "19%",
            "3,011.25", "VAT 19% on 3,011.25", "572.14", "EUR 3,583.39", "DE89 3704 0044 0532 0130 00",
            "COBADEFFXXX", "RF18 5390 0754 7034", "Pay by card", "Thank you.", "Page 1 of 1",
        ];
        Assert.All(parts, part => Assert.Contains(part, text));
        Assert.True(pdf.PlacesAreRight);
        Assert.Equal("Invoice NC-2026-000042", pdf.Info("Title"));
        Assert.Equal("Nordlicht Cloud GmbH", pdf.Info("Author"));
    }

    [Fact]
    public void The_same_document_is_the_same_file_and_another_one_is_not()
    {
        var document = Sample.Of(Sample.Line("API requests", 3011.25m));
        var first = InvoicePdf.Render(document);
        Assert.Equal(first, InvoicePdf.Render(document with { }));
        Assert.NotEqual(first, InvoicePdf.Render(document with { Number = "NC-2026-000043" }));
        Assert.Contains("/CreationDate (D:20261101000000Z)", Encoding.Latin1.GetString(first));
    }

    [Fact]
    public void A_hundred_and_twenty_lines_stand_once_each_and_pages_carry_the_right_sums_over()
    {
        var document = Sample.Of([.. Enumerable.Range(1, 120).Select(number =>
            Sample.Line($"Service {number:000}", number * 1.01m, number % 5 == 0 ? "With a description" : null))]);
        var pdf = new PdfReader(InvoicePdf.Render(document));
        Assert.True(pdf.Pages.Count > 3);
        Assert.Equal(
            document.Lines.Select(line => line.Product),
            Enumerable.Range(0, pdf.Pages.Count).SelectMany(page => Products(pdf.PageText(page))));
        var sum = 0m;
        for (var page = 0; page < pdf.Pages.Count; page++)
        {
            var text = pdf.PageText(page);
            Assert.Contains($"Page {page + 1} of {pdf.Pages.Count}", text);
            Assert.Contains("Unit price", text);
            if (page > 0) Assert.Equal(sum, Carried(text, "Brought forward"));
            sum += Products(text).Sum(product => document.Lines.Single(line => line.Product == product).Amount);
            if (page < pdf.Pages.Count - 1) Assert.Equal(sum, Carried(text, "Carried forward"));
        }

        Assert.Equal(document.Net, sum);
        Assert.NotEmpty(Products(pdf.PageText(pdf.Pages.Count - 1)));
    }

    [Fact]
    public void A_row_higher_than_a_page_goes_on_and_loses_no_word()
    {
        var words = string.Join(' ', Enumerable.Range(0, 3000).Select(number => $"w{number}"));
        var pdf = new PdfReader(InvoicePdf.Render(Sample.Of(Sample.Line("Long", 1m, words), Sample.Line("Next", 2m))));
        Assert.True(pdf.Pages.Count > 2);
        Assert.Equal(
            Enumerable.Range(0, 3000).Select(number => $"w{number}"),
            Regex.Matches(pdf.AllText, @"\bw\d+\b").Select(word => word.Value));
        StaysOnThePage(pdf);
    }

    [Fact]
    public void Totals_and_parties_of_any_size_stay_on_the_page()
    {
        var many = Enumerable.Range(0, 90).Select(number => $"Line {number}").ToArray();
        var document = Sample.Of(Sample.Line(new string('W', 40), 92233720368547758.07m, new string('x', 900))) with
        {
            Seller = Sample.Seller with { Name = new string('M', 500), Address = many },
            Buyer = Sample.Buyer with { Name = string.Join(' ', many), Address = many },
            Number = new string('9', 200),
            Reference = new string('R', 300),
            Taxes = [.. many.Select(name => new DocumentTax(name, "1.5", "Note of " + name, 1m, 0.02m))],
            Notes = many,
        };
        var pdf = new PdfReader(InvoicePdf.Render(document));
        Assert.All(many, name => Assert.Contains("Note of " + name, pdf.AllText));
        StaysOnThePage(pdf);
    }

    [Theory]
    [InlineData(DocumentStamp.Draft, "DRAFT")]
    [InlineData(DocumentStamp.Void, "VOID")]
    [InlineData(DocumentStamp.Paid, "PAID")]
    public void A_stamp_is_on_the_page(DocumentStamp stamp, string text)
    {
        var document = Sample.Of(Sample.Line("x", 1m)) with { Stamp = stamp };
        Assert.Contains(text, new PdfReader(InvoicePdf.Render(document)).AllText);
    }

    [Fact]
    public void A_draft_has_no_number_and_says_so()
    {
        var document = Sample.Of(Sample.Line("x", 1m)) with { Number = null, Stamp = DocumentStamp.Draft };
        var pdf = new PdfReader(InvoicePdf.Render(document));
        Assert.Equal("Draft invoice", pdf.Info("Title"));
        Assert.DoesNotContain("Invoice number", pdf.AllText);
    }

    [Fact]
    public void Latin_Greek_and_Cyrillic_show_as_they_are_and_the_rest_as_a_sign()
    {
        var pdf = new PdfReader(InvoicePdf.Render(Sample.Of(
            Sample.Line("Łódź Ștefan ẞ ελληνικά кириллица", 1m), Sample.Line("中文🎉 \uD800 \u202Eturned\u202C", 2m))));
        Assert.Contains("Łódź Ștefan ẞ ελληνικά кириллица", pdf.AllText);
        Assert.Contains("\uFFFD\uFFFD\uFFFD \uFFFD turned", pdf.AllText);
    }

    [Fact]
    public void Any_text_gives_a_file_that_reads_back() =>
        Gen.Select(Gen.String, Gen.Char.Array[0, 60], Gen.Int[0, 0x10FFFF]).Sample(
            (text, characters, point) =>
            {
                var odd = new string(characters) + (Rune.IsValid(point) ? new Rune(point).ToString() : "");
                var document = Sample.Of(Sample.Line(text, 1m, odd)) with
                {
                    Number = odd,
                    Buyer = new(text, [odd, text], odd, text, odd, text),
                    Payment = new(text, odd, text, odd, text),
                    Notes = [odd],
                };
                var pdf = new PdfReader(InvoicePdf.Render(document));
                return pdf.PlacesAreRight && pdf.Pages.Count > 0 && pdf.AllText.Contains("Amount due");
            },
            iter: 60, threads: 1);

    [Fact]
    public void Wrapped_text_loses_nothing_but_spaces_at_line_ends() =>
        Gen.Select(Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Const(' ')), 0, 200], Gen.Int[1, 300]).Sample(
            (text, width) =>
            {
                var font = new PdfFont(TrueTypeFont.Regular, "F1");
                var lines = TextWrap.Lines(font, 9, text, width);
                var whole = string.Concat(lines).Replace(" ", "", StringComparison.Ordinal);
                return whole == text.Replace(" ", "", StringComparison.Ordinal)
                    && lines.All(line => line.Trim().Length <= 1 || font.Width(line.TrimEnd(), 9) <= width + 0.01);
            },
            iter: 2000, threads: 1);

    static List<string> Products(string text) =>
        [.. Regex.Matches(text, @"^Service \d{3}$", RegexOptions.Multiline).Select(match => match.Value)];

    static decimal Carried(string text, string label) => decimal.Parse(
        Regex.Match(text, $@"^{label}\n([\d,.]+)$", RegexOptions.Multiline).Groups[1].Value,
        NumberStyles.AllowThousands | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);

    static void StaysOnThePage(PdfReader pdf) => Assert.All(pdf.Pages.SelectMany(page => page), piece =>
    {
        Assert.InRange(piece.X, 40, PdfCanvas.Width);
        Assert.True(piece.Y > FootTop || piece.Y is > 41 and < 43, $"{piece} is below the page's end");
        Assert.True(piece.Y < PdfCanvas.Height - 30, $"{piece} is above the page's beginning");
    });
}
