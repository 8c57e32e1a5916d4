using Microsoft.EntityFrameworkCore;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>Where an entry goes.</summary>
/// <param name="Day">Days since 1970-01-01, within the period.</param>
/// <param name="LateOf">The closed month that it belongs to; null where it is in its own.</param>
readonly record struct EntryDate(int Period, int Day, int? LateOf);

/// <summary>
/// Which month an entry goes to: its own, or where that is closed the first open one (law 10). Months are closed in
/// order, so one number says which are.
/// </summary>
/// <param name="Closed">The last closed month of the entity; null: none is.</param>
readonly record struct OpenPeriods(int? Closed)
{
    /// <summary>As of the transaction that it is read in, which must be the one that writes the entry.</summary>
    public static async Task<OpenPeriods> ReadAsync(BillingDb db, long entityId, CancellationToken cancellation) => new(
        await db.ClosedPeriods.Where(row => row.EntityId == entityId)
            .MaxAsync(row => (int?)row.Period, cancellation));

    /// <summary>For what belongs to the month of a day.</summary>
    public EntryDate At(int day) => At(PeriodOf(day), day);

    /// <summary>For what belongs to a month and happens on a day, of that month or of another.</summary>
    public EntryDate At(int period, int day)
    {
        var first = Closed is { } closed && closed >= period ? closed + 1 : period;
        return new(first, Math.Clamp(day, FirstDay(first), FirstDay(first + 1) - 1), first == period ? null : period);
    }

    public static int PeriodOf(int day) => AccountingMonths.OfDay(CivilDay.Date(day));

    public static int FirstDay(int period) => CivilDay.Number(new(period / 12, (period % 12) + 1, 1));
}
