using System.Diagnostics.Metrics;
using Received.Rating;
using Xunit;

namespace Received.Tests.Rating;

public sealed class RatingMetricsTests
{
    [Fact]
    public void What_has_a_series_for_each_partition_is_known_by_its_name()
    {
        var names = new List<string>();
        using var listener = new MeterListener();
        using var metrics = new RatingMetrics();
        listener.InstrumentPublished = (instrument, _) => names.Add(instrument.Name);
        metrics.Observe("rating", () => []);
        metrics.Observe("archive", () => []);
        listener.Start();
        Assert.Contains("received.rating.events", names);
        Assert.Equal(
            [
                "received.archive.lag.frames", "received.archive.lag.seconds", "received.rating.lag.frames",
                "received.rating.lag.seconds",
            ],
            names.Where(RatingMetrics.IsByPartition).Distinct().Order(StringComparer.Ordinal));
    }
}
