namespace Received.Billing.Invoices;

/// <summary>Stored: never renumber.</summary>
public enum InvoiceState
{
    Draft = 0,
    Issued = 1,
    PartlyPaid = 2,
    Paid = 3,
    Void = 4,
}

public enum InvoiceAct
{
    /// <summary>Takes its number; from here on nothing of it changes but the state.</summary>
    Issue,

    /// <summary>Payments allocated to it now come to some of its total.</summary>
    PayPart,

    /// <summary>... to all of it.</summary>
    PayAll,

    /// <summary>Its payments were all taken back.</summary>
    Unpay,

    /// <summary>Its entries are reversed and its cycles are open to be billed again.</summary>
    Void,
}

/// <summary>The one table of an invoice's states. What is not in it is refused.</summary>
public static class InvoiceStates
{
    static readonly Dictionary<(InvoiceState, InvoiceAct), InvoiceState> Table = new()
    {
        [(InvoiceState.Draft, InvoiceAct.Issue)] = InvoiceState.Issued,
        [(InvoiceState.Draft, InvoiceAct.Void)] = InvoiceState.Void,
        [(InvoiceState.Issued, InvoiceAct.PayPart)] = InvoiceState.PartlyPaid,
        [(InvoiceState.Issued, InvoiceAct.PayAll)] = InvoiceState.Paid,
        [(InvoiceState.Issued, InvoiceAct.Void)] = InvoiceState.Void,
        [(InvoiceState.PartlyPaid, InvoiceAct.PayPart)] = InvoiceState.PartlyPaid,
        [(InvoiceState.PartlyPaid, InvoiceAct.PayAll)] = InvoiceState.Paid,
        [(InvoiceState.PartlyPaid, InvoiceAct.Unpay)] = InvoiceState.Issued,
        [(InvoiceState.Paid, InvoiceAct.PayPart)] = InvoiceState.PartlyPaid,
        [(InvoiceState.Paid, InvoiceAct.Unpay)] = InvoiceState.Issued,
    };

    /// <summary>Null where an invoice in that state cannot do that.</summary>
    public static InvoiceState? After(InvoiceState state, InvoiceAct act) =>
        Table.TryGetValue((state, act), out var next) ? next : null;

    /// <summary>The act that a change of the allocated sum is.</summary>
    public static InvoiceAct ActOf(long paidMinor, long totalMinor) =>
        paidMinor == totalMinor ? InvoiceAct.PayAll : paidMinor == 0 ? InvoiceAct.Unpay : InvoiceAct.PayPart;

    /// <summary>Can be paid: issued and not paid in full.</summary>
    public static bool IsOpen(InvoiceState state) => state switch
    {
        InvoiceState.Issued or InvoiceState.PartlyPaid => true,
        InvoiceState.Draft or InvoiceState.Paid or InvoiceState.Void => false,
    };
}
