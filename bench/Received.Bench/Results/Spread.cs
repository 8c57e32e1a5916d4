namespace Received.Bench.Results;

/// <summary>Median, least and most of several runs.</summary>
sealed record Spread(double Median, double Least, double Most, int Count)
{
    /// <summary>Null where there is nothing.</summary>
    public static Spread? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0) return null;
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new(median, sorted[0], sorted[^1], sorted.Length);
    }
}
