using System.Globalization;
using Received.Bench.Load;
using Received.Bench.Results;

namespace Received.Bench.Soak;

/// <summary>What a soak bears.</summary>
/// <param name="MemoryMib">How much more memory the server may hold at the end than half way, beside keys.</param>
/// <param name="LagS">How far rating or archive may be behind at the end.</param>
sealed record SoakLimits(int MemoryMib, int LagS)
{
    const int SamplesMin = 4;
    const double BytesPerKey = 4;

    /// <summary>The log breathes by what lies between two trims.</summary>
    const double LogGrowthMax = 1.5;

    public IEnumerable<string> Check(IReadOnlyList<SoakSample> samples, LoadShape shape)
    {
        if (samples.Count < SamplesMin)
        {
            yield return $"Only {samples.Count} samples: longer, or with a smaller --every.";
            yield break;
        }

        var half = samples.Count / 2;
        var middle = samples.Skip(half - 1).Take(Math.Max(2, half / 2)).ToList();
        var end = samples.TakeLast(Math.Max(2, half / 2)).ToList();
        var keys = (end[^1].Rated - middle[0].Rated) * shape.Keyed;
        var allowed = MemoryMib + (keys * BytesPerKey / (1 << 20));
        var grown = Median(end, sample => sample.ResidentMib) - Median(middle, sample => sample.ResidentMib);
        if (grown > allowed)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"Memory grew by {grown:N0} MiB in the second half; {allowed:N0} MiB are allowed.");
        var logBefore = samples.Take(half).Max(sample => sample.LogMib);
        var logAfter = samples.Skip(half).Max(sample => sample.LogMib);
        if (logAfter > logBefore * LogGrowthMax)
            yield return $"The log grew from {logBefore} MiB to {logAfter} MiB: it is not being trimmed.";
        if (end[^1].RatingLagS > LagS) yield return $"Rating was {end[^1].RatingLagS:N1} s behind at the end.";
        if (end[^1].ArchiveLagS > LagS) yield return $"The archive was {end[^1].ArchiveLagS:N1} s behind at the end.";
    }

    static double Median(IEnumerable<SoakSample> samples, Func<SoakSample, double> value) =>
        Spread.Of(samples.Select(value))!.Median;
}
