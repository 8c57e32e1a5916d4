using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Received.Billing.Store;

/// <summary>
/// Follows what other connections commit to the billing database, of this process or another one, four times a second:
/// so that whoever feeds on it promises a second. A look costs microseconds (a counter in the file's shared memory).
/// While the database cannot be read, it tries again.
/// </summary>
static class StoreFollower
{
    static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs until cancelled.</summary>
    /// <param name="reload">Reads anew; false where that is to be tried again at the next look.</param>
    /// <param name="unreadable">Told why the database could not be read.</param>
    public static async Task RunAsync(
        BillingStore store, TimeProvider time, Func<CancellationToken, Task<bool>> reload, Action<Exception> unreadable,
        CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(store, time, reload, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is DbException or IOException)
            {
                unreadable(e);
                await Task.Delay(Poll, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    static async Task FollowAsync(
        BillingStore store, TimeProvider time, Func<CancellationToken, Task<bool>> reload,
        CancellationToken cancellation)
    {
        // data_version counts the commits that other connections make: so one connection is kept for looking and writes
        // nothing.
        await using var connection = await store.ConnectAsync(cancellation);
        long? seen = null;
        while (true)
        {
            var version = await ReadVersionAsync(connection, cancellation);
            if (version != seen && await reload(cancellation)) seen = version;

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
