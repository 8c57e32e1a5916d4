namespace Received.Billing.Documents.Pdf;

/// <summary>Net, tax by name and rate, total, paid and open: kept together where a page can hold it.</summary>
sealed class PdfTotals
{
    const double Left = PdfFlow.Left + 216;
    const double Wide = PdfFlow.Right - Left;
    const double Gap = 8;

    readonly PdfFlow _flow;
    readonly InvoiceDocument _document;
    readonly DocumentFormat _format;
    readonly List<TotalLine> _lines = [];

    public PdfTotals(PdfFlow flow, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        (_flow, _document, _format) = (flow, document, format);
        Add(flow.Body(words.Net), document.Net);
        foreach (var tax in document.Taxes)
        {
            var taxable = format.Amount(tax.Taxable, document.CurrencyDecimals);
            Add(flow.Body(DocumentFormat.Fill(words.TaxOn, tax.Name, format.Percent(tax.Rate), taxable)), tax.Tax);
            if (!string.IsNullOrWhiteSpace(tax.Note))
                _lines.AddRange(PdfFlow.Wrap(flow.Small(tax.Note), Wide - 8)
                    .Select(line => new TotalLine(line, null, 12)));
        }

        if (document.Taxes.Count > 1) Add(flow.Body(words.TaxTotal), document.Tax);
        Add(flow.Strong(words.Total), document.Total, ruled: true);
        if (document.Paid != 0) Add(flow.Body(words.Paid), -document.Paid);
        Add(flow.Strong(words.Open) with { Size = 11 }, document.Open, ruled: true);
    }

    public double Height => Gap + _lines.Sum(line => line.Height);

    public void Draw()
    {
        if (!_flow.Fits(Height) && Height < PdfFlow.Bottom - 100) _flow.NewPage();
        _flow.Y += Gap;
        foreach (var line in _lines)
        {
            _flow.Room(line.Height);
            if (line.Ruled) _flow.Page.Rule(Ink.Grey, 0.5, Left, PdfFlow.Right, _flow.Y + 2);
            var baseline = _flow.Y + line.Height - 4.5;
            _flow.Draw(line.Label, Left + 4, baseline);
            if (line.Amount is { } amount) _flow.DrawRight(amount, PdfFlow.Right - 4, baseline);
            _flow.Y += line.Height;
        }
    }

    void Add(Styled label, decimal amount, bool ruled = false)
    {
        var text = ruled
            ? _format.Money(amount, _document.CurrencyDecimals, _document.Currency)
            : _format.Amount(amount, _document.CurrencyDecimals);
        var value = label with { Text = text };
        var room = Wide - 16 - value.Font.Width(text, value.Size);
        var labels = PdfFlow.Wrap(label, Math.Max(room, 60)).ToList();
        for (var at = 0; at < labels.Count; at++)
        {
            var height = label.Size > PdfFlow.BodySize ? 22 : ruled && at == 0 ? 18 : 14;
            _lines.Add(new(labels[at], at == labels.Count - 1 ? value : null, height, ruled && at == 0));
        }
    }

    readonly record struct TotalLine(Styled Label, Styled? Amount, double Height, bool Ruled = false);
}
