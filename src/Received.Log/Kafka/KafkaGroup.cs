using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Received.Log.Segments;
using Received.Model;

namespace Received.Log.Kafka;

/// <summary>
/// Membership of one loop in a consumer group: the group says which partitions are the loop's. Goal: partitions move
/// between processes without lost or doubled work where there is time, and within the session timeout where an owner
/// is gone. It reads nothing: every partition is paused, and what the loop reads comes through the log. Positions are
/// committed for whoever watches the group's lag; nobody begins from them.
/// </summary>
public sealed class KafkaGroup : IAsyncDisposable
{
    static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan CommitEvery = TimeSpan.FromSeconds(5);

    /// <summary>How much longer than a hand-over a member may be silent before the group gives it up.</summary>
    static readonly TimeSpan PollSlack = TimeSpan.FromMinutes(1);

    readonly KafkaLogOptions _options;
    readonly KafkaClients _clients;
    readonly Ownership _ownership;
    readonly Func<IEnumerable<(PartitionId Partition, long Next)>> _positions;
    readonly TimeProvider _time;
    readonly ILogger _logger;
    readonly IConsumer<Ignore, Ignore> _consumer;
    readonly Thread _thread;
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly List<TopicPartition> _toPause = [];
    long _committedAt;
    volatile bool _stopping;
    volatile string? _failure;

    KafkaGroup(
        KafkaLogOptions options, string role, Ownership ownership,
        Func<IEnumerable<(PartitionId Partition, long Next)>> positions, TimeProvider time, ILogger logger)
    {
        Name = options.GroupOf(role);
        _options = options;
        _clients = new(options, logger);
        _ownership = ownership;
        _positions = positions;
        _time = time;
        _logger = logger;
        _committedAt = time.GetTimestamp();
        _consumer = KafkaClients.Make(Build);
        _thread = new(Run) { IsBackground = true, Name = "Kafka group" };
        _thread.Start();
    }

    /// <summary>
    /// Joins the group of a role and begins to drive the ownership. Kafka may be away: the group is joined when it is
    /// back.
    /// </summary>
    /// <param name="role">"rate" or "archive": each has a group of its own.</param>
    /// <param name="ownership">The loop's: given on assignment, taken on revocation, lost where the group gave this
    /// process up.</param>
    /// <param name="positions">How far the loop has stored its partitions; asked now and then, from another
    /// thread.</param>
    /// <exception cref="LogRefusedException">The settings do not make a client.</exception>
    public static KafkaGroup Join(
        KafkaLogOptions options, string role, Ownership ownership,
        Func<IEnumerable<(PartitionId Partition, long Next)>> positions, TimeProvider time, ILogger logger)
    {
        options.Validate();
        return new(options, role, ownership, positions, time, logger);
    }

    /// <summary>The group's name in Kafka.</summary>
    public string Name { get; }

    /// <summary>Why the group gives this process nothing, in a sentence; null where it does.</summary>
    public string? Failure => _failure;

