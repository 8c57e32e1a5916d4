using Received.Billing.Contracts;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Invoices;

/// <summary>Charges that share an invoice.</summary>
sealed record InvoiceGroup(string EntityRef, Currency Currency, IReadOnlyList<PendingCharge> Charges)
{
    /// <summary>The same without what is given back: that waits for an invoice that it fits in.</summary>
    public InvoiceGroup WithoutCredits() => this with
    {
        Charges = [.. Charges.Where(charge => charge.Row.State == CycleState.Open || charge.Amount.Minor >= 0)],
    };
}

/// <summary>What charges must share to share an invoice.</summary>
/// <param name="LineRef">Empty where the contract invoices its lines together.</param>
readonly record struct InvoiceKey(string EntityRef, Currency Currency, string LineRef)
{
    public static InvoiceKey Of(InvoiceGrouping grouping, LineTerms line) => new(
        line.EntityRef, line.Price.Currency, grouping switch
        {
            InvoiceGrouping.Collective => "",
            InvoiceGrouping.Separate => line.LineRef,
        });
}

/// <summary>
/// Which charges of a contract go together; pure. Collectively: one invoice an entity, currency and issue date;
/// separately: one a line and issue date. Late usage joins the first of them that it fits, or has one of its own where
/// its line has no further cycle.
/// </summary>
static class InvoiceGroups
{
    /// <param name="due">Open cycles that are due.</param>
    /// <param name="held">Of cycles that are due and cannot be priced yet: their invoice waits whole.</param>
    /// <param name="late">Of cycles billed before, whose price has changed.</param>
    /// <param name="isLast">Whether a late charge has no later invoice to go on.</param>
    public static IReadOnlyList<InvoiceGroup> Of(
        InvoiceGrouping grouping, IReadOnlyList<PendingCharge> due, IReadOnlySet<(InvoiceKey, long)> held,
        IReadOnlyList<PendingCharge> late, Func<PendingCharge, bool> isLast)
    {
        var groups = due.GroupBy(charge => (Key: InvoiceKey.Of(grouping, charge.Terms), charge.Row.IssueAtMs))
            .Where(group => !held.Contains(group.Key)).OrderBy(group => group.Key.IssueAtMs)
            .Select(group => (group.Key.Key, Charges: group.ToList())).ToList();
        foreach (var charge in late)
        {
            var key = InvoiceKey.Of(grouping, charge.Terms);
            var fit = groups.Find(group => group.Key == key);
            if (fit.Charges is not null) fit.Charges.Add(charge);
            else if (isLast(charge)) groups.Add((key, [charge]));
        }

        return [.. groups.Select(group => new InvoiceGroup(group.Key.EntityRef, group.Key.Currency, group.Charges))];
    }
}
