using Received.Billing.Access;
using Received.Billing.Store;
using Received.Log;
using Received.Log.Segments;
using Received.Server.Options;

namespace Received.Server.Hosting;

/// <summary>
/// Law 12 where the log does not lie in the data folder: a folder's accounts may serve only the log that they have
/// served from its beginning. Others would be numbered like those, and see their usage.
/// </summary>
static class AccountsCheck
{
    /// <exception cref="LogRefusedException">The accounts and the log do not belong together.</exception>
    public static async Task RunAsync(
        Settings settings, ILog log, BillingStore billing, TimeProvider time, CancellationToken cancellation)
    {
        if (settings.Kafka is not { } kafka) return;
        var file = Path.Combine(settings.Folder, BillingStore.FileName);
        var served = new ServedLog(billing);
        var known = await served.ReadAsync(cancellation);
        if (known == log.Identity.Id) return;
        if (known is not null)
            throw new LogRefusedException(
                $"The accounts in {file} report to another log than topic {kafka.Topic}: they would be shown the usage "
                + "of that one's accounts. Give the topic of that log, or the data folder of this one.");
        if (await IsEmptyAsync(log, cancellation))
        {
            await served.NoteAsync(log.Identity.Id, cancellation);
            // Another process may have been first.
            if (await served.ReadAsync(cancellation) == log.Identity.Id) return;
        }

        // Without an account nothing can be asked or taken: raters and archivers need none.
        var accounts = await new AccountBook(billing, time).ListAsync(cancellation);
        if (accounts.Count == 0 && !settings.Roles.HasFlag(ServerRoles.Ingest)) return;
        throw new LogRefusedException(
            $"Topic {kafka.Topic} has usage already, and the accounts in {file} have never reported to it: they would "
            + "be taken for the ones that did, and shown their usage. Give the data folder of those, or a copy of its "
            + $"{BillingStore.FileName}.");
    }

    static async Task<bool> IsEmptyAsync(ILog log, CancellationToken cancellation)
    {
        var partitions = log.Identity.AllPartitions();
        var heads = new long[partitions.Length];
        await log.ObserveHeadsAsync(partitions, heads, cancellation);
        return heads.All(head => head == 0);
    }
}
