using System.Globalization;

namespace Received.Billing.Documents.Pdf;

/// <summary>
/// The invoice's lines. A row stays whole unless it is higher than a page; a new page repeats the header and brings the
/// sum so far forward; the last row goes with the totals, so that no page has totals alone.
/// </summary>
sealed class PdfTable(PdfFlow flow, InvoiceDocument document, DocumentFormat format, DocumentWords words)
{
    const double LineHeight = 11.5;
    const double Padding = 5;
    const double CarryHeight = 18;
    const double HeaderHeight = 22;

    // Right edges and widths of the columns of numbers; the text has what is left of them.
    static readonly Column Position = new(PdfFlow.Left + 16, 16);
    static readonly Column Quantity = new(PdfFlow.Left + 306, 84);
    static readonly Column Price = new(PdfFlow.Left + 378, 66);
    static readonly Column Tax = new(PdfFlow.Left + 416, 34);
    static readonly Column Amount = new(PdfFlow.Right - 4, 76);
    const double TextAt = PdfFlow.Left + 24;
    const double TextWide = 190;

    decimal _carried;
    bool _rowOnPage;

    public void Draw(double totalsHeight)
    {
        flow.Room(HeaderHeight + (4 * LineHeight) + CarryHeight);
        Header();
        for (var at = 0; at < document.Lines.Count; at++)
        {
            var last = at == document.Lines.Count - 1;
            var row = Row(at);
            var height = Height(row.Lines);
            var after = last ? totalsHeight : CarryHeight;
            if (_rowOnPage && !flow.Fits(height + after)
                && (!last || !flow.Fits(height + CarryHeight) || FreshPageHolds(height + after)))
                Break();
            Place(row);
        }
    }

    static bool FreshPageHolds(double height) => height < PdfFlow.Bottom - 140;

    void Place(TableRow row)
    {
        var from = 0;
        while (true)
        {
            var room = (int)((PdfFlow.Bottom - CarryHeight - flow.Y - (2 * Padding)) / LineHeight);
            var count = Math.Min(row.Lines - from, Math.Max(1, room));
            DrawRow(row, from, count);
            if (from == 0) _carried += row.Amount;
            from += count;
            _rowOnPage = true;
            if (from >= row.Lines) return;
            Break();
        }
    }

    void Break()
    {
        Carry(words.CarriedForward);
        flow.NewPage();
        Header();
        Carry(words.BroughtForward);
        _rowOnPage = false;
    }

    void Carry(string label)
    {
        var baseline = flow.Y + 12;
        flow.Draw(flow.Small(label), TextAt, baseline);
        var sum = format.Amount(_carried, document.CurrencyDecimals);
        flow.DrawRight(PdfFlow.Fit(flow.Strong(sum), Amount.Wide), Amount.Right, baseline);
        flow.Y += CarryHeight;
        flow.Page.Rule(Ink.Line, 0.5, PdfFlow.Left, PdfFlow.Right, flow.Y);
    }

    void Header()
    {
        flow.Page.Box(Ink.Shade, PdfFlow.Left, flow.Y, PdfFlow.Wide, HeaderHeight - 4);
        var baseline = flow.Y + 12.5;
        flow.DrawRight(Label("#", Position.Wide), Position.Right, baseline);
        flow.Draw(Label(words.Product, TextWide), TextAt, baseline);
        flow.DrawRight(Label(words.Quantity, Quantity.Wide), Quantity.Right, baseline);
        flow.DrawRight(Label(words.UnitPrice, Price.Wide), Price.Right, baseline);
        flow.DrawRight(Label(words.Tax, Tax.Wide), Tax.Right, baseline);
        flow.DrawRight(Label($"{words.Amount} ({document.Currency})", Amount.Wide), Amount.Right, baseline);
        flow.Y += HeaderHeight - 2;
    }

    Styled Label(string text, double wide) => PdfFlow.Fit(flow.Strong(text) with { Size = 8 }, wide);

    TableRow Row(int at)
    {
        var line = document.Lines[at];
        List<Styled> text = [.. PdfFlow.Wrap(flow.Strong(line.Product), TextWide)];
        if (!string.IsNullOrWhiteSpace(line.Description))
            text.AddRange(PdfFlow.Wrap(flow.Small(line.Description), TextWide));
        text.AddRange(PdfFlow.Wrap(flow.Small(format.Period(line.First, line.Last)), TextWide));
        List<Styled> quantity = [.. NumberCell(format.Number(line.Quantity), Quantity)];
        if (!string.IsNullOrWhiteSpace(line.Unit))
            quantity.AddRange(PdfFlow.Wrap(flow.Small(line.Unit), Quantity.Wide));
        return new(
            line.Amount,
            NumberCell((at + 1).ToString(CultureInfo.InvariantCulture), Position),
            text,
            quantity,
            NumberCell(format.Number(line.UnitPrice), Price),
            NumberCell(format.Percent(line.TaxRate), Tax),
            NumberCell(format.Amount(line.Amount, document.CurrencyDecimals), Amount));
    }

    List<Styled> NumberCell(string text, Column column) =>
        [.. PdfFlow.Wrap(PdfFlow.Fit(flow.Body(text), column.Wide), column.Wide)];

    static double Height(int lines) => (lines * LineHeight) + (2 * Padding);

    void DrawRow(TableRow row, int from, int count)
    {
        var top = flow.Y + Padding;
        for (var at = from; at < from + count; at++)
        {
            var baseline = top + ((at - from) * LineHeight) + 8.5;
            if (at < row.Text.Count) flow.Draw(row.Text[at], TextAt, baseline);
            Right(row.Position, Position);
            Right(row.Quantity, Quantity);
            Right(row.Price, Price);
            Right(row.Tax, Tax);
            Right(row.AmountText, Amount);

            void Right(List<Styled> cell, Column column)
            {
                if (at < cell.Count) flow.DrawRight(cell[at], column.Right, baseline);
            }
        }

        flow.Y += Height(count);
        flow.Page.Rule(Ink.Line, 0.5, PdfFlow.Left, PdfFlow.Right, flow.Y);
    }

    readonly record struct Column(double Right, double Wide);

    sealed record TableRow(
        decimal Amount,
        List<Styled> Position,
        List<Styled> Text,
        List<Styled> Quantity,
        List<Styled> Price,
        List<Styled> Tax,
        List<Styled> AmountText)
    {
        public int Lines => new[] { Position, Text, Quantity, Price, Tax, AmountText }.Max(cell => cell.Count);
    }
}
