using System.Globalization;
using System.Text;
using Received.Billing.Documents.Pdf;

namespace Received.Billing.Documents;

/// <summary>
/// The document as a PDF: A4, fonts embedded, text searchable, and the same bytes for the same document (the time of
/// creation is the issue date, the file's id is a hash). Characters that the fonts lack (they cover Latin, Greek and
/// Cyrillic) show as a replacement sign; the HTML page has them all.
/// </summary>
public static class InvoicePdf
{
    public const string ContentType = "application/pdf";

    public static byte[] Render(InvoiceDocument document)
    {
        var format = new DocumentFormat(document.Language);
        var words = DocumentWords.Of(document.Language);
        var flow = new PdfFlow(page => OpenPage(page, document, words));
        flow.NewPage();
        PdfHead.Draw(flow, document, format, words);
        var totals = new PdfTotals(flow, document, format, words);
        new PdfTable(flow, document, format, words).Draw(totals.Height);
        totals.Draw();
        PdfPayment.Draw(flow, document, format, words);
        DrawNotes(flow, document, words);
        for (var at = 0; at < flow.Pages.Count; at++) DrawFoot(flow, document, words, at);
        return Write(flow, document, words);
    }

    internal static string Title(InvoiceDocument document, DocumentWords words) => document.Number is { } number
        ? $"{words.Invoice} {number}"
        : words.DraftInvoice;

    static void OpenPage(PdfFlow flow, InvoiceDocument document, DocumentWords words)
    {
        if (document.Stamp is DocumentStamp.Draft or DocumentStamp.Void)
            flow.Page.Watermark(flow.Bold, 110, Ink.Faint, words.StampText(document.Stamp)!);
        if (flow.Pages.Count == 1) return;
        var title = flow.Small(Clip(flow, Title(document, words), PdfFlow.Wide / 2));
        flow.DrawRight(title, PdfFlow.Right, flow.Y + 4);
        flow.Draw(flow.Small(Clip(flow, document.Seller.Name, (PdfFlow.Wide / 2) - 10)), PdfFlow.Left, flow.Y + 4);
        flow.Y += 22;
    }

    static void DrawNotes(PdfFlow flow, InvoiceDocument document, DocumentWords words)
    {
        if (document.Notes.Count == 0) return;
        flow.Y += 16;
        flow.Room(40);
        flow.Columns([flow.Strong(words.Notes)], []);
        foreach (var note in document.Notes)
        {
            flow.Columns([.. PdfFlow.Wrap(flow.Body(note) with { Size = 8.5 }, PdfFlow.Wide)], []);
            flow.Y += 3;
        }
    }

    static void DrawFoot(PdfFlow flow, InvoiceDocument document, DocumentWords words, int index)
    {
        const double Size = 7.5, At = PdfCanvas.Height - 42;
        var page = flow.Pages[index];
        var seller = document.Seller;
        string?[] parts = [seller.Name, seller.TaxId, seller.Register];
        var text = string.Join("  ·  ", parts.Where(part => !string.IsNullOrWhiteSpace(part)));
        var number = DocumentFormat.Fill(words.PageOf, index + 1, flow.Pages.Count);
        var room = PdfFlow.Wide - flow.Regular.Width(number, Size) - 20;
        page.Rule(Ink.Line, 0.5, PdfFlow.Left, PdfFlow.Right, At - 13);
        page.Text(flow.Regular, Size, Ink.Grey, PdfFlow.Left, At, Clip(flow, text, room * PdfFlow.SmallSize / Size));
        page.TextRight(flow.Regular, Size, Ink.Grey, PdfFlow.Right, At, number);
    }

    /// <summary>For lines that repeat what the first page shows in full.</summary>
    static string Clip(PdfFlow flow, string text, double width)
    {
        if (flow.Regular.Width(text, PdfFlow.SmallSize) <= width) return text;
        long used = flow.Regular.Width(new Rune('…')), room = (long)(width * 1000 / PdfFlow.SmallSize);
        var end = 0;
        foreach (var character in text.EnumerateRunes())
        {
            used += flow.Regular.Width(character);
            if (used > room) break;
            end += character.Utf16SequenceLength;
        }

        return text[..end] + "…";
    }

    static byte[] Write(PdfFlow flow, InvoiceDocument document, DocumentWords words)
    {
        var file = new PdfFile();
        var pages = file.Reserve();
        var fonts = (Regular: file.Reserve(), Bold: file.Reserve());
        var resources = $"/Font << /F1 {fonts.Regular} 0 R /F2 {fonts.Bold} 0 R >>";
        var kids = flow.Pages.Select(page => $"{page.Write(file, pages, resources)} 0 R").ToArray();
        file.Set(pages, $"<< /Type /Pages /Count {kids.Length} /Kids [{string.Join(' ', kids)}] >>");
        file.Set(fonts.Regular, flow.Regular.Describe(file));
        file.Set(fonts.Bold, flow.Bold.Describe(file));
        var language = PdfFile.TextString(document.Language);
        var catalog = file.Add(
            $"<< /Type /Catalog /Pages {pages} 0 R /Lang {language} /ViewerPreferences << /DisplayDocTitle true >> >>");
        var date = document.IssueDate.ToString("'(D:'yyyyMMdd'000000Z)'", CultureInfo.InvariantCulture);
        var info = file.Add(
            $"<< /Title {PdfFile.TextString(Title(document, words))} "
            + $"/Author {PdfFile.TextString(document.Seller.Name)} "
            + $"/Creator (Received) /Producer (Received) /CreationDate {date} /ModDate {date} >>");
        return file.Finish(catalog, info);
    }
}
