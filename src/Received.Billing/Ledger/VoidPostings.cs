using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>
/// The reversal of an invoice's entry: what it did to receivable, tax and each cycle's balance is undone. Revenue
/// stays, because what was used was used; the cycles' next revisions bill it again.
/// </summary>
static class VoidPostings
{
    /// <param name="issued">The invoice's entry.</param>
    /// <param name="histories">By cycle; they note the entries.</param>
    /// <param name="day">Of the voiding; the entry is never in an earlier month than the invoice's.</param>
    public static IReadOnlyList<Entry> Entries(
        Entry issued, long invoiceId, IReadOnlyDictionary<long, CycleHistory> histories, OpenPeriods open, int day)
    {
        var at = open.At(Math.Max(OpenPeriods.PeriodOf(day), issued.Period), day);
        var moves = new List<(int Period, IReadOnlyList<Posting> Postings)>();
        foreach (var cycle in issued.Postings.Where(IsContractBalance).GroupBy(posting => posting.CycleId!.Value))
        {
            var invoiced = Money.Sum(cycle.Select(posting => posting.Amount), issued.Currency);
            moves.AddRange(histories[cycle.Key].Change(at.Period, -invoiced, invoiceId));
        }

        var source = $"void:invoice:{invoiceId}";
        var reversed = issued.Postings.Where(posting => !IsContractBalance(posting))
            .Select(posting => posting with { Amount = -posting.Amount });
        var own = moves.Where(move => move.Period == at.Period).SelectMany(move => move.Postings);
        return
        [
            new(
                EntryKind.InvoiceVoided, source, at.Period, at.Day, issued.Currency, [.. reversed, .. own], at.LateOf),
            .. TurnedBalances.Entries(source, at.Day, issued.Currency, moves.Where(move => move.Period > at.Period)),
        ];
    }

    public static IEnumerable<CycleSubject> Cycles(Entry issued) => issued.Postings.Where(IsContractBalance)
        .Select(posting => new CycleSubject(posting.CycleId!.Value, posting.CustomerId!.Value, posting.ProductRef!))
        .Distinct();

    static bool IsContractBalance(Posting posting) =>
        posting.Account is LedgerAccount.ContractAsset or LedgerAccount.DeferredRevenue;
}
