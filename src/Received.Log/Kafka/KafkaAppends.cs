using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Received.Log.Kafka;

/// <summary>
/// The way into Kafka. Goal: law 1. Invariant: a frame is acknowledged only with the offset that the broker reported
/// after all replicas in sync had it, or at which it was found when it was read back. Everything else is unavailable,
/// within a bounded time. Order: the producer keeps the order of the calls within a partition, through its retries
/// too (idempotence).
/// </summary>
sealed class KafkaAppends : IAsyncDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan MakePause = TimeSpan.FromSeconds(1);

    readonly KafkaLogOptions _options;
    readonly KafkaClients _clients;
    readonly KafkaHeads _heads;
    readonly TimeProvider _time;
    readonly KafkaReadBack _readBack;
    readonly Action<string> _replaced;
    readonly ILogger _logger;
    readonly Lock _gate = new();
    readonly HashSet<PendingFrame> _pending = [];
    readonly TopicPartition[] _partitions;
    // Null while one is made anew.
    Producing? _producer;
    Task _replacing = Task.CompletedTask;
    bool _closed;
    long _queuedBytes;
    long _bytesAppended;

    /// <param name="replaced">Called when an offset shows that the topic is another one.</param>
    public KafkaAppends(
        KafkaLogOptions options, KafkaClients clients, KafkaHeads heads, KafkaReadBack readBack,
        Action<string> replaced, TimeProvider time, ILogger logger)
    {
        _time = time;
        _options = options;
        _clients = clients;
        _heads = heads;
        _readBack = readBack;
        _replaced = replaced;
        _logger = logger;
        _partitions = [.. Enumerable.Range(0, options.Partitions).Select(p => new TopicPartition(options.Topic, p))];
        _producer = MakeProducer(0);
    }

    /// <summary>Frame bytes that wait for Kafka's answer.</summary>
    public long QueuedBytes => Volatile.Read(ref _queuedBytes);

    /// <summary>Frame bytes acknowledged since the start.</summary>
    public long BytesAppended => Volatile.Read(ref _bytesAppended);

    public Task<long> AppendAsync(in FrameHeader header, ReadOnlyMemory<byte> frame)
    {
        Producing producer;
        PendingFrame pending;
        lock (_gate)
        {
            if (_closed) return Task.FromException<long>(Closed());
            if (_producer is null) return Task.FromException<long>(BetweenProducers());
            producer = _producer;
            producer.Calls++;
            pending = Expect(producer.Number, header, frame.Length);
        }

        try
        {
            producer.Client.Produce(_partitions[pending.Partition], new() { Value = frame }, pending.Delivered);
        }
        catch (ProduceException<Null, ReadOnlyMemory<byte>> error)
        {
            // Refused before it was taken, so it is not in the log.
            Fail(pending, error.Error);
        }
        finally
        {
            lock (_gate) producer.Calls--;
        }

        return pending.Task;
    }

    /// <summary>A frame that gets its answer through <see cref="Delivered"/>, or at the end.</summary>
    public PendingFrame Expect(int producer, in FrameHeader header, int bytes)
    {
        lock (_gate)
        {
            var pending = new PendingFrame(
                this, producer, header, bytes, _heads.Extent(header.Partition).Head);
            _pending.Add(pending);
            _queuedBytes += bytes;
            return pending;
        }
    }

    /// <summary>Kafka's answer for a frame; from the client's own thread.</summary>
    public void Delivered(PendingFrame pending, DeliveryReport<Null, ReadOnlyMemory<byte>> report)
    {
        if (!report.Error.IsError && report.Offset.Value >= 0) Acknowledge(pending, report.Offset.Value);
        else if (report.Error.IsError && report.Status == PersistenceStatus.NotPersisted) Fail(pending, report.Error);
        else _readBack.Add(pending, report.Error);
    }

    /// <summary>The frame is durable at this offset.</summary>
    public void Acknowledge(PendingFrame pending, long offset)
    {
        if (!Settle(pending)) return;
        if (offset < pending.Floor)
        {
            // Offsets of one log only grow: these are another topic's.
            var reason = $"Partition {pending.Partition} gave out offset {offset} below its head {pending.Floor}: "
                + $"topic {_options.Topic} was deleted and made anew.";
            _replaced(reason);
            pending.SetException(new LogUnavailableException(reason, LogUnavailableReason.Failing));
            return;
        }

        Interlocked.Add(ref _bytesAppended, pending.Bytes);
        _heads.LearnHead(pending.Partition, offset + 1);
        pending.SetResult(offset);
    }

    /// <summary>The frame is not in the log, or nobody knows or will.</summary>
    public void Fail(PendingFrame pending, Error error)
    {
        if (!Settle(pending)) return;
        var reason = error.Code == ErrorCode.Local_QueueFull
            ? LogUnavailableReason.Busy
            : LogUnavailableReason.Failing;
        pending.SetException(new LogUnavailableException(
            KafkaFault.Say(_options, error, _clients.LastError), reason));
    }

    /// <summary>Sends what waits and has it answered; what has no answer by then is unknown.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
        }

        await _replacing;
        if (_producer is { } last) await Task.Run(() => Retire(last));
        await _readBack.StopAsync();
        List<PendingFrame> left;
        lock (_gate) left = [.. _pending];
        foreach (var pending in left)
            if (Settle(pending)) pending.SetException(Closed());
    }

    Producing MakeProducer(int number) => new(
        _clients.Producer(error => ThreadPool.QueueUserWorkItem(_ => Replace(number, error))), number);

    /// <summary>
    /// A producer that met a fatal error takes nothing more. The next one is made when every frame of it has its
    /// answer: an acknowledged frame stands before all that come later, or rating could take it for a copy.
    /// </summary>
    public void Replace(int number, Error error)
    {
        lock (_gate)
        {
            if (_closed || _producer is not { } old || old.Number != number) return;
            LogMessages.ProducerReplaced(_logger, KafkaFault.Say(_options, error, null));
            _producer = null;
            _replacing = ReplaceAsync(old);
        }
    }

    async Task ReplaceAsync(Producing old)
    {
        await Task.Run(() => Retire(old));
        while (IsExpected(old.Number)) await Task.Delay(Look, _time);
        while (!TryMakeNext(old.Number + 1)) await Task.Delay(MakePause, _time);
    }

    bool IsExpected(int number)
    {
        lock (_gate) return _pending.Any(pending => pending.Producer == number);
    }

    bool TryMakeNext(int number)
    {
        lock (_gate)
        {
            if (_closed) return true;
            try
            {
                _producer = MakeProducer(number);
                return true;
            }
            catch (Exception error)
            {
                // Doors answer 503 until there is one.
                LogMessages.ProducerNotMade(_logger, error.Message);
                return false;
            }
        }
    }

    /// <summary>
    /// Waits for all its reports; every frame has one within the append timeout. Frames that are still without were
    /// never reported on: read back like those whose report was unclear.
    /// </summary>
    void Retire(Producing old)
    {
        // A call holds the client for microseconds; it must not be taken from under it.
        SpinWait.SpinUntil(() =>
        {
            lock (_gate) return old.Calls == 0;
        });
        old.Client.Flush(_options.AppendTimeout + TimeSpan.FromSeconds(1));
        old.Client.Dispose();
        List<PendingFrame> left;
        lock (_gate) left = [.. _pending.Where(pending => pending.Producer == old.Number)];
        foreach (var pending in left) _readBack.Add(pending, new(ErrorCode.Local_MsgTimedOut));
    }

    /// <summary>Whether it was still open: reports, read-backs and the end may come at once.</summary>
    bool Settle(PendingFrame pending)
    {
        lock (_gate)
        {
            if (!_pending.Remove(pending)) return false;
            _queuedBytes -= pending.Bytes;
            return true;
        }
    }

    static LogUnavailableException BetweenProducers() => new(
        "Kafka's producer gave up and is being made anew.", LogUnavailableReason.Failing);

    static LogUnavailableException Closed() => new("The log is closed.", LogUnavailableReason.Closing);

    /// <summary>A producer, and how many threads are in a call of it.</summary>
    sealed class Producing(IProducer<Null, ReadOnlyMemory<byte>> client, int number)
    {
        public IProducer<Null, ReadOnlyMemory<byte>> Client { get; } = client;

        public int Number { get; } = number;

        public int Calls { get; set; }
    }
}
