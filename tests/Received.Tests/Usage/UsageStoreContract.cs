using Received.Usage;
using static Received.Tests.Usage.UsageRows;

namespace Received.Tests.Usage;

/// <summary>
/// What every usage store must do. An adapter's test class says how one is made; a store of the same
/// name that is made again must find what the first one wrote.
/// </summary>
public abstract class UsageStoreContract
{
    protected abstract IUsageStore Create(string name);

    /// <summary>Of a property's random cases; fewer where each is many round trips to a server.</summary>
    protected virtual int Samples => 30;

    protected async Task<IUsageStore> Open(string name = "main")
    {
        var store = Create(name);
        await store.OpenAsync(TheLog);
        return store;
    }

    protected static async Task<List<string>> Export(IUsageStore store) => await store.ExportRatedAsync().ToListAsync();

    protected static async Task<List<TotalsLine>> Totals(IUsageStore store, TotalsQuery query) =>
        await store.QueryTotalsAsync(query).ToListAsync();

    protected static async Task<TotalRow> Row(IUsageStore store, int partition, UInt128 series, int window)
    {
        // Memory that was used before: what is not stored must be cleared.
        TotalRow[] rows = [Total(9, 9, 99, 9)];
        await store.ReadTotalsAsync(P(partition), new TotalKey[] { new(series, window) }, rows);
        return rows[0];
    }
}
