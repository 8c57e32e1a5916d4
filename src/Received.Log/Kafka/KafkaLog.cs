using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using Received.Log.Segments;
using Received.Model;

namespace Received.Log.Kafka;

/// <summary>
/// A topic of Kafka as the log: one frame a record. Goal: law 1 with the broker's acknowledgement of all replicas in
/// sync. Invariant: the topic is the one of <see cref="Identity"/>; one that was deleted and made anew is noticed, and
/// then nothing is appended or read any more. Reading has nothing to do with who owns a partition: any process may
/// read any.
/// </summary>
public sealed class KafkaLog : ILog
{
    /// <summary>Rating, the archive, and whoever looks something up: each goes on where it stopped.</summary>
    const int LanesMax = 3;

    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    readonly KafkaLogOptions _options;
    readonly KafkaClients _clients;
    readonly KafkaAdmin _admin;
    readonly KafkaHeads _heads;
    readonly KafkaAppends _appends;
    readonly KafkaWatch _watch;
    readonly KafkaIdentity _identities;
    readonly TimeProvider _time;
    readonly ILogger _logger;
    readonly Lock _gate = new();
    readonly List<KafkaLane> _lanes = [];
    bool _closed;

    KafkaLog(
        KafkaLogOptions options, KafkaClients clients, KafkaAdmin admin, LogIdentity identity, KafkaHeads heads,
        TimeProvider time, ILogger logger)
    {
        Identity = identity;
        _options = options;
        _clients = clients;
        _admin = admin;
        _heads = heads;
        _time = time;
        _logger = logger;
        _identities = new(options, admin, clients, time);
        _watch = new(options, admin, identity.Id, heads, time, logger);
        var readBack = new KafkaReadBack(options, admin, clients, time, logger);
        _appends = new(options, clients, heads, readBack, _watch.Replaced, time, logger);
        readBack.Start(_appends);
        _watch.Start();
    }

    /// <summary>Opens the topic's log, or makes one where there is none.</summary>
    /// <exception cref="LogRefusedException">
    /// Kafka does not answer or refuses, the topic cannot serve as the log, or it is not the one that it was.
    /// </exception>
    public static async Task<KafkaLog> OpenAsync(KafkaLogOptions options, TimeProvider time, ILogger logger)
    {
        options.Validate();
        var clients = new KafkaClients(options, logger);
        var admin = new KafkaAdmin(options, clients, time);
        try
        {
            for (var started = time.GetTimestamp(); ;)
            {
                try
                {
                    return await OpenAsync(options, clients, admin, time, logger);
                }
                catch (KafkaException error) when (KafkaFault.ErrorOf(error).Code == ErrorCode.UnknownTopicOrPart
                    && time.GetElapsedTime(started) < options.RequestTimeout)
                {
                    // Made a moment ago, and this broker has not heard of it; or deleted meanwhile, which the next
                    // look at it says.
                    await Task.Delay(LookAgain, time);
                }
            }
        }
        catch (KafkaException error)
        {
            var refused = admin.Refused(error);
            admin.Dispose();
            throw refused;
        }
        catch
        {
            admin.Dispose();
            throw;
        }
    }

    /// <summary>Deletes the log for good: its topic and that of its identity. For demonstrations and tests.</summary>
    /// <exception cref="LogRefusedException">Kafka does not answer, or refuses.</exception>
    public static async Task DeleteAsync(KafkaLogOptions options, TimeProvider time, ILogger logger)
    {
        using var admin = new KafkaAdmin(options, new(options, logger), time);
        try
        {
            await admin.DeleteAsync([options.Topic, options.IdentityTopic]);
        }
        catch (KafkaException error)
        {
            throw admin.Refused(error);
        }
    }

    public LogIdentity Identity { get; }

    /// <summary>Frame bytes acknowledged since the open.</summary>
    public long BytesWritten => _appends.BytesAppended;

    /// <summary>Frame bytes that wait for Kafka's answer.</summary>
    public long QueuedBytes => _appends.QueuedBytes;

    /// <summary>Why the log cannot be used at the moment, in a sentence; null where it can.</summary>
    public string? Failure => _watch.Failure;

