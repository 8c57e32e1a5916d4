using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Received.Billing.Documents;

/// <summary>
/// The document as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere. All text is
/// escaped, and set apart in its direction, so that a name written from right to left cannot turn its neighbours.
/// </summary>
public static class InvoiceHtml
{
    public const string ContentType = "text/html; charset=utf-8";

    /// <summary>
    /// For the answer that carries the page: it may style itself and nothing more, even if an escape were missing.
    /// </summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // Only what HTML cannot carry as it is becomes an entity: a Greek name stays readable in the page's source.
    static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    const string Css = """
        :root { color-scheme: light; }
        * { box-sizing: border-box; }
        body { margin: 0; background: #eceef1; color: #1a1c21;
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
        main { max-width: 860px; margin: 24px auto; padding: 48px; background: #fff; border-radius: 6px;
          box-shadow: 0 1px 4px #0002; overflow-wrap: anywhere; }
        header { display: flex; gap: 32px; justify-content: space-between; padding-bottom: 20px;
          border-bottom: 1px solid #c7ccd4; }
        header > * { min-width: 0; }
        h1 { margin: 0; font-size: 28px; line-height: 1.2; }
        h2 { margin: 0 0 4px; font-size: 13px; font-weight: 600; color: #5b616b; }
        p { margin: 0; }
        .seller strong { font-size: 20px; line-height: 1.3; }
        .title { text-align: right; }
        .stamp { display: inline-block; margin-top: 8px; padding: 2px 12px; border: 2px solid; border-radius: 4px;
          font-weight: 700; letter-spacing: .08em; text-transform: uppercase; color: #5b616b; }
        .stamp.paid { color: #12733f; } .stamp.void { color: #b71c1c; }
        .quiet { color: #5b616b; font-size: 13px; }
        .parties { display: flex; flex-wrap: wrap; gap: 32px; justify-content: space-between; margin: 24px 0 28px; }
        .parties > * { flex: 1 1 260px; min-width: 0; }
        dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 24px; margin: 0; }
        dt { color: #5b616b; } dd { margin: 0; text-align: right; }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        thead { display: table-header-group; }
        thead th { background: #f3f4f6; font-size: 13px; text-align: left; }
        th, td { padding: 8px; vertical-align: top; }
        tbody th { font-weight: 400; text-align: left; } tbody th strong { display: block; }
        .lines tbody tr { border-bottom: 1px solid #dde1e6; break-inside: avoid; }
        .lines .number, .totals td { text-align: right; }
        .lines .number { overflow-wrap: normal; }
        .lines tbody .number { white-space: nowrap; }
        .totals { width: 56%; min-width: 280px; margin: 12px 0 0 auto; break-inside: avoid; }
        .totals th { padding: 4px 8px; } .totals td { padding: 4px 8px; white-space: nowrap; }
        .totals .sum > * { border-top: 1px solid #8a909a; font-weight: 700; }
        .totals .open > * { font-size: 18px; }
        .pay { display: flex; gap: 24px; justify-content: space-between; margin-top: 28px; padding: 20px;
          background: #f3f4f6; border-radius: 6px; break-inside: avoid; }
        .pay h2 { color: inherit; font-size: 16px; } .pay dd { text-align: left; font-weight: 600; }
        .pay svg { flex: none; width: 120px; height: 120px; background: #fff; }
        .pay a { display: inline-block; margin-top: 12px; padding: 8px 18px; border-radius: 4px; background: #124c9e;
          color: #fff; font-weight: 600; text-decoration: none; }
        .pay a:focus-visible { outline: 3px solid #f2a900; }
        .notes { margin-top: 28px; } .notes p { white-space: pre-line; }
        @media (max-width: 640px) {
          main { margin: 0; padding: 20px; border-radius: 0; }
          header { flex-direction: column; gap: 12px; } .title { text-align: left; }
          .lines thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          .lines, .lines tbody, .lines tr, .lines th, .lines td { display: block; }
          .lines tbody tr { padding: 8px 0; }
          .lines tbody td { display: flex; justify-content: space-between; padding: 2px 8px; white-space: normal; }
          .lines td::before { content: attr(data-label); color: #5b616b; }
          .totals { width: 100%; } .pay { flex-direction: column; } .pay dl { column-gap: 12px; }
        }
        @media print {
          @page { size: A4; margin: 16mm; }
          body { background: none; font-size: 10pt; }
          main { max-width: none; margin: 0; padding: 0; box-shadow: none; }
          .pay a { background: none; color: inherit; padding: 0; text-decoration: underline; }
        }
        """;

