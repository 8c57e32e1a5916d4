using Microsoft.Extensions.Logging;
using Received.Billing.Store;
using Received.Model.Access;

namespace Received.Billing.Access;

/// <summary>
/// Carries accounts and keys from the billing database to the doors. Goal: a key works within a second of being made,
/// and stops within a second of being revoked, whichever process did it. Not its job: deciding what a key may do.
/// While the database cannot be read, the last snapshot stays.
/// </summary>
/// <param name="mayServe">Whether what this process reads belongs to these accounts (law 12); until it does, it knows
/// none of them.</param>
public sealed class AccessFeed(
    BillingStore store, AccessDirectory directory, TimeProvider time, ILogger<AccessFeed> logger,
    Func<CancellationToken, ValueTask<bool>>? mayServe = null) : IDisposable
{
    readonly KeyBook _keys = new(store, time);
    readonly SemaphoreSlim _reading = new(1, 1);

    /// <summary>Reads and publishes now: for the start, and for a command that has just written.</summary>
    /// <returns>False where these accounts may not be served (yet).</returns>
    public async Task<bool> ReloadAsync(CancellationToken cancellation = default)
    {
        // One at a time, so that an older snapshot can never replace a newer one.
        await _reading.WaitAsync(cancellation);
        try
        {
            if (mayServe is not null && !await mayServe(cancellation)) return false;
            directory.Publish(await _keys.ReadSnapshotAsync(cancellation));
            return true;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Follows the database until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) =>
        StoreFollower.RunAsync(store, time, ReloadAsync, logger.AccessUnreadable, cancellation);

    public void Dispose() => _reading.Dispose();
}
