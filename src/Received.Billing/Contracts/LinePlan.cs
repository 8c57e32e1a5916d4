using NodaTime;
using Received.Billing.Store;
using Received.Model.Contracts;

namespace Received.Billing.Contracts;

/// <summary>
/// A line as all versions of its contract leave it. The newest version that has it says what it is; where the next one
/// leaves it out, it ends when that one takes effect.
/// </summary>
sealed record LinePlan(LineTerms Terms, long? RemovedAtMs)
{
    /// <summary>Two months: cycles and their issue dates are known so long before.</summary>
    public const long HorizonMs = 62 * 86_400_000L;

    /// <param name="versions">All of a contract, ascending.</param>
    /// <exception cref="System.Text.Json.JsonException">Stored terms cannot be read.</exception>
    public static IReadOnlyList<LinePlan> Of(IReadOnlyList<ContractVersionRow> versions)
    {
        var lines = new Dictionary<string, LinePlan>(StringComparer.Ordinal);
        for (var i = versions.Count - 1; i >= 0; i--)
        {
            long? removedAtMs = i + 1 < versions.Count ? versions[i + 1].EffectiveAtMs : null;
            foreach (var line in TermsJson.Read(versions[i].Terms).Lines)
                lines.TryAdd(line.LineRef, new(line, removedAtMs));
        }

        return [.. lines.Values];
    }

    /// <summary>
    /// Cycles that shall have rows, from that number on: those that start or are issued within the horizon, the one
    /// under way and the one after it, and those that have rows already and that the line still has.
    /// </summary>
    /// <param name="lastMade">The highest number that has a row, or -1.</param>
    /// <exception cref="ScheduleException">A boundary has no instant that usage can be cut at.</exception>
    public IEnumerable<ScheduledCycle> Wanted(DateTimeZone zone, int from, int lastMade, long nowMs)
    {
        var ahead = 0;
        foreach (var cycle in new CycleSchedule(Terms, zone, RemovedAtMs).From(from))
        {
            if (cycle.StartMs > nowMs) ahead++;
            var isFar = Math.Min(cycle.StartMs, cycle.IssueAtMs) >= nowMs + HorizonMs;
            if (isFar && ahead > 1 && cycle.Number > lastMade) yield break;
            yield return cycle;
        }
    }
}
