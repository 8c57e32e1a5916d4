using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Ledger;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Invoices;

/// <summary>What a run has to do for one contract.</summary>
/// <param name="IsWaiting">Something of it waits for its usage.</param>
/// <param name="Settled">Cycles that were looked at for the last time.</param>
sealed record ContractRunPlan(
    IReadOnlyList<InvoiceToMake> Invoices, bool IsWaiting, IReadOnlyList<SettledCycle> Settled,
    IReadOnlyList<string> Problems);

/// <param name="Facts">What it has earned, for good.</param>
sealed record SettledCycle(CycleRow Row, EntityRow Entity, RecognitionFacts Facts);

/// <summary>The next invoices of a contract as they would be at this moment.</summary>
/// <param name="Waiting">What is on none of them, such as amounts to give back that do not fit; for people.</param>
public sealed record NextInvoices(IReadOnlyList<InvoiceRecord> Invoices, IReadOnlyList<string> Waiting);

/// <param name="CustomerVersions">Of all the customer's contracts, added up: another sum means that one of them has
/// changed since.</param>
/// <param name="ReadAtMs">Before its usage was read.</param>
sealed record InvoiceToMake(
    EntityRow Entity, InvoiceRecord Record, IReadOnlyList<PendingCharge> Charges, bool IssuesAlone,
    long CustomerVersions, long ReadAtMs);

/// <summary>
/// One contract in a run: which of its cycles are looked at, and which invoices they come to. Decides, writes nothing.
/// </summary>
sealed class ContractRun(BillingPage page, CycleReading reading, UsageGate gate, long nowMs)
{
    /// <summary>
    /// The door takes events up to 35 days old, from clocks that may be a day off, and a request may wait: after this
    /// no usage of a cycle can come any more.
    /// </summary>
    public static readonly long WatchedMs = (long)TimeSpan.FromDays(37).TotalMilliseconds;

    /// <summary>Cycles whose price has to be known.</summary>
    public IEnumerable<CycleRow> Wanted(BillingContract contract) =>
        contract.Cycles.Where(cycle => IsDue(cycle) || IsWatched(cycle));

    /// <summary>Of those, the ones that cost less than was billed, once they are read.</summary>
    public IEnumerable<CycleRow> GivingBack(BillingContract contract) => Wanted(contract)
        .Where(cycle => reading.Find(cycle) is { } found && page.GivesBack(cycle, found.Priced.Amount));

    public ContractRunPlan Plan(BillingContract contract)
    {
        var (due, late) = (new List<PendingCharge>(), new List<PendingCharge>());
        var (settled, problems) = (new List<SettledCycle>(), new List<string>());
        var held = new HashSet<(InvoiceKey, long)>();
        var isWaiting = false;
        foreach (var cycle in Wanted(contract))
        {
            var isOpen = cycle.State == CycleState.Open;
            var problem = reading.Problem(cycle);
            if (problem is not null) problems.Add(problem);
            if (problem is not null || reading.Find(cycle) is not { } found
                || (isOpen && !IsIn(contract, found.Position, cycle.IssueAtMs)))
            {
                isWaiting |= isOpen && problem is null;
                if (isOpen) Hold(contract, cycle, held);
                continue;
            }

            var charge = Pend(contract, cycle, found.Priced, found.Position);
            if (isOpen) due.Add(charge);
            else if (charge.IsDue && charge.HasTwoTaxes)
                problems.Add(
                    $"Line '{cycle.LineRef}' changed its tax within a cycle, and what came late cannot be told apart: "
                    + "void the cycle's invoice, and it is billed anew.");
            else if (charge.IsDue && (!charge.Amount.IsZero || HasFurther(contract, cycle.LineRef))) late.Add(charge);
            else if (cycle.State == CycleState.Billed && IsIn(contract, found.Position, cycle.EndMs + WatchedMs))
                settled.Add(Settle(contract, charge));
        }

        var isLast = (PendingCharge charge) => IsLast(contract, charge);
        return new(Invoices(contract, due, held, late, isLast, problems), isWaiting, settled, problems);
    }

