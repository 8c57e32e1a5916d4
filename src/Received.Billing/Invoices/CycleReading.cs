using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model;
using Received.Model.Contracts;
using Received.Usage;

namespace Received.Billing.Invoices;

/// <summary>
/// Prices many cycles from one query of totals per account: cuts them into slices, reads those of usage, prices. The
/// one way from stored usage to a price, for runs, previews and closings.
/// </summary>
sealed class CycleReading(BillingPage page, CycleTotalsReader reader)
{
    readonly List<Wanted> _wanted = [];
    readonly Dictionary<long, (PricedCycle Priced, InvoicePosition? Position)> _priced = [];
    readonly Dictionary<long, string> _problems = [];

    /// <summary>Why a cycle cannot be priced, or null.</summary>
    public string? Problem(CycleRow cycle) => _problems.GetValueOrDefault(cycle.Id);

    /// <summary>Null where there is a problem or nothing exact.</summary>
    public (PricedCycle Priced, InvoicePosition? Position)? Find(CycleRow cycle) =>
        _priced.TryGetValue(cycle.Id, out var found) ? found : null;

    /// <param name="untilMs">Prices only what is before it: for closings.</param>
    public void Want(BillingContract contract, CycleRow row, long untilMs = long.MaxValue)
    {
        try
        {
            var line = contract.Line(row.LineRef, row.StartMs);
            var entity = page.Entity(contract.Account, line.EntityRef);
            var cycle = new CycleFacts(
                row.Id, row.ContractId, row.LineRef, row.StartMs, row.EndMs, row.FullStartMs, row.FullEndMs);
            var slices = CyclePlan.Of(
                cycle, contract.CustomerSpans, contract.Zone, CivilTime.Zone(entity.Zone), untilMs);
            _wanted.Add(new(contract, cycle, line, slices));
        }
        catch (Exception e) when (BillingPage.IsBadData(e))
        {
            _problems[row.Id] = e.Message;
        }
    }

    public async Task ReadAsync(CancellationToken cancellation)
    {
        foreach (var account in _wanted.GroupBy(wanted => wanted.Contract.Account))
            await ReadAsync(account.Key, [.. account], cancellation);
        _wanted.Clear();
    }

    async Task ReadAsync(AccountId account, List<Wanted> wanted, CancellationToken cancellation)
    {
        try
        {
            var ranges = new List<TotalsRange>();
            foreach (var one in wanted) one.FirstRange = AddRanges(one, ranges);
            var totals = ranges.Count == 0
                ? new(new Dictionary<int, RangeTotals>(), [])
                : await reader.ReadAsync(account, ranges, cancellation);
            var unsettled = totals.Unsettled.ToHashSet();
            foreach (var one in wanted) Price(one, totals.Settled, unsettled);
        }
        catch (Exception e) when (BillingPage.IsBadData(e))
        {
            // Sums past 128 bits, say. One account's usage must not stop the others' invoices.
            foreach (var one in wanted) _problems.TryAdd(one.Cycle.Id, e.Message);
        }
    }

    static int AddRanges(Wanted wanted, List<TotalsRange> ranges)
    {
        var first = ranges.Count;
        foreach (var slice in wanted.Slices.Where(IsForUsage))
            ranges.Add(new(
                ranges.Count, wanted.Contract.Customer.Ref, slice.Span.Line.ProductRef, slice.StartMs, slice.EndMs));
        return first;
    }

    void Price(Wanted wanted, IReadOnlyDictionary<int, RangeTotals> settled, HashSet<int> unsettled)
    {
        var range = wanted.FirstRange;
        var usage = new SliceUsage[wanted.Slices.Count];
        InvoicePosition? position = null;
        try
        {
            for (var i = 0; i < usage.Length; i++)
            {
                if (!IsForUsage(wanted.Slices[i])) continue;
                // No read was exact for it: it is left to the next run.
                if (unsettled.Contains(range)) return;
                var found = settled[range++];
                usage[i] = CyclePricing.Usage(wanted.Slices[i], found.Totals);
                position ??= PositionOf(wanted.Contract, found);
            }

            _priced[wanted.Cycle.Id] = (
                CyclePricing.Price(wanted.Cycle, wanted.Line, wanted.Slices, usage), position);
        }
        catch (Exception e) when (BillingPage.IsBadData(e))
        {
            _problems[wanted.Cycle.Id] = e.Message;
        }
    }

    InvoicePosition PositionOf(BillingContract contract, RangeTotals found)
    {
        var partition = reader.PartitionOf(contract.Account, contract.Customer.Ref);
        var rated = found.Rated.FirstOrDefault(rated => rated.Partition == partition);
        return new(partition.Value, rated.Generation, rated.Next);
    }

    static bool IsForUsage(CycleSlice slice) => slice.Span.Line.Price.IsForUsage;

    sealed record Wanted(
        BillingContract Contract, CycleFacts Cycle, LineTerms Line, IReadOnlyList<CycleSlice> Slices)
    {
        public int FirstRange { get; set; }
    }
}