    /// <summary>
    /// Which accounts database the log serves; null where none has claimed it. Stored events carry account numbers, so
    /// another database's accounts would see the usage of these (law 12).
    /// </summary>
    /// <exception cref="LogRefusedException">Kafka does not answer, or what it has cannot be understood.</exception>
    public Task<Guid?> ReadAccountsAsync() => AnsweredAsync(_identities.ReadAccountsAsync(Identity.Id));

    /// <summary>Claims the log for good, and returns the accounts database that was first.</summary>
    /// <exception cref="LogRefusedException">As in <see cref="ReadAccountsAsync"/>.</exception>
    public Task<Guid> ClaimAsync(Guid accounts) => AnsweredAsync(_identities.ClaimAsync(Identity.Id, accounts));

    public Task<long> AppendAsync(PartitionId partition, ReadOnlyMemory<byte> frame)
    {
        RequirePartition(partition);
        var header = FrameHeader.RequireWhole(frame.Span, partition);
        if (_watch.ReplacedBy is { } reason)
            return Task.FromException<long>(new LogUnavailableException(reason, LogUnavailableReason.Failing));
        return _appends.AppendAsync(header, frame);
    }

    public LogExtent Extent(PartitionId partition)
    {
        RequirePartition(partition);
        return _heads.Extent(partition);
    }

    public async ValueTask ObserveHeadsAsync(
        ReadOnlyMemory<PartitionId> partitions, Memory<long> heads, CancellationToken cancellation = default)
    {
        _heads.ThrowIfEnded();
        var numbers = new int[partitions.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            RequirePartition(partitions.Span[i]);
            numbers[i] = partitions.Span[i].Value;
        }

        try
        {
            // The high watermark: an acknowledgement of all replicas in sync is given after it has passed the record.
            var observed = await _admin.ListAsync(_options.Topic, numbers, OffsetSpec.Latest())
                .WaitAsync(cancellation);
            for (var i = 0; i < numbers.Length; i++)
            {
                _heads.LearnHead(numbers[i], observed[i]);
                heads.Span[i] = observed[i];
            }
        }
        catch (KafkaException error)
        {
            throw _admin.Unavailable(error);
        }
    }

    public async ValueTask<LogBatch> ReadAsync(
        PartitionId partition, long offset, int bytesMax, CancellationToken cancellation = default)
    {
        RequirePartition(partition);
        cancellation.ThrowIfCancellationRequested();
        _heads.ThrowIfEnded();
        var extent = _heads.Extent(partition);
        if (offset < extent.Start) throw OutOfRange(partition, offset, extent);
        // The newest known head may be old: only Kafka can say that there is nothing.
        if (offset >= extent.Head && await ObserveHeadAsync(partition, cancellation) is var head && offset >= head)
            return offset == head ? LogBatch.Empty : throw OutOfRange(partition, offset, extent with { Head = head });
        try
        {
            return await LaneFor(partition, offset).ReadAsync(partition, offset, bytesMax, cancellation);
        }
        catch (KafkaException error)
        {
            throw _admin.Unavailable(error);
        }
        catch (LogUnavailableException) when (!_closed)
        {
            await RequireRangeAsync(partition, offset);
            throw;
        }
    }

    public async Task WaitAsync(PartitionId partition, long offset, CancellationToken cancellation = default)
    {
        RequirePartition(partition);
        var head = _heads.Extent(partition).Head;
        if (head > offset) return;
        var waiting = _heads.WaitAsync(partition, offset, cancellation);
        try
        {
            if (!waiting.IsCompleted) LaneFor(partition, head).Follow(partition, head);
        }
        catch (KafkaException error)
        {
            throw _admin.Unavailable(error);
        }

        await waiting;
    }

    /// <summary>
    /// Does nothing: how long frames stay is the topic's retention, which whoever runs Kafka sets. Frames that were
    /// rated may be wanted again (rating anew, evidence).
    /// </summary>
    public ValueTask TrimAsync(IReadOnlyList<long> before, CancellationToken cancellation = default) =>
        before.Count == Identity.PartitionCount
            ? default
            : throw new ArgumentException(
                $"{before.Count} offsets for {Identity.PartitionCount} partitions.", nameof(before));