    /// <summary>
    /// Leaves: the loop is asked to let go of what it has (at once, where it has ended), and others take over without
    /// waiting for the session to end.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        await _ended.Task;
    }

    IConsumer<Ignore, Ignore> Build()
    {
        var patience = (int)_options.HandOverPatience.TotalMilliseconds;
        var session = (int)_options.SessionTimeout.TotalMilliseconds;
        var config = new ConsumerConfig
        {
            GroupId = Name,
            GroupProtocol = GroupProtocol.Classic,
            PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
            SessionTimeoutMs = session,
            HeartbeatIntervalMs = Math.Max(100, session / 5),
            MaxPollIntervalMs = Math.Max(session, patience) + (int)PollSlack.TotalMilliseconds,
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            // Concerns nothing that is read: it must only not stop a partition that is paused anyway.
            AutoOffsetReset = AutoOffsetReset.Latest,
            AllowAutoCreateTopics = false,
            QueuedMinMessages = 1,
        };
        return _clients.Member(config)
            .SetPartitionsAssignedHandler((_, partitions) => Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => Revoked(partitions))
            .SetPartitionsLostHandler((_, partitions) => Lost(partitions))
            .Build();
    }

    void Run()
    {
        try
        {
            _consumer.Subscribe(_options.Topic);
            // A loop that has ended for good holds nothing: others shall have its partitions.
            while (!_stopping && !_ownership.HasEnded) Step();
            // Calls the handler for what is left; the loop lets go of it.
            _consumer.Close();
        }
        catch (Exception error)
        {
            _failure = error.Message;
            LogMessages.GroupEnded(_logger, Name, error);
        }
        finally
        {
            Lose();
            _consumer.Dispose();
            _ended.SetResult();
        }
    }

    void Step()
    {
        try
        {
            // What was fetched before the pause took hold is nothing to anybody.
            _consumer.Consume(Slice);
            Pause();
            // Whoever still has partitions after a turn without an error takes part.
            if (_failure is not null && _consumer.Assignment.Count > 0) _failure = null;
            if (_time.GetElapsedTime(_committedAt) >= CommitEvery) Commit();
        }
        catch (KafkaException error)
        {
            var reason = KafkaFault.Say(_options, error.Error, _clients.LastError);
            if (_failure != reason) LogMessages.GroupFails(_logger, Name, reason);
            _failure = reason;
        }
    }

    IEnumerable<TopicPartitionOffset> Assigned(List<TopicPartition> partitions)
    {
        _failure = null;
        _toPause.AddRange(partitions);
        LogMessages.GroupGave(_logger, Name, Text(partitions));
        if (partitions.Count > 0) _ownership.Give(Ids(partitions));
        // Not from the committed offsets: those would be looked up, and mean nothing here.
        return partitions.Select(partition => new TopicPartitionOffset(partition, Offset.End));
    }

    void Revoked(List<TopicPartitionOffset> offsets)
    {
        var partitions = offsets.ConvertAll(offset => offset.TopicPartition);
        if (partitions.Count == 0) return;
        _toPause.RemoveAll(partitions.Contains);
        // The group waits for this thread, while heartbeats go on elsewhere.
#pragma warning disable VSTHRD002 // A thread of its own, without a context that the loop could need.
        var letGo = _ownership.TakeAsync(Ids(partitions), _options.HandOverPatience).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
        if (letGo) LogMessages.GroupTook(_logger, Name, Text(partitions));
        else LogMessages.GroupTookUnanswered(_logger, Name, Text(partitions), _options.HandOverPatience);
    }

    void Lost(List<TopicPartitionOffset> offsets)
    {
        var partitions = offsets.ConvertAll(offset => offset.TopicPartition);
        if (partitions.Count == 0) return;
        _toPause.RemoveAll(partitions.Contains);
        LogMessages.GroupLost(_logger, Name, Text(partitions));
        _ownership.Lose(Ids(partitions));
    }

    void Lose()
    {
        var owned = _ownership.Current;
        if (owned.Partitions.Count + owned.Leaving.Count == 0) return;
        _ownership.Lose([.. owned.Partitions.Concat(owned.Leaving).Select(one => one.Partition)]);
    }

    void Pause()
    {
        if (_toPause.Count == 0) return;
        _consumer.Pause(_toPause);
        _toPause.Clear();
    }

    void Commit()
    {
        _committedAt = _time.GetTimestamp();
        var owned = _ownership.Current.Partitions.Select(one => one.Partition).ToHashSet();
        var offsets = _positions()
            .Where(position => owned.Contains(position.Partition))
            .Select(position => new TopicPartitionOffset(_options.Topic, position.Partition.Value, position.Next))
            .ToList();
        if (offsets.Count == 0) return;
        try
        {
            _consumer.Commit(offsets);
        }
        catch (KafkaException error)
        {
            // Only what others see of the lag is older for it.
            LogMessages.NotCommitted(_logger, Name, KafkaFault.Say(_options, error.Error, null));
        }
    }

    static PartitionId[] Ids(List<TopicPartition> partitions) =>
        [.. partitions.Select(partition => new PartitionId((ushort)partition.Partition.Value))];

    static string Text(List<TopicPartition> partitions) =>
        string.Join(", ", partitions.Select(partition => partition.Partition.Value).Order());
}
