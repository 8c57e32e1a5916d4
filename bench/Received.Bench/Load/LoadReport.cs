using System.Globalization;
using Received.Bench.Results;

namespace Received.Bench.Load;

/// <summary>What a load came to, as JSON.</summary>
sealed record LoadResultFile
{
    public required string What { get; init; }

    public required LoadShape Shape { get; init; }

    public required double BytesPerEvent { get; init; }

    /// <summary>From the start of the server's process to the answer to its first event.</summary>
    public double? FirstEventMs { get; init; }

    /// <summary>Of the server, all memory of the process.</summary>
    public long? PeakResidentMib { get; init; }

    public required bool TotalsAgree { get; init; }

    public required IReadOnlyList<LoadFigures> Runs { get; init; }
}

/// <summary>Figures for a reader.</summary>
static class LoadReport
{
    public static void PrintRun(LoadFigures run) => Line(
        $"  {run.AcknowledgedPerS,10:N0} events/s acknowledged, {run.RatedPerS,10:N0} rated; "
        + $"p50 {run.P50Ms:N2}, p99 {run.P99Ms:N2}, max {run.MaxMs:N1} ms; rated after {run.RatedAfterS:N2} s, "
        + $"archived after {run.ArchivedAfterS:N2} s");

    public static void Print(LoadResultFile result)
    {
        Median("acknowledged", "events/s", result.Runs, run => run.AcknowledgedPerS);
        Median("rated", "events/s", result.Runs, run => run.RatedPerS);
        Median("latency p50", "ms", result.Runs, run => run.P50Ms, "N2");
        Median("latency p90", "ms", result.Runs, run => run.P90Ms, "N2");
        Median("latency p99", "ms", result.Runs, run => run.P99Ms, "N2");
        Median("latency max", "ms", result.Runs, run => run.MaxMs, "N1");
        Median("rated after", "s", result.Runs, run => run.RatedAfterS, "N2");
        Median("archived after", "s", result.Runs, run => run.ArchivedAfterS, "N2");
        Median("server", "ns of processor an event until the last answer", result.Runs, run => run.ServerNsPerEvent);
        Median("", "ns until all is archived", result.Runs, run => run.ServerNsPerEventInAll);
        Median("generator", "ns of processor an event", result.Runs, run => run.GeneratorNsPerEvent);
        Median("allocated", "bytes an event", result.Runs, run => run.AllocatedBytesPerEvent, "N2");
        Median("gen-2", "collections a run", result.Runs, run => run.Gen2Collections);
        if (result.FirstEventMs is { } first) Line($"first event      {first:N0} ms after the start of the process");
        if (result.PeakResidentMib is { } peak) Line($"peak RSS         {peak} MiB");
        Line($"totals           {(result.TotalsAgree ? "all as acknowledged" : "WRONG")}");
    }

    static void Median(
        string name, string unit, IReadOnlyList<LoadFigures> runs, Func<LoadFigures, double?> value, string form = "N0")
    {
        if (Spread.Of(runs.Select(value).OfType<double>()) is not { } spread) return;
        string Text(double figure) => figure.ToString(form, CultureInfo.InvariantCulture);
        Line($"{name,-16} {Text(spread.Median)} {unit}"
            + (spread.Count > 1 ? $"  ({Text(spread.Least)} to {Text(spread.Most)}, {spread.Count} runs)" : ""));
    }

    static void Line(string text) => Console.WriteLine(text);
}
