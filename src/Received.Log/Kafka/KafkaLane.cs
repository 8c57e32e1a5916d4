using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Received.Model;

namespace Received.Log.Kafka;

/// <summary>
/// One consumer of the log with one thread: frames of the partitions that it is asked for, in order, fetched ahead as
/// far as there is room. Goal: a reader that goes on where it stopped finds its frames here already. Invariant: each
/// feed has every offset once; what is missing is handed out as broken, never left out. Bounded: a full feed is not
/// fetched, one that nobody asks for is dropped.
/// </summary>
sealed class KafkaLane : IDisposable
{
    static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    /// <summary>More than this many offsets without a record are no accident to go past.</summary>
    const int GapMax = 1_000_000;

    readonly KafkaLogOptions _options;
    readonly KafkaHeads _heads;
    readonly TimeProvider _time;
    readonly ILogger _logger;
    readonly IConsumer<Ignore, RentedFrame> _consumer;
    readonly KafkaFeed?[] _feeds;
    readonly Lock _gate = new();
    readonly Thread _thread;
    long _bytes;
    long _tidiedAt;
    bool _closing;
    bool _disposed;

    public KafkaLane(
        KafkaLogOptions options, KafkaClients clients, KafkaHeads heads, TimeProvider time, ILogger logger)
    {
        _options = options;
        _heads = heads;
        _time = time;
        _logger = logger;
        _feeds = new KafkaFeed?[options.Partitions];
        _tidiedAt = time.GetTimestamp();
        _consumer = clients.Reader(saysEnds: true);
        _thread = new(Run) { IsBackground = true, Name = "Kafka reader" };
        _thread.Start();
    }

    /// <summary>Closed, or of no use any more: its feeds are gone.</summary>
    public bool HasEnded => Volatile.Read(ref _closing);

    /// <summary>How well it can serve the offset: where its feed of the partition is, and how long unasked.</summary>
    public (long First, long UsedAt)? Find(int partition)
    {
        lock (_gate) return _feeds[partition] is { } feed ? (feed.First, feed.UsedAt) : null;
    }

