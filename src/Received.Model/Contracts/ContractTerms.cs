using Received.Model.Pricing;

namespace Received.Model.Contracts;

/// <summary>What a version of a contract says. Immutable; a change is a new version.</summary>
/// <param name="PaymentDays">Days from the issue date until payment is due.</param>
/// <param name="IssuesAlone">False: invoices are made as drafts, and a person issues them.</param>
public sealed record ContractTerms(
    InvoiceGrouping Grouping, int PaymentDays, bool IssuesAlone, IReadOnlyList<LineTerms> Lines);

/// <summary>A product under a contract.</summary>
/// <param name="LineRef">Names the line through all versions of its contract.</param>
/// <param name="IssueDay">Date of the line's first invoice; later ones follow one cycle apart. Null: the first day
/// after each cycle, or with <see cref="BillingTiming.Advance"/> its first day.</param>
/// <param name="Start">First day, in the contract's zone.</param>
/// <param name="End">The first day that is no longer covered; null: open.</param>
/// <param name="IsDefault">Takes every total that does not contradict it, where lines of a customer share a
/// product.</param>
public sealed record LineTerms(
    string LineRef, string ProductRef, string EntityRef, string Description, Price Price, CycleTerms Cycle,
    BillingTiming Timing, DateOnly? IssueDay, TaxTerms Tax, DateOnly Start, DateOnly? End, bool IsDefault);

/// <param name="Months">Length: 1 for monthly, 3 for quarterly, 12 for yearly.</param>
/// <param name="AnchorDay">1 to 31; a shorter month ends on its last day, and the next one comes back to it. Null: the
/// first of the month, or with <see cref="CycleAlignment.Anniversary"/> the day of the line's start.</param>
public sealed record CycleTerms(int Months, CycleAlignment Alignment, int? AnchorDay);

/// <param name="Name">As the document shows it: "VAT", "Sales tax".</param>
/// <param name="Note">Such as "Reverse charge"; null for none.</param>
public sealed record TaxTerms(string Name, Percent Rate, string? Note);

/// <summary>Stored as text in the terms: never rename.</summary>
public enum InvoiceGrouping
{
    /// <summary>One invoice for lines of one entity, currency and issue date.</summary>
    Collective,

    /// <summary>One invoice a line.</summary>
    Separate,
}

/// <summary>Where cycles begin. Stored as text in the terms: never rename.</summary>
public enum CycleAlignment
{
    /// <summary>At the anchor day of calendar months, n-monthly ones counted from January; the first is a part of
    /// one.</summary>
    Calendar,

    /// <summary>At the line's start.</summary>
    Anniversary,
}

/// <summary>Stored as text in the terms: never rename.</summary>
public enum BillingTiming
{
    Advance,
    Arrears,
}
