using Received.Model.Contracts;

namespace Received.Billing.Contracts;

/// <summary>What one version of a contract says of a line, and the half-open time in which it holds.</summary>
/// <param name="Version">Of the contract.</param>
sealed record LineSpan(long ContractId, int Version, LineTerms Line, long StartMs, long EndMs)
{
    public bool IsOf(long contractId, string lineRef) => ContractId == contractId && Line.LineRef == lineRef;

    public bool Covers(long atMs) => StartMs <= atMs && atMs < EndMs;
}

/// <summary>A version of a contract as billing reads it.</summary>
sealed record ContractVersion(int Number, long EffectiveAtMs, ContractTerms Terms);

/// <summary>
/// The lines of a contract over its life, a pure function of its versions: a version holds from its instant to the next
/// one's, the first from the beginning of time; a line holds from its first day to its end within that.
/// </summary>
static class LineSpans
{
    /// <param name="versions">In the order of their numbers.</param>
    public static IEnumerable<LineSpan> Of(long contractId, string zone, IReadOnlyList<ContractVersion> versions)
    {
        var local = CivilTime.Zone(zone);
        for (var i = 0; i < versions.Count; i++)
        {
            var from = i == 0 ? long.MinValue : versions[i].EffectiveAtMs;
            var to = i + 1 < versions.Count ? versions[i + 1].EffectiveAtMs : long.MaxValue;
            foreach (var line in versions[i].Terms.Lines)
            {
                var start = Math.Max(from, CivilTime.StartOfDay(line.Start, local));
                var end = Math.Min(to, line.End is { } last ? CivilTime.StartOfDay(last, local) : long.MaxValue);
                if (start < end) yield return new(contractId, versions[i].Number, line, start, end);
            }
        }
    }
}
