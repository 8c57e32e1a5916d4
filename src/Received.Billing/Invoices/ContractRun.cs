using NodaTime;
using Received.Billing.Contracts;
using Received.Billing.Store;

namespace Received.Billing.Invoices;

/// <summary>What a run has to do for one contract.</summary>
/// <param name="IsWaiting">Something of it waits for its usage.</param>
/// <param name="Settled">Cycles that were looked at for the last time.</param>
sealed record ContractRunPlan(
    IReadOnlyList<InvoiceToMake> Invoices, bool IsWaiting, IReadOnlyList<long> Settled, IReadOnlyList<string> Problems);

/// <param name="ContractVersion">The newest that was looked at: another one means that this is out of date.</param>
sealed record InvoiceToMake(
    EntityRow Entity, InvoiceRecord Record, IReadOnlyList<PendingCharge> Charges, bool IssuesAlone,
    int ContractVersion);

/// <summary>
/// One contract in a run: which of its cycles are looked at, and which invoices they come to. Decides, writes nothing.
/// </summary>
sealed class ContractRun(BillingPage page, CycleReading reading, UsageGate gate, long nowMs)
{
    /// <summary>
    /// The door takes events up to 35 days old, from clocks that may be a day off, and a request may wait: after this
    /// no usage of a cycle can come any more.
    /// </summary>
    static readonly long WatchedMs = (long)TimeSpan.FromDays(37).TotalMilliseconds;

    /// <summary>Cycles whose price has to be known.</summary>
    public IEnumerable<CycleRow> Wanted(BillingContract contract) =>
        contract.Cycles.Where(cycle => IsDue(cycle) || cycle.State == CycleState.Billed);

    public ContractRunPlan Plan(BillingContract contract)
    {
        var (due, late, settled, problems) =
            (new List<PendingCharge>(), new List<PendingCharge>(), new List<long>(), new List<string>());
        var isWaiting = false;
        foreach (var cycle in Wanted(contract))
        {
            if (reading.Problem(cycle) is { } problem)
            {
                problems.Add(problem);
                continue;
            }

            var isOpen = cycle.State == CycleState.Open;
            if (reading.Find(cycle) is not { } found
                || (isOpen && !IsIn(contract, found.Position, cycle.IssueAtMs)))
            {
                isWaiting |= isOpen;
                continue;
            }

            var charge = Pend(contract, cycle, found.Priced, found.Position);
            if (isOpen) due.Add(charge);
            else if (charge.IsDue) late.Add(charge);
            else if (IsIn(contract, found.Position, cycle.EndMs + WatchedMs)) settled.Add(cycle.Id);
        }

        return new(Invoices(contract, due, late, problems), isWaiting, settled, problems);
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
        var invoices = Invoices(contract, open, late, problems);
        if (problems.Count > 0) throw new BillingDataException(string.Join(' ', problems));
        return [.. invoices.Select(invoice => invoice.Record)];
    }

    bool IsDue(CycleRow cycle) => cycle.State == CycleState.Open && cycle.IssueAtMs <= nowMs;

    /// <summary>All usage before the cut-off is in (law 7); a price for time alone waits for nothing else.</summary>
    bool IsIn(BillingContract contract, InvoicePosition? position, long cutOffMs) =>
        cutOffMs <= nowMs
        && (position is null || gate.IsIn(contract.Account, contract.Customer.Ref, cutOffMs));

    PendingCharge Pend(
        BillingContract contract, CycleRow cycle, PricedCycle priced, InvoicePosition? position)
    {
        var (billed, quantity) = page.Billed(cycle, priced.Amount.Currency);
        return new(
            cycle, contract.Line(cycle.LineRef, cycle.StartMs), priced, position, cycle.Revision + 1, billed, quantity);
    }

    List<InvoiceToMake> Invoices(
        BillingContract contract, List<PendingCharge> due, List<PendingCharge> late, List<string> problems)
    {
        var terms = contract.TermsAt(nowMs);
        var invoices = new List<InvoiceToMake>();
        foreach (var group in InvoiceGroups.Of(terms.Grouping, due, late, line => HasFurther(contract, line)))
        {
            if (group.Charges.Count == 0) continue;
            if (group.Net.Minor < 0)
            {
                problems.Add(
                    $"The invoice would be of {group.Net}: less than nothing cannot be invoiced, so it waits until "
                    + "later usage outweighs it.");
                continue;
            }

            var entity = page.Entity(contract.Account, group.EntityRef);
            var context = new InvoiceContext(
                contract.Row, contract.Customer, entity, page.Products(contract.Account),
                Instant.FromUnixTimeMilliseconds(nowMs).InZone(contract.Zone).Date.ToDateOnly(), terms.PaymentDays);
            invoices.Add(new(
                entity, InvoiceMaking.Make(context, group.Charges, nowMs), group.Charges, terms.IssuesAlone,
                contract.Row.LatestVersion));
        }

        return invoices;
    }

    static bool HasFurther(BillingContract contract, string lineRef) =>
        contract.Cycles.Any(cycle => cycle.LineRef == lineRef && cycle.State == CycleState.Open);
}
