using System.Data.Common;
using Microsoft.Data.Sqlite;
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
    /// <summary>
    /// A look costs microseconds (a counter in the file's shared memory), so a quarter of the second promised.
    /// </summary>
    static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

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
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is DbException or IOException)
            {
                logger.AccessUnreadable(e);
                await Task.Delay(Poll, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public void Dispose() => _reading.Dispose();

    async Task FollowAsync(CancellationToken cancellation)
    {
        // data_version counts the commits that other connections make, of this process or another one: so one
        // connection is kept for looking and writes nothing.
        await using var connection = await store.ConnectAsync(cancellation);
        long? seen = null;
        while (true)
        {
            var version = await ReadVersionAsync(connection, cancellation);
            if (version != seen && await ReloadAsync(cancellation)) seen = version;

            await Task.Delay(Poll, time, cancellation);
        }
    }

    static async Task<long> ReadVersionAsync(SqliteConnection connection, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA data_version";
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
