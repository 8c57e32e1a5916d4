using System.Globalization;

namespace Received.Bench.Servers;

/// <summary>What a server said of itself at a moment, in Prometheus' text.</summary>
sealed class ServerReading(string text)
{
    readonly string[] _lines = text.Split('\n');

    /// <summary>Events whose fate is in the store, since the process started.</summary>
    public long Rated => (long)Values("received_rating_events_total").Sum();

    /// <summary>Events in the archive, since the process started.</summary>
    public long Archived => (long)Values("received_archive_events_total").Sum();

    public double RatingLagSeconds => Values("received_rating_lag_seconds").DefaultIfEmpty().Max();

    public double ArchiveLagSeconds => Values("received_archive_lag_seconds").DefaultIfEmpty().Max();

    public long Gen2Collections => (long)Values("dotnet_gc_collections_total", "gc_heap_generation=\"gen2\"").Sum();

    /// <summary>Bytes that the runtime has ever allocated.</summary>
    public long AllocatedBytes => (long)Values("dotnet_gc_heap_total_allocated_bytes_total").Sum();

    /// <summary>Of the managed heap after its last collection.</summary>
    public long HeapBytes => (long)Values("dotnet_gc_last_collection_heap_size_bytes").Sum();

    /// <summary>The values of a metric, of all its labels that hold <paramref name="label"/>.</summary>
    IEnumerable<double> Values(string name, string label = "") =>
        from line in _lines
        where line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length
        where line[name.Length] is ' ' or '{' && line.Contains(label, StringComparison.Ordinal)
        let labelsEnd = line.LastIndexOf('}')
        let values = line[(labelsEnd < 0 ? name.Length : labelsEnd + 1)..].Trim().Split(' ')
        select double.Parse(values[0], CultureInfo.InvariantCulture);
}