    /// <summary>Records from the offset on, at least one; waits for it.</summary>
    /// <exception cref="LogUnavailableException">Kafka does not hand it out in time.</exception>
    /// <exception cref="LogRangeException">Kafka has it no more, or not yet: the caller looks which.</exception>
    public async ValueTask<LogBatch> ReadAsync(
        PartitionId partition, long offset, int bytesMax, CancellationToken cancellation)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            // Checksums are for the reader's own thread, outside the lock.
            if (TryTake(partition.Value, offset, bytesMax, out var arrival) is { } frames) return Check(offset, frames);
            var left = _options.ReadTimeout - _time.GetElapsedTime(started);
            try
            {
                await arrival.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellation);
            }
            catch (TimeoutException)
            {
                lock (_gate) Drop(partition.Value);
                throw new LogUnavailableException(
                    $"Kafka did not hand out frame {offset} of partition {partition} in {_options.ReadTimeout}.",
                    LogUnavailableReason.Failing);
            }
        }
    }

    /// <summary>Sees to it that the partition is fetched from the offset on, so that its growth shows.</summary>
    public void Follow(PartitionId partition, long offset)
    {
        lock (_gate)
        {
            if (_closing) return;
            if (_feeds[partition.Value] is { Failure: not null }) Drop(partition.Value);
            Place(partition.Value, offset);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _closing = true;
        }

        _thread.Join();
        lock (_gate)
        {
            for (var p = 0; p < _feeds.Length; p++)
            {
                _feeds[p]?.Clear();
                _feeds[p]?.Signal();
                _feeds[p] = null;
            }
        }

        _consumer.Dispose();
    }

    /// <summary>The partition's feed, at the offset; what it holds before that is given back.</summary>
    KafkaFeed Place(int partition, long offset)
    {
        var feed = _feeds[partition];
        if (feed is null || offset < feed.First || offset > feed.Next)
        {
            Drop(partition);
            feed = new(offset);
            _feeds[partition] = feed;
        }

        while (feed.First < offset) Take(feed).Return();
        FetchIfRoom(partition, feed);
        feed.UsedAt = _time.GetTimestamp();
        return feed;
    }

    void Drop(int partition)
    {
        if (_feeds[partition] is not { } feed) return;
        _bytes -= feed.Bytes;
        feed.Clear();
        feed.Signal();
        _feeds[partition] = null;
        StopFetching(partition, feed);
    }

    /// <summary>From the frame that comes next on.</summary>
    void Fetch(int partition, KafkaFeed feed)
    {
        if (feed.IsFetched) return;
        _consumer.IncrementalAssign([new TopicPartitionOffset(_options.Topic, partition, feed.Next)]);
        feed.IsFetched = true;
    }

    /// <summary>
    /// Not by librdkafka's pause: where all partitions are paused its fetcher sleeps for up to a second and is not
    /// woken by the end of a pause, only by an assignment; and a pause outlasts the assignment (librdkafka 2.15).
    /// </summary>
    void StopFetching(int partition, KafkaFeed feed)
    {
        if (!feed.IsFetched) return;
        feed.IsFetched = false;
        _consumer.IncrementalUnassign([new TopicPartition(_options.Topic, partition)]);
    }

    List<RentedFrame>? TryTake(int partition, long offset, int bytesMax, out Task arrival)
    {
        lock (_gate)
        {
            if (_closing) throw new LogUnavailableException("The log is closed.", LogUnavailableReason.Closing);
            var feed = Place(partition, offset);
            if (feed.Failure is { } failure && feed.Count == 0)
            {
                Drop(partition);
                throw new LogUnavailableException(failure, LogUnavailableReason.Failing);
            }

            arrival = Task.CompletedTask;
            if (feed.Count > 0) return Take(partition, feed, bytesMax);
            arrival = (feed.Arrival ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            return null;
        }
    }

    List<RentedFrame> Take(int partition, KafkaFeed feed, int bytesMax)
    {
        var frames = new List<RentedFrame>();
        var bytes = 0L;
        do
        {
            var frame = Take(feed);
            frames.Add(frame);
            bytes += frame.Length;
        }
        while (feed.Count > 0 && bytes < bytesMax);

        FetchIfRoom(partition, feed);
        return frames;
    }

    void FetchIfRoom(int partition, KafkaFeed feed)
    {
        var hasRoom = feed.Bytes < FeedBytesMax / 2 && _bytes < _options.ReadAheadBytes / 2;
        if (hasRoom || feed.Count == 0 || feed.Bytes < ShareBytes / 2) Fetch(partition, feed);
    }

    RentedFrame Take(KafkaFeed feed)
    {
        var frame = feed.Take();
        _bytes -= frame.Length;
        return frame;
    }

    static LogBatch Check(long offset, List<RentedFrame> frames)
    {
        var records = new LogRecord[frames.Count];
        for (var i = 0; i < records.Length; i++) records[i] = LogRecord.Of(offset + i, frames[i].Bytes);
        return new(records, new RentedFrames(frames));
    }

    /// <summary>What one partition may hold while there is room.</summary>
    int FeedBytesMax => Math.Max(FrameLimits.RawBytesMax + FrameHeader.Bytes, _options.ReadAheadBytes / 4);

    /// <summary>
    /// What each may hold whatever others do: a reader whose turn has not come (an archive that yields) leaves its
    /// partitions full, and nobody else shall wait for that.
    /// </summary>
    int ShareBytes => _options.ReadAheadBytes / _options.Partitions;

    void Run()
    {
        try
        {
            while (true)
            {
                lock (_gate)
                    if (_closing) return;
                try
                {
                    if (_consumer.Consume(Slice) is { } result) Took(result);
                }
                catch (ConsumeException error)
                {
                    Failed(error);
                }

                Tidy();
            }
        }
        catch (Exception error)
        {
            // A reader without its thread would wait for ever: its loops see an error, and try again with another.
            LogMessages.ReaderEnded(_logger, error);
            lock (_gate)
            {
                _closing = true;
                foreach (var feed in _feeds) feed?.Signal();
            }
        }
    }

    void Took(ConsumeResult<Ignore, RentedFrame> result)
    {
        var partition = result.Partition.Value;
        var offset = result.Offset.Value;
        // The end is a record's place without a record: what is missing before it shows all the same.
        RentedFrame? frame = result.IsPartitionEOF ? null : result.Message.Value;
        lock (_gate)
        {
            // Fetched before the feed was dropped or placed elsewhere.
            var isWanted = _feeds[partition] is { Failure: null } feed && offset >= feed.Next
                && (offset == feed.Next || FillGap(partition, feed, offset));
            if (!isWanted)
            {
                frame?.Return();
                return;
            }

            if (frame is { } whole) Add(partition, _feeds[partition]!, whole);
        }

        _heads.LearnHead(partition, frame is null ? offset : offset + 1);
    }

    void Add(int partition, KafkaFeed feed, RentedFrame frame)
    {
        feed.Add(frame);
        _bytes += frame.Length;
        feed.Signal();
        if (feed.Bytes >= FeedBytesMax || (_bytes >= _options.ReadAheadBytes && feed.Bytes >= ShareBytes))
            StopFetching(partition, feed);
    }

    /// <summary>
    /// Offsets without a record: a log of ours has none. They are fetched once more, and then count as broken (law
    /// 11).
    /// </summary>
    /// <returns>Whether the feed goes on with the record behind them.</returns>
    bool FillGap(int partition, KafkaFeed feed, long offset)
    {
        if (feed.GapAt != feed.Next)
        {
            feed.GapAt = feed.Next;
            StopFetching(partition, feed);
            Fetch(partition, feed);
            return false;
        }

        LogMessages.OffsetsMissing(_logger, partition, feed.Next, offset - 1);
        if (offset - feed.Next > GapMax)
        {
            feed.Failure = $"Partition {partition} has no frames from {feed.Next} to {offset - 1}: something else "
                + $"writes to topic {_options.Topic}, or it is compacted.";
            feed.Signal();
            return false;
        }

        while (feed.Next < offset) feed.Add(new([], 0));
        feed.Signal();
        return true;
    }

    void Failed(ConsumeException error)
    {
        var partition = error.ConsumerRecord.Partition.Value;
        if (partition < 0 || partition >= _feeds.Length) return;
        var reason = error.Error.Code == ErrorCode.Local_AutoOffsetReset
            ? $"Kafka has no such offset in partition {partition}: {error.Error.Reason}."
            : KafkaFault.Say(_options, error.Error, null);
        lock (_gate)
        {
            if (_feeds[partition] is not { } feed) return;
            LogMessages.PartitionUnreadable(_logger, partition, reason);
            feed.Failure = reason;
            feed.Signal();
        }
    }

    /// <summary>Lets go of partitions that nobody reads any more.</summary>
    void Tidy()
    {
        if (_time.GetElapsedTime(_tidiedAt) < IdleMax / 10) return;
        _tidiedAt = _time.GetTimestamp();
        lock (_gate)
        {
            for (var p = 0; p < _feeds.Length; p++)
            {
                if (_feeds[p] is not { } feed || _time.GetElapsedTime(feed.UsedAt) < IdleMax) continue;
                // Somebody sleeps until it grows.
                if (feed is { Count: 0, Failure: null } && _heads.IsAwaited(p)) continue;
                Drop(p);
            }
        }
    }
}