    /// <summary>Sends what waits, and answers it.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
        }

        await _appends.DisposeAsync();
        _heads.End(new LogUnavailableException("The log is closed.", LogUnavailableReason.Closing));
        await _watch.DisposeAsync();
        await Task.Run(() => _lanes.ForEach(lane => lane.Dispose()));
        _admin.Dispose();
    }

    static async Task<KafkaLog> OpenAsync(
        KafkaLogOptions options, KafkaClients clients, KafkaAdmin admin, TimeProvider time, ILogger logger)
    {
        var identity = await OpenIdentityAsync(options, clients, admin, time, logger);
        var partitions = Enumerable.Range(0, options.Partitions).ToList();
        var starts = await admin.ListAsync(options.Topic, partitions, OffsetSpec.Earliest());
        var heads = await admin.ListAsync(options.Topic, partitions, OffsetSpec.Latest());
        return new(options, clients, admin, identity, new(starts, heads), time, logger);
    }

    static async Task<LogIdentity> OpenIdentityAsync(
        KafkaLogOptions options, KafkaClients clients, KafkaAdmin admin, TimeProvider time, ILogger logger)
    {
        var start = new KafkaStart(options, admin, time, logger);
        var identities = new KafkaIdentity(options, admin, clients, time);
        await start.OpenIdentityTopicAsync();
        var known = await identities.ReadAsync();
        var topic = await start.OpenTopicAsync(mayCreate: known.Count == 0);
        var id = KafkaIdentity.IdOf(topic);
        var identity = KafkaIdentity.Holding(known, id);
        if (identity is null)
        {
            if (known.Count > 0) throw start.Gone();
            var isEmpty = await start.IsEmptyAsync();
            // Another process may have made both a moment ago.
            identity = isEmpty
                ? await identities.MakeAsync(id)
                : KafkaIdentity.Holding(await identities.ReadAsync(), id) ?? throw start.Unknown();
        }

        start.Compare(identity);
        return identity;
    }

    async Task<T> AnsweredAsync<T>(Task<T> asked)
    {
        try
        {
            return await asked;
        }
        catch (KafkaException error)
        {
            throw _admin.Refused(error);
        }
    }

    async ValueTask<long> ObserveHeadAsync(PartitionId partition, CancellationToken cancellation)
    {
        var heads = new long[1];
        await ObserveHeadsAsync(new[] { partition }, heads, cancellation);
        return heads[0];
    }

    /// <summary>A read that failed because the offset is gone says so.</summary>
    async Task RequireRangeAsync(PartitionId partition, long offset)
    {
        LogExtent extent;
        try
        {
            var start = await _admin.ListAsync(_options.Topic, [partition.Value], OffsetSpec.Earliest());
            var head = await _admin.ListAsync(_options.Topic, [partition.Value], OffsetSpec.Latest());
            _heads.LearnStart(partition.Value, start[0]);
            extent = new(start[0], head[0]);
        }
        catch (KafkaException)
        {
            // Kafka is away: the read's own error says so.
            return;
        }

        if (offset < extent.Start || offset > extent.Head) throw OutOfRange(partition, offset, extent);
    }

    /// <summary>
    /// The reader that stands at the offset; or one that does not read the partition yet; or the one that nobody has
    /// asked for the longest.
    /// </summary>
    KafkaLane LaneFor(PartitionId partition, long offset)
    {
        lock (_gate)
        {
            if (_closed) throw new LogUnavailableException("The log is closed.", LogUnavailableReason.Closing);
            KafkaLane? free = null;
            KafkaLane? oldest = null;
            var oldestAt = long.MaxValue;
            foreach (var lane in _lanes)
            {
                if (lane.HasEnded) continue;
                if (lane.Find(partition.Value) is not { } found)
                {
                    free ??= lane;
                    continue;
                }

                if (found.First == offset) return lane;
                if (found.UsedAt >= oldestAt) continue;
                (oldest, oldestAt) = (lane, found.UsedAt);
            }

            if (free is not null) return free;
            if (oldest is not null && _lanes.Count(lane => !lane.HasEnded) == LanesMax) return oldest;
            var made = new KafkaLane(_options, _clients, _heads, _time, _logger);
            _lanes.Add(made);
            return made;
        }
    }

    static LogRangeException OutOfRange(PartitionId partition, long offset, LogExtent extent) => new(
        $"Partition {partition} has the offsets [{extent.Start}, {extent.Head}); {offset} was asked for.");

    void RequirePartition(PartitionId partition)
    {
        if (partition.Value >= Identity.PartitionCount)
            throw new ArgumentOutOfRangeException(nameof(partition), partition.Value, "The log has no such partition.");
    }
}