    public static string Render(InvoiceDocument document)
    {
        var words = DocumentWords.Of(document.Language);
        var format = new DocumentFormat(document.Language);
        var page = new StringBuilder(16_384);
        // The words' language: a screen reader shall not read English words as Finnish ones.
        var spoken = DocumentWords.LanguageOf(document.Language);
        Put(page, $"<!DOCTYPE html>\n<html lang=\"{spoken}\">\n<head>\n<meta charset=\"utf-8\">\n");
        Put(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        Put(page, "<meta name=\"robots\" content=\"noindex\">\n");
        Put(page, $"<title>{Escape(InvoicePdf.Title(document, words))} – {Escape(document.Seller.Name)}</title>\n");
        Put(page, $"<style>\n{Css}\n</style>\n</head>\n<body>\n<main>\n");
        Head(page, document, words);
        Parties(page, document, format, words);
        Lines(page, document, format, words);
        Totals(page, document, format, words);
        Payment(page, document, format, words);
        Notes(page, document, words);
        return page.Append("</main>\n</body>\n</html>\n").ToString();
    }

    static void Head(StringBuilder page, InvoiceDocument document, DocumentWords words)
    {
        Put(page, $"<header>\n<div class=\"seller\"><strong>{Text(document.Seller.Name)}</strong>\n");
        Party(page, document.Seller, words, "quiet");
        var title = document.Number is null ? words.DraftInvoice : words.Invoice;
        Put(page, $"</div>\n<div class=\"title\"><h1>{Escape(title)}</h1>\n");
        if (document.Number is { } number) Put(page, $"<p><strong>{Text(number)}</strong></p>\n");
        if (words.StampText(document.Stamp) is { } stamp)
            Put(page, $"<p class=\"stamp {StampClass(document.Stamp)}\">{Escape(stamp)}</p>\n");
        Put(page, "</div>\n</header>\n");
    }

    static string StampClass(DocumentStamp stamp) => stamp switch
    {
        DocumentStamp.None => "",
        DocumentStamp.Draft => "draft",
        DocumentStamp.Paid => "paid",
        DocumentStamp.Void => "void",
    };

    static void Parties(StringBuilder page, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        Put(page, $"<div class=\"parties\">\n<section><h2>{Escape(words.To)}</h2>\n");
        Put(page, $"<p><strong>{Text(document.Buyer.Name)}</strong></p>\n");
        Party(page, document.Buyer, words, "");
        Put(page, "</section>\n<section><dl>\n");
        Fact(page, words.Number, document.Number);
        Fact(page, words.IssueDate, format.Date(document.IssueDate));
        Fact(page, words.DueDate, document.DueDate is { } due ? format.Date(due) : null);
        Fact(page, words.Reference, document.Reference);
        Put(page, "</dl></section>\n</div>\n");
    }

    static void Party(StringBuilder page, DocumentParty party, DocumentWords words, string style)
    {
        var lines = party.Address.Append(party.Country).Where(line => !string.IsNullOrWhiteSpace(line));
        Put(page, $"<p class=\"{style}\">{string.Join("<br>", lines.Select(line => Text(line!)))}</p>\n");
        if (!string.IsNullOrWhiteSpace(party.TaxId))
            Put(page, $"<p class=\"{style}\">{Escape(words.TaxId)}: {Text(party.TaxId)}</p>\n");
        if (!string.IsNullOrWhiteSpace(party.Register))
            Put(page, $"<p class=\"{style}\">{Escape(words.Register)}: {Text(party.Register)}</p>\n");
        if (!string.IsNullOrWhiteSpace(party.Email)) Put(page, $"<p class=\"{style}\">{Text(party.Email)}</p>\n");
    }

    static void Lines(StringBuilder page, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        var amount = $"{words.Amount} ({document.Currency})";
        Put(page, $"<table class=\"lines\">\n<caption>{Escape(words.Lines)}</caption>\n<thead><tr>");
        Put(page, $"<th scope=\"col\">{Escape(words.Product)}</th>");
        foreach (var label in (string[])[words.Quantity, words.UnitPrice, words.Tax, amount])
            Put(page, $"<th scope=\"col\" class=\"number\">{Escape(label)}</th>");
        Put(page, "</tr></thead>\n<tbody>\n");
        foreach (var line in document.Lines)
        {
            Put(page, $"<tr><th scope=\"row\"><strong>{Text(line.Product)}</strong>");
            if (!string.IsNullOrWhiteSpace(line.Description))
                Put(page, $"<span class=\"quiet\">{Text(line.Description)}</span><br>");
            Put(page, $"<span class=\"quiet\">{Escape(format.Period(line.First, line.Last))}</span></th>");
            var unit = string.IsNullOrWhiteSpace(line.Unit)
                ? ""
                : $"<br><span class=\"quiet\">{Text(line.Unit)}</span>";
            Cell(page, words.Quantity, $"<span>{Escape(format.Number(line.Quantity))}{unit}</span>");
            Cell(page, words.UnitPrice, Escape(format.Number(line.UnitPrice)));
            Cell(page, words.Tax, Escape(format.Percent(line.TaxRate)));
            Cell(page, amount, Escape(format.Amount(line.Amount, document.CurrencyDecimals)));
            Put(page, "</tr>\n");
        }

        Put(page, "</tbody>\n</table>\n");
    }

    static void Cell(StringBuilder page, string label, string html) =>
        Put(page, $"<td class=\"number\" data-label=\"{Escape(label)}\">{html}</td>");

    static void Totals(StringBuilder page, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        Put(page, $"<table class=\"totals\">\n<caption>{Escape(words.Total)}</caption>\n<tbody>\n");
        Sum(words.Net, format.Amount(document.Net, document.CurrencyDecimals), "");
        foreach (var tax in document.Taxes)
        {
            var taxable = format.Amount(tax.Taxable, document.CurrencyDecimals);
            var label = DocumentFormat.Fill(words.TaxOn, tax.Name, format.Percent(tax.Rate), taxable);
            Sum(label, format.Amount(tax.Tax, document.CurrencyDecimals), "", tax.Note);
        }

        if (document.Taxes.Count > 1)
            Sum(words.TaxTotal, format.Amount(document.Tax, document.CurrencyDecimals), "");
        Sum(words.Total, Money(document.Total), "sum");
        if (document.Paid != 0) Sum(words.Paid, format.Amount(-document.Paid, document.CurrencyDecimals), "");
        Sum(words.Open, Money(document.Open), "sum open");
        Put(page, "</tbody>\n</table>\n");

        string Money(decimal amount) => format.Money(amount, document.CurrencyDecimals, document.Currency);

        void Sum(string label, string amount, string style, string? note = null)
        {
            Put(page, $"<tr class=\"{style}\"><th scope=\"row\">{Text(label)}");
            if (!string.IsNullOrWhiteSpace(note)) Put(page, $"<br><span class=\"quiet\">{Text(note)}</span>");
            Put(page, $"</th><td>{Escape(amount)}</td></tr>\n");
        }
    }

    static void Payment(StringBuilder page, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        if (document.Payment is not { } payment) return;
        Put(page, $"<section class=\"pay\">\n<div><h2>{Escape(words.HowToPay)}</h2>\n<dl>\n");
        Fact(page, words.Bank, payment.BankName);
        Fact(page, "IBAN", payment.Iban is { } iban ? DocumentFormat.InFours(iban) : null);
        Fact(page, "BIC", payment.Bic);
        Fact(page, words.PaymentReference, payment.Reference is { } text ? DocumentFormat.InFours(text) : null);
        Fact(page, words.Open, format.Money(document.Open, document.CurrencyDecimals, document.Currency));
        Fact(page, words.DueDate, document.DueDate is { } due ? format.Date(due) : null);
        Put(page, "</dl>\n");
        var link = PaymentLink.From(payment.CardLink);
        if (link is not null)
            Put(page, $"<a href=\"{Escape(link.Address)}\" rel=\"noopener\">{Escape(words.PayByCard)}</a>\n");
        Put(page, "</div>\n");
        if (link?.Code is { } code) Code(page, code, words);
        Put(page, "</section>\n");
    }

    static void Code(StringBuilder page, LinkCode code, DocumentWords words)
    {
        Put(page, $"<svg viewBox=\"0 0 {code.Size} {code.Size}\" role=\"img\" shape-rendering=\"crispEdges\">");
        Put(page, $"<title>{Escape(words.PayByCard)}</title><path d=\"");
        foreach (var (row, from, length) in code.Runs())
            page.Append(CultureInfo.InvariantCulture, $"M{from} {row}h{length}v1h-{length}z");
        Put(page, "\"/></svg>\n");
    }

    static void Notes(StringBuilder page, InvoiceDocument document, DocumentWords words)
    {
        if (document.Notes.Count == 0) return;
        Put(page, $"<section class=\"notes\"><h2>{Escape(words.Notes)}</h2>\n");
        foreach (var note in document.Notes) Put(page, $"<p>{Text(note)}</p>\n");
        Put(page, "</section>\n");
    }

    static void Fact(StringBuilder page, string label, string? value)
    {
        if (!string.IsNullOrWhiteSpace(value)) Put(page, $"<dt>{Escape(label)}</dt><dd>{Text(value)}</dd>\n");
    }

    /// <summary>A client's text: escaped, and its direction kept inside.</summary>
    static string Text(string text) => $"<bdi>{Escape(text)}</bdi>";

    static string Escape(string text) => Encoder.Encode(text);

    static void Put(StringBuilder page, string html) => page.Append(html);
}
