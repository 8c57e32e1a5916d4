namespace Received.Billing.Documents.Pdf;

/// <summary>How to pay, in one box: the bank's data beside the card's link and its QR code.</summary>
static class PdfPayment
{
    const double Inset = 10;
    const double LineHeight = 12.5;
    const double CodeSize = 78;
    const double LabelWide = 118;

    public static void Draw(PdfFlow flow, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        if (document.Payment is not { } payment) return;
        var link = PaymentLink.From(payment.CardLink);
        var rows = Rows(flow, document, payment, format, words, link is null ? 0 : CodeSize + Inset);
        if (rows.Count == 0 && link is null) return;
        var text = LineHeight * (rows.Count + 1 + (link is null ? 0 : 1));
        var height = Math.Max(text + 8, link is null ? 0 : CodeSize) + (2 * Inset) - 4;
        flow.Y += 12;
        flow.Room(height);
        var top = flow.Y;
        flow.Page.Box(Ink.Shade, PdfFlow.Left, top, PdfFlow.Wide, height);
        flow.Draw(flow.Strong(words.HowToPay) with { Size = 10 }, PdfFlow.Left + Inset, top + Inset + 8);
        var baseline = top + Inset + 8 + LineHeight + 3;
        foreach (var (label, value) in rows)
        {
            flow.Draw(label, PdfFlow.Left + Inset, baseline);
            flow.Draw(value, PdfFlow.Left + Inset + LabelWide, baseline);
            baseline += LineHeight;
        }

        if (link is not null) DrawLink(flow, words, link, top, baseline);
        flow.Y = top + height;
    }

    static List<(Styled Label, Styled Value)> Rows(
        PdfFlow flow, InvoiceDocument document, DocumentPayment payment, DocumentFormat format, DocumentWords words,
        double taken)
    {
        (string Label, string? Value)[] facts =
        [
            (words.Bank, payment.BankName),
            ("IBAN", payment.Iban is { } iban ? DocumentFormat.InFours(iban) : null),
            ("BIC", payment.Bic),
            (words.PaymentReference, payment.Reference is { } text ? DocumentFormat.InFours(text) : null),
            (words.Open, format.Money(document.Open, document.CurrencyDecimals, document.Currency)),
            (words.DueDate, document.DueDate is { } due ? format.Date(due) : null),
        ];
        var rows = new List<(Styled, Styled)>();
        foreach (var (label, value) in facts)
        {
            if (string.IsNullOrWhiteSpace(value)) continue;
            var head = label;
            foreach (var line in PdfFlow.Wrap(
                flow.Strong(value), PdfFlow.Wide - (2 * Inset) - LabelWide - taken))
            {
                rows.Add((flow.Small(head), line));
                head = "";
            }
        }

        return rows;
    }

    static void DrawLink(PdfFlow flow, DocumentWords words, PaymentLink link, double top, double baseline)
    {
        var text = flow.Strong(words.PayByCard) with { Ink = Ink.Blue };
        var wide = text.Font.Width(text.Text, text.Size);
        const double X = PdfFlow.Left + Inset;
        flow.Draw(text, X, baseline);
        flow.Page.Rule(Ink.Blue, 0.5, X, X + wide, baseline + 2);
        flow.Page.Link(X, baseline - 10, wide, 14, link.Address);
        if (link.Code is not { } code) return;
        double left = PdfFlow.Right - Inset - CodeSize, module = CodeSize / code.Size;
        flow.Page.Box(new(1, 1, 1), left - 4, top + Inset - 4, CodeSize + 8, CodeSize + 8);
        foreach (var (row, from, length) in code.Runs())
            flow.Page.Box(
                Ink.Black, left + (from * module), top + Inset + (row * module), length * module, module);
        flow.Page.Link(left, top + Inset, CodeSize, CodeSize, link.Address);
    }
}
