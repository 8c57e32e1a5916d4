using Received.Billing.Contracts;
using Received.Billing.Ledger;
using Received.Billing.Store;

namespace Received.Billing.Invoices;

/// <summary>
/// Given-up cycles of which something is left to be given back or booked back. The others stay given up, because a
/// later version may restore their line, and nobody but the planner reads them: there are more of them every year.
/// </summary>
static class GivenUpCycles
{
    /// <summary>What was charged is not all given back.</summary>
    public static IQueryable<CycleRow> Charged(BillingDb db) =>
        db.Cycles.Where(row => row.State == CycleState.GivenUp
            && (db.Charges.Where(charge => charge.CycleId == row.Id).Sum(charge => charge.AmountMinor) != 0
                || db.Charges.Any(charge => charge.CycleId == row.Id && charge.Revision == row.Revision
                    && charge.Quantity != 0)));

    /// <summary>Revenue of a month is not all booked back.</summary>
    public static IQueryable<CycleRow> Recognised(BillingDb db) =>
        db.Cycles.Where(row => row.State == CycleState.GivenUp
            && (from posting in db.Postings
                join entry in db.Entries on posting.EntryId equals entry.Id
                where posting.CycleId == row.Id && posting.LedgerAccount == LedgerAccount.Revenue
                group posting.AmountMinor by entry.LateOfPeriod ?? entry.Period
                into month
                where month.Sum() != 0
                select month.Key).Any());
}
