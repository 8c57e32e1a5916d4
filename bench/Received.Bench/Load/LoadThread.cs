using System.Diagnostics;

namespace Received.Bench.Load;

/// <summary>
/// One thread of the generator and its connections. Closed loop: a request follows the last answer. Open loop: requests
/// are due at even distances, any free connection takes the next one, and its latency begins when it was due.
/// </summary>
sealed class LoadThread(LoadShape shape, IReadOnlyList<LoadConnection> connections, int threads, int number)
    : IDisposable
{
    static readonly long Patience = 60 * Stopwatch.Frequency;

    readonly Epoll _epoll = new();
    // They take turns: one that is never needed is closed by the server after its keep-alive timeout.
    readonly Queue<LoadConnection> _free = [];
    long _due;
    long _end;
    long _left;
    int _busy;

    public LatencyHistogram Latencies { get; } = new();

    /// <summary>Events answered with 200.</summary>
    public long Acknowledged { get; private set; }

    public long Requests { get; private set; }

    /// <summary>Requests with another answer than 200.</summary>
    public long Refused { get; private set; }

    public string? FirstRefusal { get; private set; }

    /// <summary>Of the stopwatch.</summary>
    public long LastAnswer { get; private set; }

    /// <summary>Between two requests of this thread, in ticks; 0: closed loop.</summary>
    long Interval => shape.Rate == 0 ? 0 : Stopwatch.Frequency * shape.Batch * threads / shape.Rate;

    /// <summary>Until <paramref name="end"/>, and then until what is under way has its answer.</summary>
    /// <exception cref="IOException">A connection broke, or the server does not answer.</exception>
    /// <param name="requestsMax">No more are started, whatever the time.</param>
    public void Run(long start, long end, long requestsMax)
    {
        _left = requestsMax;
        for (var i = 0; i < connections.Count; i++)
        {
            _epoll.Watch(connections[i].Socket, i);
            _free.Enqueue(connections[i]);
        }

        _end = end;
        _due = start + (Interval * number / threads);
        while (true)
        {
            var now = Stopwatch.GetTimestamp();
            StartWhatIsDue(now);
            if (_busy == 0 && (now >= end || _left == 0)) return;
            var ready = _epoll.Wait(Math.Min(Patience, NextDue(now) - now));
            for (var i = 0; i < ready; i++) Continue(connections[_epoll.IndexAt(i)]);
            if (ready == 0) CheckPatience();
        }
    }

    public void Dispose() => _epoll.Dispose();

    long NextDue(long now)
    {
        if (_free.Count == 0 || _left == 0 || (_busy > 0 && _due >= _end)) return long.MaxValue;
        return now < _end ? Math.Min(_due, _end) : long.MaxValue;
    }

    /// <summary>What was due before the end is sent, however late: an open loop shows all of its delay.</summary>
    void StartWhatIsDue(long now)
    {
        while (_free.Count > 0 && _left > 0 && (Interval == 0 ? now : _due) is var due && due <= now && due < _end)
        {
            _free.Dequeue().Start(due);
            _due += Interval;
            _left--;
            _busy++;
        }
    }

    void Continue(LoadConnection connection)
    {
        var since = connection.Since;
        var status = connection.Continue();
        if (status == 0) return;
        LastAnswer = Stopwatch.GetTimestamp();
        Requests++;
        _busy--;
        if (status == 200)
        {
            connection.Request.Acknowledged++;
            Acknowledged += connection.Request.Events;
            Latencies.Add(LastAnswer - since);
        }
        else
        {
            Refused++;
            FirstRefusal ??= connection.AnswerText;
        }

        _free.Enqueue(connection);
    }

    void CheckPatience()
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var connection in connections)
            if (connection.IsBusy && now - connection.Since > Patience)
                throw new IOException("No answer within a minute.");
    }
}
