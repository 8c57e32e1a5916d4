using System.Diagnostics;

namespace Received.Server.Demo;

/// <summary>What the demo's clients have seen so far; safe for all of them at once.</summary>
sealed class DemoTally
{
    readonly Lock _lock = new();
    readonly List<double> _batchMs = [];
    readonly List<double> _singleMs = [];
    readonly Stopwatch _clock = Stopwatch.StartNew();
    readonly List<string> _surprises = [];
    long _answered;
    long _refused;
    long _sentAgain;
    long _retries;
    string? _note;

    /// <summary>Distinct events of the plan that have their final answer.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Good events sent once more on purpose, after an answer.</summary>
    public long SentAgain => Interlocked.Read(ref _sentAgain);

    /// <summary>Requests that got no final answer and were sent again.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Answers that were not what the plan foresaw; the first hundred.</summary>
    public IReadOnlyList<string> Surprises
    {
        get
        {
            lock (_lock) return [.. _surprises];
        }
    }

    /// <summary>Something to tell the person who watches.</summary>
    public void Note(string note) => Interlocked.Exchange(ref _note, note);

    public string? TakeNote() => Interlocked.Exchange(ref _note, null);

    public void StopClock() => _clock.Stop();

    public void Answer(int events, int refused)
    {
        Interlocked.Add(ref _answered, events);
        Interlocked.Add(ref _refused, refused);
    }

    public void SendAgain(int events) => Interlocked.Add(ref _sentAgain, events);

    public void Retry() => Interlocked.Increment(ref _retries);

    public void Latency(bool single, TimeSpan latency)
    {
        lock (_lock) (single ? _singleMs : _batchMs).Add(latency.TotalMilliseconds);
    }

    public void Surprise(string what)
    {
        lock (_lock)
        {
            if (_surprises.Count < 100) _surprises.Add(what);
        }
    }

    /// <summary>Milliseconds at that share (0 to 1) of the answered requests; 0 when there are none.</summary>
    public double Percentile(bool single, double share)
    {
        double[] sorted;
        lock (_lock) sorted = [.. single ? _singleMs : _batchMs];
        if (sorted.Length == 0) return 0;
        Array.Sort(sorted);
        return sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
    }
}
