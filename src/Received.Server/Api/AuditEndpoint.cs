using Received.Log;
using Received.Rating;
using Received.Server.Hosting;

namespace Received.Server.Api;

/// <summary>
/// Law 3 and law 5 in figures: <c>GET /api/audit</c>, <c>POST /api/admin/rerate</c>. They need the scope admin:
/// partitions are shared by all accounts.
/// </summary>
static class AuditEndpoint
{
    public static async Task<IResult> Handle(HttpContext http, UsageAudit audit, ILog log, Engine engine)
    {
        if (engine.Refusal is { } refusal) return Problem.LogRefused(refusal);
        // Heads first: "caught up" then means that all that was in the log when it was asked is in these figures.
        var partitions = log.Identity.AllPartitions();
        var heads = new long[partitions.Length];
        await log.ObserveHeadsAsync(partitions, heads, http.RequestAborted);
        var report = await audit.ReadAsync(http.RequestAborted);
        var rated = report.Partitions.ToDictionary(part => part.Rated.Partition.Value, part => part.Rated.Next);
        var caughtUp = heads.Index().All(head => rated.GetValueOrDefault((ushort)head.Index) >= head.Item);
        // Further than the log is now: it has lost what is counted, and what it takes is not rated.
        await log.ObserveHeadsAsync(partitions, heads, http.RequestAborted);
        caughtUp &= heads.Index().All(head => rated.GetValueOrDefault((ushort)head.Index) <= head.Item);
        return TypedResults.Ok(new AuditAnswer(
            [.. report.Partitions.Select(part => ToItem(part.Figures) with
            {
                Partition = part.Rated.Partition.Value,
                Generation = part.Rated.Generation,
                Offset = part.Rated.Next,
                Archived = part.Archived,
            })],
            ToItem(report.Total), report.Total.Balanced, caughtUp));
    }

    public static async Task<IResult> HandleRerate(HttpContext http, RerateRun rerate, Engine engine)
    {
        if (engine.Refusal is { } refusal) return Problem.LogRefused(refusal);
        var result = await rerate.RunAsync(http.RequestAborted);
        if (result is null)
            return Problem.Of(
                409, "rerate_running", "Totals are being made anew already; ask again when that is done.");
        return TypedResults.Ok(new RerateAnswer(
            result.Equal, result.Lines, result.Frames, result.Events,
            [.. result.Differences.Select(d => new RerateDifference(d.Line, d.Live, d.Anew))],
            result.Duration.TotalSeconds));
    }

    static AuditItem ToItem(AuditFigures figures) => new(
        null, null, null, null, figures.Accepted, figures.Counted, figures.Duplicate, figures.Conflict, figures.Voided,
        figures.Parked.Where(entry => entry.Value > 0)
            .ToDictionary(entry => EventsEndpoints.ReasonName(entry.Key), entry => entry.Value),
        figures.UnknownFrames, figures.Balanced);
}
