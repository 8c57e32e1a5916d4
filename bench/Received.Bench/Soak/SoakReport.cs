using System.Globalization;
using Received.Bench.Load;

namespace Received.Bench.Soak;

/// <summary>A soak for a reader: a line a sample, then a small chart of each figure.</summary>
static class SoakReport
{
    const string Bars = "▁▂▃▄▅▆▇█";

    public static void Print(SoakSample sample) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{sample.AtS,6:N0} s  RSS {sample.ResidentMib,5} MiB, heap {sample.HeapMib,4}, log {sample.LogMib,6}, disk "
            + $"{sample.DiskMib,6}; behind: rating {sample.RatingLagS:N2} s, archive {sample.ArchiveLagS:N2} s; "
            + $"{sample.Rated:N0} rated"));

    public static void Print(SoakResult result)
    {
        Chart("RSS MiB", result.Samples, sample => sample.ResidentMib);
        Chart("heap MiB", result.Samples, sample => sample.HeapMib);
        Chart("log MiB", result.Samples, sample => sample.LogMib);
        Chart("disk MiB", result.Samples, sample => sample.DiskMib);
        Chart("rating behind s", result.Samples, sample => sample.RatingLagS);
        Chart("archive behind s", result.Samples, sample => sample.ArchiveLagS);
        LoadReport.PrintRun(result.Figures);
        foreach (var finding in result.Findings) Console.WriteLine($"WRONG: {finding}");
        if (result.Findings.Count == 0)
            Console.WriteLine("Memory and log are bounded, every total is as acknowledged, the audit balances.");
    }

    static void Chart(string name, IReadOnlyList<SoakSample> samples, Func<SoakSample, double> value)
    {
        if (samples.Count == 0) return;
        var values = samples.Select(value).ToArray();
        var most = values.Max();
        var bars = values.Select(v => Bars[most <= 0 ? 0 : (int)Math.Min(Bars.Length - 1, v / most * Bars.Length)]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-16} {string.Concat(bars)}  {values.Min():N1} to {most:N1}, at the end {values[^1]:N1}"));
    }
}
