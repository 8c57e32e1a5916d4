using Received.Billing.Contracts;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Invoices;

/// <summary>Charges that share an invoice.</summary>
sealed record InvoiceGroup(string EntityRef, Currency Currency, IReadOnlyList<PendingCharge> Charges)
{
    public Money Net => Money.Sum(Charges.Select(charge => charge.Amount), Currency);
}

/// <summary>
/// Which charges of a contract go together; pure. Collectively: one invoice an entity, currency and issue date;
/// separately: one a line and issue date. Late usage joins the first of them that it fits, or has one of its own where
/// its line has no further cycle.
/// </summary>
static class InvoiceGroups
{
    /// <param name="due">Open cycles that are due.</param>
    /// <param name="late">Of cycles billed before, whose price has changed.</param>
    /// <param name="hasFurther">Whether a line has a cycle that is still to be invoiced.</param>
    public static IReadOnlyList<InvoiceGroup> Of(
        InvoiceGrouping grouping, IReadOnlyList<PendingCharge> due, IReadOnlyList<PendingCharge> late,
        Func<string, bool> hasFurther)
    {
        var groups = due.GroupBy(charge => (Key(grouping, charge), charge.Row.IssueAtMs))
            .OrderBy(group => group.Key.IssueAtMs)
            .Select(group => (group.Key.Item1, Charges: group.ToList())).ToList();
        foreach (var charge in late)
        {
            var key = Key(grouping, charge);
            var fit = groups.FirstOrDefault(group => group.Item1 == key);
            if (fit.Charges is not null) fit.Charges.Add(charge);
            else if (!hasFurther(charge.Terms.LineRef)) groups.Add((key, [charge]));
        }

        return
        [
            .. groups.Select(group => new InvoiceGroup(
                group.Item1.EntityRef, group.Item1.Currency, WithinReach(group.Charges, group.Item1.Currency))),
        ];
    }

    /// <summary>
    /// An invoice cannot be of less than nothing: differences that are given back wait for one that they fit in.
    /// </summary>
    static List<PendingCharge> WithinReach(List<PendingCharge> charges, Currency currency)
    {
        var net = Money.Sum(charges.Select(charge => charge.Amount), currency);
        return net.Minor >= 0
            ? charges
            : [.. charges.Where(charge => charge.Row.State == CycleState.Open || charge.Amount.Minor >= 0)];
    }

    static (string EntityRef, Currency Currency, string Line) Key(InvoiceGrouping grouping, PendingCharge charge) => (
        charge.Terms.EntityRef, charge.Terms.Price.Currency, grouping switch
        {
            InvoiceGrouping.Collective => "",
            InvoiceGrouping.Separate => charge.Terms.LineRef,
        });
}
