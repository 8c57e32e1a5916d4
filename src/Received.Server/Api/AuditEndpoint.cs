using Received.Log;
using Received.Usage;

namespace Received.Server.Api;

/// <summary>
/// <c>GET /api/audit</c>: law 3 in figures. Needs the scope admin: partitions are shared by all accounts.
/// </summary>
static class AuditEndpoint
{
    public static async Task<IResult> Handle(HttpContext http, IUsageStore store, ILog log)
    {
        // Heads first: "caught up" then means that all that was in the log when it was asked is in these figures.
        var heads = Enumerable.Range(0, log.Identity.PartitionCount)
            .Select(partition => log.Extent(new((ushort)partition)).Head).ToList();
        return TypedResults.Ok(ToAnswer(await store.ReadAuditAsync(http.RequestAborted), heads));
    }

    static AuditAnswer ToAnswer(IReadOnlyList<AuditLine> lines, IReadOnlyList<long> heads)
    {
        var rated = lines.ToDictionary(line => line.Rated.Partition.Value, line => line.Rated.Next);
        var caughtUp = heads.Index().All(head => rated.GetValueOrDefault((ushort)head.Index) >= head.Item);
        var items = lines.Select(ToItem).ToList();
        var accepted = items.All(item => item.Accepted is not null) ? items.Sum(item => item.Accepted) : null;
        var parked = items.SelectMany(item => item.Parked).GroupBy(entry => entry.Key)
            .ToDictionary(group => group.Key, group => group.Sum(entry => entry.Value));
        var balanced = Together(items.Select(item => item.Balanced));
        var total = new AuditItem(
            null, null, null, accepted, items.Sum(item => item.Counted), items.Sum(item => item.Duplicate),
            items.Sum(item => item.Conflict), items.Sum(item => item.Voided), parked,
            items.Sum(item => item.UnknownFrames), balanced);
        return new(items, total, balanced, caughtUp);
    }

    static AuditItem ToItem(AuditLine line)
    {
        var decided = line.Counted + line.Duplicate + line.Conflict + line.Voided + line.ParkedTotal;
        // A broken header hides how many events it held: then nobody can say that nothing is missing.
        bool? balanced = line.Accepted is not { } accepted ? null
            : accepted != decided ? false
            : line.UnknownFrames > 0 ? null : true;
        return new(
            line.Rated.Partition.Value, line.Rated.Generation, line.Rated.Next, line.Accepted, line.Counted,
            line.Duplicate, line.Conflict, line.Voided,
            line.Parked.Where(entry => entry.Value > 0)
                .ToDictionary(entry => EventsEndpoints.ReasonName(entry.Key), entry => entry.Value),
            line.UnknownFrames, balanced);
    }

    /// <summary>False if one is false; else unknown if one is unknown.</summary>
    static bool? Together(IEnumerable<bool?> parts)
    {
        var all = parts.ToList();
        return all.Contains(false) ? false : all.Contains(null) ? null : true;
    }
}
