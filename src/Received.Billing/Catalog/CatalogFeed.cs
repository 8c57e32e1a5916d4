using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Received.Billing.Contracts;
using Received.Billing.Store;
using Received.Model.Catalog;

namespace Received.Billing.Catalog;

/// <summary>
/// Carries the contracts' lines from the billing database to the doors, within a second, whichever process wrote them.
/// What was read is kept: versions never change, so a look reads the contracts' newest numbers and then only versions
/// that are new. While the database cannot be read, the last snapshot stays; a contract that cannot be read is reported
/// and left out, and the others go on.
/// </summary>
public sealed class CatalogFeed(
    BillingStore store, CatalogDirectory directory, TimeProvider time, ILogger<CatalogFeed> logger)
    : IDisposable
{
    /// <summary>Contracts of one read: SQLite's statements take so many ids easily.</summary>
    const int ContractsPerRead = 500;

    readonly SemaphoreSlim _reading = new(1, 1);
    readonly Dictionary<long, Known> _known = [];

    /// <summary>Reads and publishes now: for the start, and for tests.</summary>
    public async Task ReloadAsync(CancellationToken cancellation = default)
    {
        // One at a time, so that an older snapshot can never replace a newer one.
        await _reading.WaitAsync(cancellation);
        try
        {
            if (await ReadChangesAsync(cancellation))
                directory.Publish(new(_known.Values.SelectMany(contract => contract.Lines)));
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Follows the database until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => StoreFollower.RunAsync(
        store, time,
        async stop =>
        {
            await ReloadAsync(stop);
            return true;
        },
        logger.CatalogUnreadable, cancellation);

    public void Dispose() => _reading.Dispose();

    /// <summary>False where no contract has a new version.</summary>
    async Task<bool> ReadChangesAsync(CancellationToken cancellation)
    {
        await using var db = store.Context();
        var contracts = await db.Contracts.AsNoTracking()
            .Join(
                db.Customers, contract => contract.CustomerId, customer => customer.Id,
                (contract, customer) => new Head
                {
                    Id = contract.Id,
                    AccountId = contract.AccountId,
                    Ref = contract.Ref,
                    CustomerRef = customer.Ref,
                    Zone = contract.Zone,
                    LatestVersion = contract.LatestVersion,
                })
            .ToListAsync(cancellation);
        var changed = contracts
            .Where(head => !_known.TryGetValue(head.Id, out var known) || known.Version < head.LatestVersion).ToList();
        foreach (var heads in changed.Chunk(ContractsPerRead))
        {
            var ids = heads.Select(head => head.Id).ToList();
            var rows = await db.ContractVersions.AsNoTracking().Where(row => ids.Contains(row.ContractId))
                .OrderBy(row => row.Number).ToListAsync(cancellation);
            var byContract = rows.ToLookup(row => row.ContractId);
            foreach (var head in heads) _known[head.Id] = new(head.LatestVersion, Lines(head, byContract[head.Id]));
        }

        return changed.Count > 0;
    }

    CatalogLine[] Lines(Head head, IEnumerable<ContractVersionRow> rows)
    {
        try
        {
            var versions = rows.Select(TermsJson.ReadVersion).ToList();
            return
            [
                .. LineSpans.Of(head.Id, head.Zone, versions)
                    // A fee takes no usage: an event that only a fee agrees with would be nobody's.
                    .Where(span => span.Line.Price.IsForUsage)
                    .Select(span => new CatalogLine(
                        new(head.AccountId), head.CustomerRef, span.Line.ProductRef, span.StartMs, span.EndMs,
                        span.Line.Price.Currency.Code, span.Line.EntityRef)),
            ];
        }
        catch (Exception e) when (e is JsonException or FormatException or ScheduleException)
        {
            logger.ContractUnreadable(head.AccountId, head.Ref, e);
            return [];
        }
    }

    sealed record Known(int Version, CatalogLine[] Lines);

    sealed class Head
    {
        public required long Id { get; init; }

        public required uint AccountId { get; init; }

        public required string Ref { get; init; }

        public required string CustomerRef { get; init; }

        public required string Zone { get; init; }

        public required int LatestVersion { get; init; }
    }
}
