using Received.Billing.Contracts;
using Received.Model;
using Received.Model.Contracts;

namespace Received.Billing.Invoices;

/// <summary>Charges that share an invoice.</summary>
sealed record InvoiceGroup(string EntityRef, Currency Currency, IReadOnlyList<PendingCharge> Charges)
{
    /// <summary>What is given back of cycles billed before; it waits where the invoice would be negative.</summary>
    public IReadOnlyList<PendingCharge> Credits =>
        [.. Charges.Where(charge => charge.Row.State != CycleState.Open && charge.Amount.Minor < 0)];

    public InvoiceGroup Without(IReadOnlyCollection<PendingCharge> charges) =>
        this with { Charges = [.. Charges.Where(charge => !charges.Contains(charge))] };
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

    public bool IsAlike(InvoiceKey other) => EntityRef == other.EntityRef && Currency == other.Currency;
}

/// <summary>
/// Which charges of a contract go together; pure. Collectively: one invoice an entity, currency and issue date;
/// separately: one a line and issue date. What is late joins the first of them that it fits, or has one of its own
/// where its line has no further cycle; what such a line gives back goes on any invoice of its entity and currency.
/// </summary>
static class InvoiceGroups
{
    /// <param name="due">Open cycles that are due.</param>
    /// <param name="held">Of cycles that are due and cannot be priced yet: their invoice waits whole.</param>
    /// <param name="late">Of cycles billed before, whose price has changed.</param>
    /// <param name="hasFurther">Whether a line goes on.</param>
    /// <param name="isLast">Whether a late charge has no later invoice to go on.</param>
    public static IReadOnlyList<InvoiceGroup> Of(
        InvoiceGrouping grouping, IReadOnlyList<PendingCharge> due, IReadOnlySet<(InvoiceKey, long)> held,
        IReadOnlyList<PendingCharge> late, Func<string, bool> hasFurther, Func<PendingCharge, bool> isLast)
    {
        var groups = due.GroupBy(charge => (Key: InvoiceKey.Of(grouping, charge.Terms), charge.Row.IssueAtMs))
            .Where(group => !held.Contains(group.Key)).OrderBy(group => group.Key.IssueAtMs)
            .Select(group => (group.Key.Key, Charges: group.ToList())).ToList();
        // Charges first: what is given back may fit only beside them.
        foreach (var charge in late.OrderBy(charge => charge.Amount.Minor < 0))
        {
            var key = InvoiceKey.Of(grouping, charge.Terms);
            var isAnywhere = charge.Amount.Minor < 0 && !hasFurther(charge.Terms.LineRef);
            var fits = groups.FindAll(group => group.Key == key || (isAnywhere && group.Key.IsAlike(key)));
            var fit = fits.Find(group => group.Charges.Sum(other => other.Amount.Minor) + charge.Amount.Minor >= 0);
            if (fit.Charges is not null) fit.Charges.Add(charge);
            else if (fits.Count > 0) fits[0].Charges.Add(charge);
            else if (isLast(charge)) groups.Add((key, [charge]));
        }

        return [.. groups.Select(group => new InvoiceGroup(group.Key.EntityRef, group.Key.Currency, group.Charges))];
    }
}
