using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Received.Rating;

namespace Received.Bench.Replay;

/// <summary>What a stretch of the run costs: wall, processor and allocations from its making on, and each flush of the
/// loops.</summary>
sealed class ReplayMeasure : IDisposable
{
    readonly Dictionary<string, List<double>> _flushes = [];
    readonly MeterListener _listener = new();
    readonly long _started = Stopwatch.GetTimestamp();
    readonly TimeSpan _processor = Process.GetCurrentProcess().TotalProcessorTime;
    readonly long _allocated = GC.GetTotalAllocatedBytes(precise: true);

    readonly int _fullCollections = GC.CollectionCount(2);

    public ReplayMeasure()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is Histogram<double> && instrument.Meter.Name == RatingMetrics.MeterName)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>(
            (_, seconds, tags, _) => Flushed((string)tags[0].Value!, seconds));
        _listener.Start();
    }

    public void Print(string name, long events)
    {
        var wall = Stopwatch.GetElapsedTime(_started);
        var process = Process.GetCurrentProcess();
        var processor = process.TotalProcessorTime - _processor;
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - _allocated;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-8} {events / wall.TotalSeconds,12:N0} events/s  {processor.TotalNanoseconds / events,7:N0} ns of"
                + $" processor an event  {(double)allocated / events,7:N2} B allocated an event  RSS"
                + $" {process.WorkingSet64 >> 20} MiB (peak {process.PeakWorkingSet64 >> 20})"
                + $"  {GC.CollectionCount(2) - _fullCollections} full collections"));
        lock (_flushes)
        {
            foreach (var (loop, seconds) in _flushes.OrderBy(pair => pair.Key))
            {
                seconds.Sort();
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"         {loop}: {seconds.Count} flushes, p50 {At(seconds, 0.5):N0} ms, p99"
                        + $" {At(seconds, 0.99):N0} ms, longest {seconds[^1] * 1000:N0} ms"));
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    void Flushed(string loop, double seconds)
    {
        lock (_flushes)
        {
            if (!_flushes.TryGetValue(loop, out var list)) _flushes.Add(loop, list = []);
            list.Add(seconds);
        }
    }

    static double At(List<double> sorted, double share) => sorted[(int)(share * (sorted.Count - 1))] * 1000;
}
