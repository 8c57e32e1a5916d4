using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>
/// Revenue as it is earned: contract balance against revenue, an entry for each month that differs from what the books
/// say of it.
/// </summary>
static class RecognitionPostings
{
    /// <param name="history">Of the cycle; notes the entries.</param>
    /// <param name="day">Date of entries in its month; in other months the nearest day of theirs.</param>
    /// <param name="cause">What makes them, once: "invoice:17", "close:24311".</param>
    public static IEnumerable<Entry> Entries(
        RecognitionFacts facts, CycleHistory history, OpenPeriods open, int day, string cause)
    {
        var entries = new List<Entry>();
        foreach (var (month, amount) in history.Missing(facts.Earned))
        {
            var source = $"recognised:cycle:{facts.Cycle.CycleId}:month:{month}:{cause}";
            var at = open.At(month, day);
            var moves = history.Change(at.Period, amount, null);
            history.Recognise(month, amount);
            var revenue = new Posting(
                LedgerAccount.Revenue, -amount, facts.Cycle.CustomerId, null, null, facts.Cycle.CycleId,
                facts.Cycle.ProductRef);
            entries.Add(new(
                EntryKind.RevenueRecognised, source, at.Period, at.Day, amount.Currency,
                [.. moves[0].Postings, revenue], at.LateOf));
            entries.AddRange(TurnedBalances.Entries(source, at.Day, amount.Currency, moves.Skip(1)));
        }

        return entries;
    }
}

/// <summary>Entries of months after the one that was booked in, whose balances it has turned round.</summary>
static class TurnedBalances
{
    public static IEnumerable<Entry> Entries(
        string source, int day, Currency currency, IEnumerable<(int Period, IReadOnlyList<Posting> Postings)> moves) =>
        from move in moves
        group move.Postings by move.Period into later
        orderby later.Key
        select new Entry(
            EntryKind.ContractBalanceTurned, $"{source}:turned:{later.Key}", later.Key,
            new OpenPeriods(null).At(later.Key, day).Day, currency, later.SelectMany(postings => postings));
}
