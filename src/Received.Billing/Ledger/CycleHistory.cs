using Received.Model;

namespace Received.Billing.Ledger;

/// <summary>What the books say of a cycle: a sum of its postings.</summary>
/// <param name="Period">Month that they are in.</param>
/// <param name="LateOf">Closed month that they belong to.</param>
readonly record struct HistoryLine(int Period, int? LateOf, LedgerAccount Account, Money Amount);

/// <summary>
/// A cycle's recognised revenue by the month that it was earned in, and its contract balance by the month that it was
/// booked in. Entries come in another order than months do, and the trial balance of each month must be right: a change
/// in a month that turns the balance of a later one round moves that month's accounts, too.
/// </summary>
sealed class CycleHistory
{
    readonly CycleSubject _cycle;
    readonly Money _zero;
    readonly SortedList<int, Money> _recognised = [];
    readonly SortedList<int, Money> _changes = [];

    public CycleHistory(CycleSubject cycle, Currency currency, IEnumerable<HistoryLine> lines)
    {
        _cycle = cycle;
        _zero = Money.Zero(currency);
        foreach (var line in lines)
        {
            if (line.Account == LedgerAccount.Revenue) Add(_recognised, line.LateOf ?? line.Period, -line.Amount);
            else if (line.Account is LedgerAccount.ContractAsset or LedgerAccount.DeferredRevenue)
                Add(_changes, line.Period, line.Amount);
        }
    }

    /// <summary>Revenue that the books lack (or, below zero, have too much of) of the months that are given.</summary>
    public IReadOnlyList<MonthAmount> Missing(IReadOnlyList<MonthAmount> earned) =>
    [
        .. earned
            .Select(month => new MonthAmount(
                month.Period, month.Amount - _recognised.GetValueOrDefault(month.Period, _zero)))
            .Where(month => !month.Amount.IsZero),
    ];

    /// <summary>Changes the balance in a month.</summary>
    /// <returns>Postings of that month, which sum to the change; then those of later months, each of which sums to
    /// zero.</returns>
    public IReadOnlyList<(int Period, IReadOnlyList<Posting> Postings)> Change(
        int period, Money change, long? invoiceId)
    {
        var before = Money.Sum(_changes.TakeWhile(at => at.Key <= period).Select(at => at.Value), _zero.Currency);
        var after = before + change;
        var moves = new List<(int, IReadOnlyList<Posting>)>
        {
            (period, [.. ContractBalance.Move(_cycle, invoiceId, before, after)]),
        };
        var moved = AssetMoved(before, after);
        foreach (var (later, amount) in _changes.SkipWhile(at => at.Key <= period))
        {
            (before, after) = (before + amount, after + amount);
            var turned = AssetMoved(before, after) - moved;
            if (turned.IsZero) continue;
            moves.Add((later, [.. ContractBalance.Turn(_cycle, turned)]));
            moved += turned;
        }

        Add(_changes, period, change);
        return moves;
    }

    /// <summary>Notes what is being booked, for entries after it.</summary>
    public void Recognise(int month, Money amount) => Add(_recognised, month, amount);

    static Money AssetMoved(Money from, Money to) =>
        ContractBalance.Split(to).Asset - ContractBalance.Split(from).Asset;

    void Add(SortedList<int, Money> months, int month, Money amount) =>
        months[month] = months.GetValueOrDefault(month, _zero) + amount;
}
