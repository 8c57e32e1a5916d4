using System.Diagnostics;
using Received.Bench.Load;
using Xunit;

namespace Received.Tests.Bench;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void A_percentile_is_at_most_one_percent_above_the_true_one_and_never_below()
    {
        var random = new Random(1);
        var histogram = new LatencyHistogram();
        var values = new List<long>();
        for (var i = 0; i < 10_000; i++) values.Add((long)Math.Exp(random.NextDouble() * 30));
        foreach (var value in values) histogram.Add(value);
        values.Sort();
        foreach (var share in new[] { 0.001, 0.5, 0.9, 0.99, 1 })
        {
            var exact = values[(int)Math.Ceiling(share * values.Count) - 1] * 1000.0 / Stopwatch.Frequency;
            Assert.InRange(histogram.Ms(share), exact * 0.999_999, exact * 1.01);
        }
    }

    [Fact]
    public void Histograms_of_several_threads_add_up()
    {
        var (one, other) = (new LatencyHistogram(), new LatencyHistogram());
        one.Add(1);
        other.Add(long.MaxValue);
        one.Add(other);
        Assert.Equal((2, long.MaxValue), (one.Count, one.Max));
        Assert.Equal(1000.0 / Stopwatch.Frequency, one.Ms(0.5), 12);
    }
}