    /// <summary>The next invoices as they would be now: the earliest open cycles, and what is late.</summary>
    public NextInvoices Preview(BillingContract contract, IReadOnlyList<CycleRow> next)
    {
        var charges = new List<PendingCharge>();
        foreach (var cycle in contract.Cycles.Where(IsWatched).Concat(next))
        {
            if (reading.Problem(cycle) is { } problem) throw new BillingDataException(problem);
            if (reading.Find(cycle) is { } found) charges.Add(Pend(contract, cycle, found.Priced, found.Position));
        }

        var open = charges.Where(charge => charge.Row.State == CycleState.Open).ToList();
        var late = charges.Where(charge => charge.Row.State != CycleState.Open && charge.IsDue).ToList();
        var waiting = new List<string>();
        var invoices = Invoices(
            contract, open, new HashSet<(InvoiceKey, long)>(), late,
            charge => !charge.Amount.IsZero && !HasFurther(contract, charge), waiting);
        return new([.. invoices.Select(invoice => invoice.Record)], waiting);
    }

    static bool IsWatched(CycleRow cycle) => cycle.State is CycleState.Billed or CycleState.GivenUp;

    bool IsDue(CycleRow cycle) => cycle.State == CycleState.Open && cycle.IssueAtMs <= nowMs;

    /// <summary>All usage before the cut-off is in (law 7); a price for time alone waits for nothing else.</summary>
    bool IsIn(BillingContract contract, InvoicePosition? position, long cutOffMs) =>
        cutOffMs <= nowMs
        && (position is null || gate.IsIn(contract.Account, contract.Customer.Ref, cutOffMs));

    /// <summary>An invoice that lacks a line is none: it waits for it, or for a person.</summary>
    void Hold(BillingContract contract, CycleRow cycle, HashSet<(InvoiceKey, long)> held)
    {
        try
        {
            var line = contract.Line(cycle.LineRef, cycle.StartMs);
            held.Add((InvoiceKey.Of(contract.TermsAt(nowMs).Grouping, line), cycle.IssueAtMs));
        }
        catch (BillingDataException)
        {
            // A line that no version has is on no invoice; its problem is reported.
        }
    }

    PendingCharge Pend(
        BillingContract contract, CycleRow cycle, PricedCycle priced, InvoicePosition? position)
    {
        var (billed, quantity) = page.Billed(cycle, priced.Amount.Currency);
        return new(
            cycle, contract.Line(cycle.LineRef, cycle.StartMs), priced, position, cycle.Revision + 1, billed, quantity)
        {
            BilledTaxes = page.GivesBack(cycle, priced.Amount) ? page.Taxes(cycle) : [],
        };
    }

    SettledCycle Settle(BillingContract contract, PendingCharge charge) => new(
        charge.Row, page.Entity(contract.Account, charge.Terms.EntityRef),
        new(
            new(charge.Row.Id, contract.Customer.Id, charge.Terms.ProductRef), charge.Priced.Earned(nowMs)));

    /// <param name="problems">Is told what waits.</param>
    List<InvoiceToMake> Invoices(
        BillingContract contract, List<PendingCharge> due, IReadOnlySet<(InvoiceKey, long)> held,
        List<PendingCharge> late, Func<PendingCharge, bool> isLast, List<string> problems)
    {
        var terms = contract.TermsAt(nowMs);
        var invoices = new List<InvoiceToMake>();
        foreach (var whole in InvoiceGroups.Of(
            terms.Grouping, due, held, late, line => HasFurther(contract, line), isLast))
        {
            var (invoice, waiting) = Fit(contract, terms, whole);
            problems.AddRange(waiting.Select(charge => Waits(contract, charge)));
            if (invoice is null) continue;
            if (IsNegative(invoice))
                problems.Add(
                    $"The invoice would be of {invoice.Record.Total} {invoice.Record.Currency}: less than nothing "
                    + "cannot be invoiced, so it waits until later usage outweighs it.");
            else invoices.Add(invoice);
        }

        return invoices;
    }

