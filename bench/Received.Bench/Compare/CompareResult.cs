using Received.Bench.Load;
using Received.Bench.Results;

namespace Received.Bench.Compare;

/// <summary>What a comparison came to, as JSON.</summary>
sealed record CompareResult
{
    public required string What { get; init; }

    public required LoadShape Shape { get; init; }

    public required bool TotalsAgree { get; init; }

    /// <summary>Of ours.</summary>
    public required long PeakResidentMib { get; init; }

    public required IReadOnlyList<ComparedServer> Servers { get; init; }
}

/// <summary>One server's rounds. Ratios are ours to it, each of one round.</summary>
sealed record ComparedServer
{
    public required string Name { get; init; }

    public required string What { get; init; }

    public required Spread AcknowledgedPerS { get; init; }

    /// <summary>Null where there are no totals.</summary>
    public Spread? RatedPerS { get; init; }

    public required Spread P50Ms { get; init; }

    public required Spread P99Ms { get; init; }

    public required Spread ServerNsPerEvent { get; init; }

    public required Spread GeneratorNsPerEvent { get; init; }

    /// <summary>Ours acknowledged and rated to its acknowledged; null for ours.</summary>
    public Spread? OursRatedRatio { get; init; }

    public Spread? OursAcknowledgedRatio { get; init; }

    public static ComparedServer Of(
        string name, string what, IReadOnlyList<ContenderRound> rounds, IReadOnlyList<ContenderRound> ours)
    {
        Spread All(Func<ContenderRound, double> value) => Spread.Of(rounds.Select(value))!;
        Spread? Ratio(Func<ContenderRound, double> value) => ReferenceEquals(rounds, ours)
            ? null
            : Spread.Of(rounds.Zip(ours, (theirs, us) => value(us) / theirs.AcknowledgedPerS));
        return new()
        {
            Name = name,
            What = what,
            AcknowledgedPerS = All(round => round.AcknowledgedPerS),
            RatedPerS = Spread.Of(rounds.Select(round => round.RatedPerS).OfType<double>()),
            P50Ms = All(round => round.P50Ms),
            P99Ms = All(round => round.P99Ms),
            ServerNsPerEvent = All(round => round.ServerNsPerEvent),
            GeneratorNsPerEvent = All(round => round.GeneratorNsPerEvent),
            OursRatedRatio = Ratio(round => round.RatedPerS ?? 0),
            OursAcknowledgedRatio = Ratio(round => round.AcknowledgedPerS),
        };
    }
}
