namespace Received.Billing.Invoices;

/// <summary>What a run of the invoicer came to.</summary>
/// <param name="Waiting">Law 7: contracts whose usage is not all in yet; the next run takes them.</param>
/// <param name="Settled">Cycles that no late usage can reach any more.</param>
/// <param name="Problems">Contracts that could not be invoiced; the others were.</param>
public sealed record InvoiceRunReport(
    int Issued, int Drafts, int Waiting, int Settled, IReadOnlyList<InvoiceProblem> Problems)
{
    public static readonly InvoiceRunReport Nothing = new(0, 0, 0, 0, []);

    public InvoiceRunReport Plus(InvoiceRunReport other) => new(
        Issued + other.Issued, Drafts + other.Drafts, Waiting + other.Waiting, Settled + other.Settled,
        [.. Problems, .. other.Problems]);
}

/// <param name="AccountId">Whose contract it is.</param>
public sealed record InvoiceProblem(uint AccountId, string ContractRef, string Reason);