    /// <summary>The group's invoice with as much of what it gives back as leaves it at zero or above.</summary>
    (InvoiceToMake? Invoice, IReadOnlyCollection<PendingCharge> Waiting) Fit(
        BillingContract contract, ContractTerms terms, InvoiceGroup whole)
    {
        var invoice = Make(contract, terms, whole);
        if (!IsNegative(invoice)) return (invoice, []);
        var waiting = whole.Credits.ToHashSet();
        invoice = Make(contract, terms, whole.Without(waiting));
        if (invoice is null || IsNegative(invoice)) return (invoice, waiting);
        foreach (var credit in whole.Credits)
        {
            waiting.Remove(credit);
            var more = Make(contract, terms, whole.Without(waiting));
            if (IsNegative(more)) waiting.Add(credit);
            else invoice = more;
        }

        return (invoice, waiting);
    }

    string Waits(BillingContract contract, PendingCharge charge)
    {
        var from = Instant.FromUnixTimeMilliseconds(charge.Row.StartMs).InZone(contract.Zone).Date;
        var invoices = string.Join(", ", page.Invoices(charge.Row).Select(InvoiceId.Format));
        var amount = charge.Amount;
        return $"{Money.Zero(amount.Currency) - amount} net of line '{charge.Row.LineRef}', "
            + $"cycle from {from:uuuu-MM-dd}, are to be given back, and "
            + (HasFurther(contract, charge)
                ? "wait for an invoice that they fit in. "
                : "the contract has no invoice to come that they fit in. ")
            + $"To give them back now: take the payments of {invoices} back, if it has any, and void it. What else it "
            + "charged is invoiced anew, and the payments are credit of the customer, to pay with or to refund.";
    }

    InvoiceToMake? Make(BillingContract contract, ContractTerms terms, InvoiceGroup group)
    {
        if (group.Charges.Count == 0) return null;
        var entity = page.Entity(contract.Account, group.EntityRef);
        var context = new InvoiceContext(
            contract.Row, contract.Customer, entity, page.Products(contract.Account),
            Instant.FromUnixTimeMilliseconds(nowMs).InZone(contract.Zone).Date.ToDateOnly(), terms.PaymentDays);
        return new(
            entity, InvoiceMaking.Make(context, group.Charges, nowMs), group.Charges, terms.IssuesAlone,
            contract.CustomerVersions, nowMs);
    }

    static bool IsNegative([NotNullWhen(true)] InvoiceToMake? invoice) =>
        invoice is not null && invoice.Record.Total.StartsWith('-');

    /// <summary>
    /// Late usage of a line that has ended gets an invoice of its own, one, when no more can come; not one a minute.
    /// </summary>
    bool IsLast(BillingContract contract, PendingCharge charge) => !HasFurther(contract, charge)
        && (charge.Row.State == CycleState.GivenUp || charge.Row.EndMs + WatchedMs <= nowMs);

    /// <summary>Whether an invoice is to come that the charge can go on.</summary>
    static bool HasFurther(BillingContract contract, PendingCharge charge) =>
        HasFurther(contract, charge.Terms.LineRef)
        || (charge.Amount.Minor < 0 && contract.Cycles.Any(cycle => cycle.State == CycleState.Open
            && contract.Line(cycle.LineRef, cycle.StartMs) is var line && line.EntityRef == charge.Terms.EntityRef
            && line.Price.Currency == charge.Terms.Price.Currency));

    static bool HasFurther(BillingContract contract, string lineRef) =>
        contract.Cycles.Any(cycle => cycle.LineRef == lineRef && cycle.State == CycleState.Open);
}
