using Received.Billing.Ledger;
using Received.Model;
using Xunit;

namespace Received.Tests.Billing.Ledger;

/// <summary>
/// Two cycles of an entity under random acts, the entries that they give, and what the books must say: a usage cycle,
/// billed for what was used, and a fee cycle, billed ahead and earned month by month.
/// </summary>
sealed class BooksModel
{
    public const int FirstMonth = (2026 * 12) + 9;
    const int Fee = 1200;

    static readonly Currency Eur = Currency.Parse("EUR");
    static readonly CycleSubject[] Cycles = [new(1, 7, "calls"), new(2, 7, "base")];

    readonly List<Entry> _entries = [];
    readonly SortedList<int, long>[] _earned = [[], []];
    readonly List<InvoiceFacts?> _invoices = [];
    readonly int[] _revisions = new int[2];
    int _now = FirstMonth;
    int? _closed;

    public void Act(int act, int which, int month, int amount)
    {
        switch (act % 5)
        {
            case 0: Earn(which % 2, FirstMonth + (month % (_now - FirstMonth + 1)), amount); break;
            case 1: Close(); break;
            case 2: Issue((which % 3) + 1); break;
            case 3: Void(which); break;
            default: _now++; break;
        }

        Check();
    }

    /// <summary>All is earned, billed and closed.</summary>
    public void Finish()
    {
        Earn(1, _now, Fee - (int)_earned[1].Values.Sum());
        _now++;
        Issue(3);
        while ((_closed ?? (FirstMonth - 1)) < _now - 1) Close();
        Check();
        Assert.Equal(0, Sum(LedgerAccount.ContractAsset));
        Assert.Equal(0, Sum(LedgerAccount.DeferredRevenue));
        Assert.Equal(_invoices.Sum(invoice => invoice is null ? 0 : Total(invoice)), Sum(LedgerAccount.Receivable));
        for (var cycle = 0; cycle < 2; cycle++)
        {
            var revenue = _entries.SelectMany(entry => entry.Postings
                    .Where(posting => posting.Account == LedgerAccount.Revenue
                        && posting.CycleId == Cycles[cycle].CycleId)
                    .Select(posting => (Month: entry.LateOf ?? entry.Period, posting.Amount.Minor)))
                .GroupBy(line => line.Month)
                .ToDictionary(line => line.Key, line => -line.Sum(posting => posting.Minor));
            foreach (var month in revenue.Keys.Union(_earned[cycle].Keys))
                Assert.Equal(_earned[cycle].GetValueOrDefault(month), revenue.GetValueOrDefault(month));
        }
    }

    static long Total(InvoiceFacts invoice) =>
        invoice.Tax.Minor + invoice.Charges.Sum(charge => charge.Amount.Minor);

    void Earn(int cycle, int month, int amount) =>
        _earned[cycle][month] = _earned[cycle].GetValueOrDefault(month) + amount;

    void Close()
    {
        var month = (_closed ?? (FirstMonth - 1)) + 1;
        if (month >= _now) return;
        foreach (var cycle in Cycles)
        {
            Book(RecognitionPostings.Entries(
                new(cycle, [.. Earned(cycle).Where(earned => earned.Period <= month)]), History(cycle), new(_closed),
                OpenPeriods.FirstDay(month + 1) - 1, $"close:{month}"));
        }

        _closed = month;
    }

    void Issue(int mask)
    {
        var charges = Cycles.Where(cycle => (mask & (int)cycle.CycleId) != 0).Select(cycle =>
        {
            var due = cycle.CycleId == 1 ? _earned[0].Where(at => at.Key < _now).Sum(at => at.Value) : Fee;
            var billed = _invoices.SelectMany(invoice => invoice?.Charges ?? [])
                .Where(charge => charge.CycleId == cycle.CycleId).Sum(charge => charge.Amount.Minor);
            return new ChargeFacts(
                cycle.CycleId, ++_revisions[cycle.CycleId - 1], cycle.ProductRef, new(due - billed, Eur),
                [.. Earned(cycle)]);
        }).ToList();
        var facts = new InvoiceFacts(
            new(1), 1, _invoices.Count, 7, OpenPeriods.FirstDay(_now) + 3, Eur, new(mask * 19, Eur), charges);
        _invoices.Add(facts);
        Book(InvoicePostings.Entries(
            facts, Cycles.ToDictionary(cycle => cycle.CycleId, History), new(_closed)));
    }

    void Void(int which)
    {
        if (_invoices.Count == 0 || _invoices[which % _invoices.Count] is not { } invoice) return;
        var issued = _entries.Single(entry => entry.Source == InvoicePostings.Source(invoice.InvoiceId));
        Book(VoidPostings.Entries(
            issued, invoice.InvoiceId, Cycles.ToDictionary(cycle => cycle.CycleId, History), new(_closed),
            OpenPeriods.FirstDay(_now) + 5));
        _invoices[which % _invoices.Count] = null;
    }

    void Book(IEnumerable<Entry> entries)
    {
        var made = _entries.Count;
        _entries.AddRange(entries);
        Assert.All(_entries.Skip(made), entry => Assert.True(entry.Period > (_closed ?? 0)));
    }

    IEnumerable<MonthAmount> Earned(CycleSubject cycle) => _earned[cycle.CycleId - 1]
        .Where(at => at.Key < _now).Select(at => new MonthAmount(at.Key, new(at.Value, Eur)));

    CycleHistory History(CycleSubject cycle) => new(cycle, Eur, Lines(cycle));

    IEnumerable<HistoryLine> Lines(CycleSubject cycle) =>
        from entry in _entries
        from posting in entry.Postings
        where posting.CycleId == cycle.CycleId
        select new HistoryLine(entry.Period, entry.LateOf, posting.Account, posting.Amount);

    long Sum(LedgerAccount account) => _entries.SelectMany(entry => entry.Postings)
        .Where(posting => posting.Account == account).Sum(posting => posting.Amount.Minor);

    void Check()
    {
        Assert.Equal(_entries.Count, _entries.DistinctBy(entry => entry.Source).Count());
        foreach (var entry in _entries)
        {
            Assert.Equal(0, entry.Postings.Sum(posting => posting.Amount.Minor));
            Assert.Equal(entry.Period, OpenPeriods.PeriodOf(entry.Day));
        }

        foreach (var cycle in Cycles)
        {
            for (var month = FirstMonth; month <= _now; month++)
            {
                var lines = Lines(cycle).Where(line => line.Period <= month).ToList();
                var asset = Balance(lines, LedgerAccount.ContractAsset);
                var deferred = -Balance(lines, LedgerAccount.DeferredRevenue);
                Assert.True(asset >= 0 && deferred >= 0 && (asset == 0 || deferred == 0),
                    $"Cycle {cycle.CycleId} at the end of {month}: asset {asset}, deferred {deferred}.");
            }
        }
    }

    static long Balance(List<HistoryLine> lines, LedgerAccount account) =>
        lines.Where(line => line.Account == account).Sum(line => line.Amount.Minor);
}
