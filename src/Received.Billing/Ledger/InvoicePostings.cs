using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>
/// An issued invoice: first the revenue of what is earned of its cycles, in the months of use; then receivable against
/// contract balances and tax, in the month of issue.
/// </summary>
static class InvoicePostings
{
    public static string Source(long invoiceId) => $"invoice:{invoiceId}";

    /// <param name="histories">By cycle; they note the entries.</param>
    /// <returns>None where the invoice is of zero and nothing is to be recognised.</returns>
    public static IReadOnlyList<Entry> Entries(
        InvoiceFacts facts, IReadOnlyDictionary<long, CycleHistory> histories, OpenPeriods open)
    {
        var source = Source(facts.InvoiceId);
        var entries = new List<Entry>();
        var moves = new List<(int Period, IReadOnlyList<Posting> Postings)>();
        var at = open.At(facts.IssueDay);
        var total = facts.Tax;
        foreach (var charges in facts.Charges.GroupBy(charge => charge.CycleId))
        {
            var latest = charges.MaxBy(charge => charge.Revision)!;
            var cycle = new CycleSubject(charges.Key, facts.CustomerId, latest.ProductRef);
            var history = histories[charges.Key];
            entries.AddRange(RecognitionPostings.Entries(
                new(cycle, latest.Earned), history, open, facts.IssueDay, source));
            var amount = Money.Sum(charges.Select(charge => charge.Amount), facts.Currency);
            moves.AddRange(history.Change(at.Period, -amount, facts.InvoiceId));
            total += amount;
        }

        Posting[] ends =
        [
            new(LedgerAccount.Receivable, total, facts.CustomerId, facts.InvoiceId),
            new(LedgerAccount.TaxPayable, -facts.Tax, facts.CustomerId, facts.InvoiceId),
        ];
        var own = moves.Where(move => move.Period == at.Period).SelectMany(move => move.Postings);
        Posting[] postings = [ends[0], .. own, ends[1]];
        // Revisions of zero are charges (law 6), but no entries.
        if (postings.Any(posting => !posting.Amount.IsZero))
            entries.Add(new(
                EntryKind.InvoiceIssued, source, at.Period, at.Day, facts.Currency, postings, at.LateOf));
        entries.AddRange(TurnedBalances.Entries(
            source, at.Day, facts.Currency, moves.Where(move => move.Period > at.Period)));
        return entries;
    }
}
