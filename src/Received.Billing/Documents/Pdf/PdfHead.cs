namespace Received.Billing.Documents.Pdf;

/// <summary>The first page's upper part: seller, title and stamp; buyer and the document's dates.</summary>
static class PdfHead
{
    const double SideWide = 230;
    const double ValueWide = 130;

    public static void Draw(PdfFlow flow, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        flow.Columns(Seller(flow, document.Seller, words), Title(flow, document, words));
        flow.Y += 12;
        flow.Page.Rule(Ink.Line, 0.75, PdfFlow.Left, PdfFlow.Right, flow.Y);
        flow.Y += 14;
        Parties(flow, document, format, words);
        flow.Y += 20;
    }

    static List<Styled> Seller(PdfFlow flow, DocumentParty seller, DocumentWords words) =>
    [
        .. PdfFlow.Wrap(flow.Strong(seller.Name) with { Size = 14 }, SideWide + 40),
        .. Party(seller, words).SelectMany(line => PdfFlow.Wrap(flow.Small(line), SideWide + 40)),
    ];

    static List<Styled> Title(PdfFlow flow, InvoiceDocument document, DocumentWords words)
    {
        var lines = new List<Styled>
        {
            flow.Strong(document.Number is null ? words.DraftInvoice : words.Invoice) with { Size = 20 },
        };
        if (document.Number is { } number)
            lines.AddRange(PdfFlow.Wrap(flow.Strong(number) with { Size = 11 }, SideWide - 30));
        if (words.StampText(document.Stamp) is { } stamp)
            lines.Add(flow.Strong(stamp.ToUpperInvariant()) with { Size = 12, Ink = StampInk(document.Stamp) });
        return lines;
    }

    static Ink StampInk(DocumentStamp stamp) => stamp switch
    {
        DocumentStamp.None => Ink.Black,
        DocumentStamp.Draft => Ink.Grey,
        DocumentStamp.Paid => Ink.Green,
        DocumentStamp.Void => Ink.Red,
    };

    static void Parties(PdfFlow flow, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        List<Styled> left =
        [
            flow.Small(words.To),
            .. PdfFlow.Wrap(flow.Strong(document.Buyer.Name) with { Size = 10.5 }, SideWide),
            .. Party(document.Buyer, words).SelectMany(line => PdfFlow.Wrap(flow.Body(line), SideWide)),
        ];
        var (labels, values) = Facts(flow, document, format, words);
        // Both columns run through the same rows, so a party of a hundred lines only makes the head longer.
        const double Height = 13.5, LabelAt = PdfFlow.Right - SideWide;
        for (var at = 0; at < Math.Max(left.Count, values.Count); at++)
        {
            flow.Room(Height);
            var baseline = flow.Y + 10;
            if (at < left.Count) flow.Draw(left[at], PdfFlow.Left, baseline);
            if (at < values.Count)
            {
                flow.Draw(labels[at], LabelAt, baseline);
                flow.DrawRight(values[at], PdfFlow.Right, baseline);
            }

            flow.Y += Height;
        }
    }

    static (List<Styled> Labels, List<Styled> Values) Facts(
        PdfFlow flow, InvoiceDocument document, DocumentFormat format, DocumentWords words)
    {
        (string Label, string? Value)[] facts =
        [
            (words.Number, document.Number),
            (words.IssueDate, format.Date(document.IssueDate)),
            (words.DueDate, document.DueDate is { } due ? format.Date(due) : null),
            (words.Reference, document.Reference),
            (words.Total, format.Money(document.Total, document.CurrencyDecimals, document.Currency)),
            (words.Open, format.Money(document.Open, document.CurrencyDecimals, document.Currency)),
        ];
        List<Styled> labels = [], values = [];
        foreach (var (label, value) in facts)
        {
            if (string.IsNullOrWhiteSpace(value)) continue;
            var styled = label == words.Open ? flow.Strong(value) : flow.Body(value);
            // An amount is better small than broken; a reference may be long.
            if (label != words.Reference) styled = PdfFlow.Fit(styled, ValueWide);
            var lines = PdfFlow.Wrap(styled, ValueWide).ToList();
            for (var at = 0; at < lines.Count; at++) labels.Add(flow.Small(at == 0 ? label : ""));
            values.AddRange(lines);
        }

        return (labels, values);
    }

    static IEnumerable<string> Party(DocumentParty party, DocumentWords words)
    {
        foreach (var line in party.Address) yield return line;
        if (!string.IsNullOrWhiteSpace(party.Country)) yield return party.Country;
        if (!string.IsNullOrWhiteSpace(party.TaxId)) yield return $"{words.TaxId}: {party.TaxId}";
        if (!string.IsNullOrWhiteSpace(party.Register)) yield return $"{words.Register}: {party.Register}";
        if (!string.IsNullOrWhiteSpace(party.Email)) yield return party.Email;
    }
}
