namespace Received.Server.Api.Billing;

/// <summary>A page of invoices.</summary>
/// <param name="NextCursor">Absent on the last page.</param>
sealed record InvoicesPage(IReadOnlyList<InvoiceSummary> Items, string? NextCursor);

/// <summary>An invoice in a list. Amounts are decimal texts in its currency.</summary>
/// <param name="Number">Absent for a draft.</param>
/// <param name="State">draft, issued, partly_paid, paid or void.</param>
sealed record InvoiceSummary(
    string Id, string? Number, string State, string CustomerRef, string ContractRef, string EntityRef, string Currency,
    string IssueDate, string DueDate, string? IssuedAt, string Net, string Tax, string Total, string Paid,
    string Open);

/// <summary>An invoice, whole.</summary>
/// <param name="Invoice">Its canonical form: lines, taxes, parties, and the charges with the log position that each was
/// computed at.</param>
sealed record InvoiceAnswer(InvoiceSummary Summary, RawJson Invoice);

/// <summary>The next invoices of a contract as they would be at this moment.</summary>
/// <param name="Waiting">What is on none of them, and what to do about it: amounts to give back that do not
/// fit.</param>
sealed record InvoicePreview(IReadOnlyList<RawJson> Invoices, IReadOnlyList<string> Waiting);

/// <summary>What a run of the invoicer came to.</summary>
/// <param name="Waiting">Contracts whose usage is not all in yet.</param>
sealed record InvoiceRunAnswer(
    int Issued, int Drafts, int Waiting, int Settled, IReadOnlyList<InvoiceProblemItem> Problems);

sealed record InvoiceProblemItem(uint AccountId, string ContractRef, string Reason);
