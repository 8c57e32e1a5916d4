namespace Received.Billing.Documents;

/// <summary>The words of the page in one language. A new language is a new entry in <see cref="Of"/>.</summary>
sealed record DocumentWords
{
    public required string Invoice { get; init; }
    public required string DraftInvoice { get; init; }
    public required string Number { get; init; }
    public required string IssueDate { get; init; }
    public required string DueDate { get; init; }
    public required string Reference { get; init; }
    public required string From { get; init; }
    public required string To { get; init; }
    public required string TaxId { get; init; }
    public required string Register { get; init; }
    public required string Lines { get; init; }
    public required string Product { get; init; }
    public required string Quantity { get; init; }
    public required string UnitPrice { get; init; }
    public required string Tax { get; init; }
    public required string Amount { get; init; }
    public required string Net { get; init; }
    /// <summary>{0} name, {1} rate, {2} taxable amount.</summary>
    public required string TaxOn { get; init; }
    public required string TaxTotal { get; init; }
    public required string Total { get; init; }
    public required string Paid { get; init; }
    public required string Open { get; init; }
    public required string HowToPay { get; init; }
    public required string Bank { get; init; }
    public required string PaymentReference { get; init; }
    public required string PayByCard { get; init; }
    public required string CarriedForward { get; init; }
    public required string BroughtForward { get; init; }
    /// <summary>{0} page, {1} pages.</summary>
    public required string PageOf { get; init; }
    public required string StampDraft { get; init; }
    public required string StampPaid { get; init; }
    public required string StampVoid { get; init; }
    public required string Notes { get; init; }

    static readonly DocumentWords English = new()
    {
        Invoice = "Invoice",
        DraftInvoice = "Draft invoice",
        Number = "Invoice number",
        IssueDate = "Issue date",
        DueDate = "Due date",
        Reference = "Reference",
        From = "From",
        To = "Bill to",
        TaxId = "Tax ID",
        Register = "Register",
        Lines = "Services",
        Product = "Description",
        Quantity = "Quantity",
        UnitPrice = "Unit price",
        Tax = "Tax",
        Amount = "Amount",
        Net = "Net amount",
        TaxOn = "{0} {1} on {2}",
        TaxTotal = "Tax",
        Total = "Total",
        Paid = "Paid",
        Open = "Amount due",
        HowToPay = "How to pay",
        Bank = "Bank",
        PaymentReference = "Payment reference",
        PayByCard = "Pay by card",
        CarriedForward = "Carried forward",
        BroughtForward = "Brought forward",
        PageOf = "Page {0} of {1}",
        StampDraft = "Draft",
        StampPaid = "Paid",
        StampVoid = "Void",
        Notes = "Notes",
    };

    static readonly DocumentWords German = new()
    {
        Invoice = "Rechnung",
        DraftInvoice = "Rechnungsentwurf",
        Number = "Rechnungsnummer",
        IssueDate = "Rechnungsdatum",
        DueDate = "Fällig am",
        Reference = "Referenz",
        From = "Von",
        To = "Rechnung an",
        TaxId = "USt-IdNr./Steuernr.",
        Register = "Registernummer",
        Lines = "Leistungen",
        Product = "Beschreibung",
        Quantity = "Menge",
        UnitPrice = "Einzelpreis",
        Tax = "Steuer",
        Amount = "Betrag",
        Net = "Nettobetrag",
        TaxOn = "{0} {1} auf {2}",
        TaxTotal = "Steuer",
        Total = "Gesamtbetrag",
        Paid = "Bezahlt",
        Open = "Offener Betrag",
        HowToPay = "Zahlung",
        Bank = "Bank",
        PaymentReference = "Verwendungszweck",
        PayByCard = "Mit Karte zahlen",
        CarriedForward = "Übertrag",
        BroughtForward = "Übertrag",
        PageOf = "Seite {0} von {1}",
        StampDraft = "Entwurf",
        StampPaid = "Bezahlt",
        StampVoid = "Storniert",
        Notes = "Hinweise",
    };

    static readonly DocumentWords French = new()
    {
        Invoice = "Facture",
        DraftInvoice = "Projet de facture",
        Number = "Numéro de facture",
        IssueDate = "Date d’émission",
        DueDate = "Échéance",
        Reference = "Référence",
        From = "Émetteur",
        To = "Facturé à",
        TaxId = "N° de TVA",
        Register = "N° d’immatriculation",
        Lines = "Prestations",
        Product = "Désignation",
        Quantity = "Quantité",
        UnitPrice = "Prix unitaire",
        Tax = "Taxe",
        Amount = "Montant",
        Net = "Total HT",
        TaxOn = "{0} {1} sur {2}",
        TaxTotal = "Taxes",
        Total = "Total TTC",
        Paid = "Payé",
        Open = "Reste à payer",
        HowToPay = "Règlement",
        Bank = "Banque",
        PaymentReference = "Référence du paiement",
        PayByCard = "Payer par carte",
        CarriedForward = "À reporter",
        BroughtForward = "Report",
        PageOf = "Page {0} sur {1}",
        StampDraft = "Projet",
        StampPaid = "Payée",
        StampVoid = "Annulée",
        Notes = "Remarques",
    };

    public static DocumentWords Of(string language) => LanguageOf(language) switch
    {
        "de" => German,
        "fr" => French,
        _ => English,
    };

    /// <summary>The language of the words that this language's reader gets.</summary>
    public static string LanguageOf(string language) => DocumentFormat.Primary(language) switch
    {
        "de" => "de",
        "fr" => "fr",
        _ => "en",
    };

    /// <summary>Null where the page bears no stamp.</summary>
    public string? StampText(DocumentStamp stamp) => stamp switch
    {
        DocumentStamp.None => null,
        DocumentStamp.Draft => StampDraft,
        DocumentStamp.Paid => StampPaid,
        DocumentStamp.Void => StampVoid,
    };
}
