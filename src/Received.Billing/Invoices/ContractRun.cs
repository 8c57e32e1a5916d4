using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Invoices;

/// <summary>What a run has to do for one contract.</summary>
/// <param name="IsWaiting">Something of it waits for its usage.</param>
/// <param name="Settled">Cycles that were looked at for the last time.</param>
sealed record ContractRunPlan(
    IReadOnlyList<InvoiceToMake> Invoices, bool IsWaiting, IReadOnlyList<CycleRow> Settled,
    IReadOnlyList<string> Problems);

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
        contract.Cycles.Where(cycle => IsDue(cycle) || cycle.State == CycleState.Billed);

    public ContractRunPlan Plan(BillingContract contract)
    {
        var (due, late) = (new List<PendingCharge>(), new List<PendingCharge>());
        var (settled, problems) = (new List<CycleRow>(), new List<string>());
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
            else if (IsIn(contract, found.Position, cycle.EndMs + WatchedMs)) settled.Add(cycle);
        }

        return new(Invoices(contract, due, held, late, problems), isWaiting, settled, problems);
    }

    /// <summary>The next invoices as they would be now: the earliest open cycles, and what is late.</summary>
    public IReadOnlyList<InvoiceRecord> Preview(BillingContract contract, IReadOnlyList<CycleRow> next)
    {
        var charges = new List<PendingCharge>();
        foreach (var cycle in contract.Cycles.Where(cycle => cycle.State == CycleState.Billed).Concat(next))
        {
            if (reading.Problem(cycle) is { } problem) throw new BillingDataException(problem);
            if (reading.Find(cycle) is { } found) charges.Add(Pend(contract, cycle, found.Priced, found.Position));
        }

        var open = charges.Where(charge => charge.Row.State == CycleState.Open).ToList();
        var late = charges.Where(charge => charge.Row.State != CycleState.Open && charge.IsDue).ToList();
        var problems = new List<string>();
        var invoices = Invoices(contract, open, new HashSet<(InvoiceKey, long)>(), late, problems);
        if (problems.Count > 0) throw new BillingDataException(string.Join(' ', problems));
        return [.. invoices.Select(invoice => invoice.Record)];
    }

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
            cycle, contract.Line(cycle.LineRef, cycle.StartMs), priced, position, cycle.Revision + 1, billed, quantity);
    }

    List<InvoiceToMake> Invoices(
        BillingContract contract, List<PendingCharge> due, IReadOnlySet<(InvoiceKey, long)> held,
        List<PendingCharge> late, List<string> problems)
    {
        var terms = contract.TermsAt(nowMs);
        var invoices = new List<InvoiceToMake>();
        foreach (var whole in InvoiceGroups.Of(terms.Grouping, due, held, late, charge => IsLast(contract, charge)))
        {
            var invoice = Make(contract, terms, whole);
            if (IsNegative(invoice)) invoice = Make(contract, terms, whole.WithoutCredits());
            if (invoice is null)
                problems.Add(
                    $"{Money.Sum(whole.Charges.Select(charge => charge.Amount), whole.Currency)} are to be given back, "
                    + "and no invoice is to come that they fit in: that takes a refund or a credit by hand.");
            else if (IsNegative(invoice))
                problems.Add(
                    $"The invoice would be of {invoice.Record.Total} {invoice.Record.Currency}: less than nothing "
                    + "cannot be invoiced, so it waits until later usage outweighs it.");
            else invoices.Add(invoice);
        }

        return invoices;
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
    bool IsLast(BillingContract contract, PendingCharge charge) =>
        !HasFurther(contract, charge.Terms.LineRef) && charge.Row.EndMs + WatchedMs <= nowMs;

    static bool HasFurther(BillingContract contract, string lineRef) =>
        contract.Cycles.Any(cycle => cycle.LineRef == lineRef && cycle.State == CycleState.Open);
}
