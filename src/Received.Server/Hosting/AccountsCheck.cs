using Received.Billing.Access;
using Received.Billing.Store;
using Received.Log.Kafka;
using Received.Log.Segments;
using Received.Server.Options;

namespace Received.Server.Hosting;

/// <summary>
/// Law 12 where the log does not lie in the data folder: it serves the accounts of one database, the first that claimed
/// it. Others would be numbered like those, and see their usage. A rater or an archiver needs no accounts, so it may
/// have a folder of its own; accounts that are made there later are not served.
/// </summary>
sealed class AccountsCheck(
    Settings settings, KafkaLog? log, BillingStore billing, TimeProvider time, ILogger<AccountsCheck> logger)
{
    /// <summary>A rater may be there before the door that claims the topic for the accounts of both.</summary>
    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    readonly ServedLog _served = new(billing);
    readonly AccountBook _accounts = new(billing, time);
    bool? _areOurs;
    long? _lookedAt;

    string File => Path.Combine(settings.Folder, BillingStore.FileName);

    /// <summary>At every start, whatever the roles.</summary>
    /// <exception cref="LogRefusedException">The accounts and the log do not belong together.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (log is null)
        {
            _areOurs = true;
            return;
        }

        var known = await _served.ReadAsync(cancellation);
        if (known is not null && known != log.Identity.Id) throw Another();
        var mine = await _served.ReadDatabaseAsync(cancellation);
        var holder = await log.ReadAccountsAsync();
        var isDoor = settings.Roles.HasFlag(ServerRoles.Ingest);
        var isNeeded = isDoor || await HasAccountsAsync(cancellation);
        if (holder is null && isNeeded)
        {
            if (known is null && !await IsEmptyAsync(log, cancellation)) throw Strangers();
            // Only a door fills it: anything else may have been given an empty topic by mistake. One that is known and
            // nobody's is from before topics said whose they are.
            if (known is null && !isDoor) return;
            holder = await log.ClaimAsync(mine);
        }

        if (holder is not null) _areOurs = holder == mine;
        if (_areOurs == true)
        {
            await _served.NoteAsync(log.Identity.Id, cancellation);
            return;
        }

        if (isNeeded) throw known is null ? Strangers() : Second();
        if (_areOurs == false) logger.AccountsOfOthers(settings.Kafka!.Topic, File);
    }

    /// <summary>Whether this process may answer for the accounts of its folder.</summary>
    public async ValueTask<bool> MayServeAsync(CancellationToken cancellation)
    {
        if (_areOurs is { } decided) return decided;
        if (_lookedAt is { } last && time.GetElapsedTime(last) < LookAgain) return false;
        _lookedAt = time.GetTimestamp();
        if (!await HasAccountsAsync(cancellation)) return false;
        try
        {
            if (await log!.ReadAccountsAsync() is not { } holder) return false;
            _areOurs = holder == await _served.ReadDatabaseAsync(cancellation);
        }
        catch (LogRefusedException)
        {
            // Kafka is away, as health says: asked again.
            return false;
        }

        if (_areOurs == false) logger.AccountsOfOthers(settings.Kafka!.Topic, File);
        return _areOurs.Value;
    }

    async Task<bool> HasAccountsAsync(CancellationToken cancellation) =>
        (await _accounts.ListAsync(cancellation)).Count > 0;

    static async Task<bool> IsEmptyAsync(KafkaLog log, CancellationToken cancellation)
    {
        var partitions = log.Identity.AllPartitions();
        var heads = new long[partitions.Length];
        await log.ObserveHeadsAsync(partitions, heads, cancellation);
        return heads.All(head => head == 0);
    }

    LogRefusedException Another() => new(
        $"The accounts in {File} report to another log than topic {settings.Kafka!.Topic}: they would be shown the "
        + "usage of that one's accounts. Give the topic of that log, or the data folder of this one.");

    LogRefusedException Strangers() => new(
        $"Topic {settings.Kafka!.Topic} is another data folder's, and the accounts in {File} have never reported to "
        + "it: they would be taken for the ones that do, and shown their usage. Give the data folder of those, or a "
        + $"copy of its {BillingStore.FileName}.");

    LogRefusedException Second() => new(
        $"The accounts in {File} and those of another data folder both began on topic {settings.Kafka!.Topic} and are "
        + "numbered alike, and the others were noted in it first: give the data folder of those, or a copy of its "
        + $"{BillingStore.FileName}.");
}
