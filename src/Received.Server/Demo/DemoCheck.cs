using System.Text.Json;
using Received.Model;

namespace Received.Server.Demo;

/// <summary>What the demo found when it compared the server's figures with its plan.</summary>
/// <param name="Planned">Distinct events of each kind, by the plan.</param>
/// <param name="Conflicts">Distinct events that the server shows as conflicts.</param>
/// <param name="Differences">Every total that is not what was sent, in words.</param>
sealed record DemoResult(
    IReadOnlyDictionary<DemoKind, long> Planned, long Conflicts, long Refused, ReadAudit Audit,
    IReadOnlyList<ReadTotal> Totals, IReadOnlyList<string> Differences)
{
    public bool Agrees => Differences.Count == 0;
}

/// <summary>Compares every total with what was sent, to the unit.</summary>
sealed class DemoCheck(DemoPlan plan, UsageReader reader, DemoTally tally, TimeProvider time)
{
    static readonly TimeSpan SettleLimit = TimeSpan.FromMinutes(3);
    static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    public async Task<DemoResult> RunAsync(CancellationToken cancellation)
    {
        var planned = Count();
        var audit = await SettleAsync(planned[DemoKind.Counted], cancellation);
        var totals = await reader.TotalsAsync($"{Range(plan)}&group=total&limit=10000", cancellation);
        var differences = CompareTotals(totals);
        var conflicts = await ConflictsAsync(cancellation);
        if (conflicts != planned[DemoKind.Conflict])
            differences.Add($"{planned[DemoKind.Conflict]:N0} conflicts were sent, the server shows {conflicts:N0}");
        if (tally.Refused != planned[DemoKind.Refused])
            differences.Add($"{planned[DemoKind.Refused]:N0} bad events were sent, {tally.Refused:N0} were refused");
        if (audit.Balanced != true) differences.Add("the audit does not balance");
        if (audit.Counted != planned[DemoKind.Counted])
            differences.Add($"{planned[DemoKind.Counted]:N0} should count, {audit.Counted:N0} do");
        differences.AddRange(tally.Surprises);
        return new(planned, conflicts, tally.Refused, audit, totals, differences);
    }

    public static string Range(DemoPlan plan) =>
        $"from={plan.From:yyyy-MM-dd'T'HH:mm:ss'Z'}&to={plan.To:yyyy-MM-dd'T'HH:mm:ss'Z'}";

    /// <summary>Waits until all that was accepted is decided and archived; totals follow within seconds.</summary>
    async Task<ReadAudit> SettleAsync(long counted, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var audit = await reader.AuditAsync(cancellation);
            if (audit is { Balanced: true, CaughtUp: true } && audit.Counted >= counted) return audit;
            if (time.GetElapsedTime(started) > SettleLimit) return audit;
            await Task.Delay(Poll, time, cancellation);
        }
    }

    Dictionary<DemoKind, long> Count()
    {
        var counts = Enum.GetValues<DemoKind>().ToDictionary(kind => kind, _ => 0L);
        for (var chunk = 0; chunk < plan.ChunkCount; chunk++)
            foreach (var planned in plan.Chunk(chunk)) counts[planned.Kind]++;
        return counts;
    }

    List<string> CompareTotals(IReadOnlyList<ReadTotal> totals)
    {
        var differences = new List<string>();
        var found = totals.ToDictionary(total => (total.CustomerRef, total.ProductRef));
        var expected = plan.Expected();
        for (var customer = 0; customer < DemoPlan.CustomerCount; customer++)
        {
            for (var product = 0; product < DemoPlan.ProductCount; product++)
            {
                var (sum, count) = expected[customer, product];
                found.Remove((plan.CustomerRef(customer), DemoPlan.ProductRef(product)), out var total);
                if (total.Sum == sum && total.Count == count) continue;
                differences.Add(
                    $"{DemoPlan.CustomerName(customer)}, {DemoPlan.ProductName(product)}: " +
                    $"sent {Quantity.Format(sum)} in {count:N0} events, " +
                    $"total {Quantity.Format(total.Sum)} in {total.Count:N0}");
            }
        }

        differences.AddRange(found.Values.Select(total => $"nobody sent {total}"));
        return differences;
    }

    /// <summary>A conflict that was sent again over the kill stands in the log twice, but is one event.</summary>
    async Task<long> ConflictsAsync(CancellationToken cancellation)
    {
        var serials = new HashSet<string>();
        await foreach (var item in reader.PagesAsync("/api/usage/events?fate=conflict&limit=1000", cancellation))
            serials.Add(Serial(item));
        return serials.Count;
    }

    static string Serial(JsonElement item) =>
        item.GetProperty("additional_report_data").GetProperty("serial").GetString() ?? "";
}
