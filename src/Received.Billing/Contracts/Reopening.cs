using Microsoft.EntityFrameworkCore;
using Received.Billing.Store;
using Received.Model.Contracts;

namespace Received.Billing.Contracts;

/// <summary>
/// A version that takes effect in the past may change the price of cycles that were looked at for the last time: they
/// are watched again, so that their next revision charges or gives back the difference (law 6). Those whose price turns
/// out to be the same settle again.
/// </summary>
static class Reopening
{
    /// <summary>Within the transaction that writes the version; saves.</summary>
    /// <param name="before">Terms of the version before; null: there is none.</param>
    /// <returns>How many cycles.</returns>
    public static async Task<int> RunAsync(
        BillingDb db, ContractRow contract, ContractTerms? before, ContractVersion version,
        CancellationToken cancellation)
    {
        var zone = CivilTime.Zone(contract.Zone);
        var fromMs = before is null
            ? version.Terms.Lines.Min(line => CivilTime.StartOfDay(line.Start, zone))
            : version.EffectiveAtMs;
        var settled = await db.Cycles
            .Where(row => row.State == CycleState.Settled && row.EndMs > fromMs
                && db.Contracts.Any(own => own.Id == row.ContractId && own.CustomerId == contract.CustomerId))
            .ToListAsync(cancellation);
        if (settled.Count == 0) return 0;
        var contracts = settled.Select(row => row.ContractId).Distinct().ToList();
        var versions = await ContractBook.ReadVersionsAsync(db, contracts, cancellation);
        var affected = Affected(contract.Id, before, version.Terms, versions);
        settled.RemoveAll(row => !affected.Contains((row.ContractId, row.LineRef)));
        foreach (var row in settled) row.State = CycleState.Billed;
        await db.SaveChangesAsync(cancellation);
        return settled.Count;
    }

    /// <summary>
    /// Lines that the version changes, and all lines of the customer that share a product's usage with one of them:
    /// what one of them takes no more is another's.
    /// </summary>
    static HashSet<(long Contract, string LineRef)> Affected(
        long contractId, ContractTerms? before, ContractTerms after, Dictionary<long, List<ContractVersion>> versions)
    {
        var old = (before?.Lines ?? []).ToDictionary(line => line.LineRef);
        var changed = after.Lines.Where(line => !old.Remove(line.LineRef, out var was) || !CostsTheSame(was, line))
            .Concat(old.Values).ToList();
        var products = changed.Where(line => line.Price.IsForUsage).Select(line => line.ProductRef).ToHashSet();
        var sharing =
            from contract in versions
            from version in contract.Value
            from line in version.Terms.Lines
            where line.Price.IsForUsage && products.Contains(line.ProductRef)
            select (contract.Key, line.LineRef);
        return [.. changed.Select(line => (contractId, line.LineRef)), .. sharing];
    }

    static bool CostsTheSame(LineTerms left, LineTerms right) =>
        left with { Description = right.Description, Tax = right.Tax } == right;
}
