using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Log;
using Received.Model;

namespace Received.Ingest.Batching;

/// <summary>
/// Puts the events of many requests into frames. Goal: one durable append for all that wait, no object an event.
/// Invariant (law 1): a ticket completes as durable only after the log's append has. What was appended goes to the log
/// whether or not its client still listens.
/// </summary>
sealed class FrameBatcher
{
    readonly ILog _log;
    readonly PartitionQueue[] _queues;
    readonly Lock _gate = new();
    // As many as ever appended at once.
    readonly Stack<Distribution> _distributions = [];
    readonly TaskCompletionSource _quiet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _appending;
    bool _closed;

    public FrameBatcher(ILog log, TimeProvider time, IOptions<IngestOptions> options, IngestMetrics metrics)
    {
        Limits.Check();
        _log = log;
        // Random per start: together with the number it tells frames apart that a log holds twice.
        var producerId = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        _queues = [.. Enumerable.Range(0, log.Identity.PartitionCount).Select(i => new PartitionQueue(
            log, new((ushort)i), producerId, options.Value.AppendsInFlightMax, time, metrics))];
    }

    /// <summary>
    /// Appends all events that are not refused, and completes when their frames have; their tickets are then in
    /// <see cref="ParsedEvents.Frames"/>. <see cref="AppendOutcome.Closing"/> at once when the door is closing: nothing
    /// was appended.
    /// </summary>
    public ValueTask<AppendOutcome> AppendAsync(in AppendContext context, ParsedEvents events, ReadOnlySpan<byte> body)
    {
        Distribution? distribution;
        lock (_gate)
        {
            if (_closed) return new(AppendOutcome.Closing);
            _appending++;
            _distributions.TryPop(out distribution);
        }

        distribution ??= new(_queues.Length);
        var keep = false;
        try
        {
            if (context.HeaderKind == KeyKind.Batch && context.HeaderKey.Length > 0)
                EventIdentity.CountEqualEvents(events, body);
            distribution.Take(context.Account, events, body);
            events.Wait.Begin(isShort: events.Count == 1);
            for (var partition = 0; partition < _queues.Length; partition++)
            {
                if (!distribution.Of(partition).IsEmpty)
                    _queues[partition].Append(context, events, body, distribution);
            }

            keep = distribution.TryReuse();
            return events.Wait.AllAsync();
        }
        finally
        {
            lock (_gate)
            {
                if (keep) _distributions.Push(distribution);
                if (--_appending == 0 && _closed) _quiet.TrySetResult();
            }
        }
    }

    /// <summary>Where an event is whose frame is durable.</summary>
    public LogPosition PositionOf(in ParsedEvent e, ParsedEvents events)
    {
        var ticket = events.Frames[e.Frame];
        return new(_log.Identity.Generation, ticket.Partition, ticket.Result.Offset, e.IndexInFrame);
    }

    /// <summary>Takes no more, and completes when all that was taken has its answer.</summary>
    public async Task DrainAsync()
    {
        lock (_gate)
        {
            _closed = true;
            if (_appending == 0) _quiet.TrySetResult();
        }

        await _quiet.Task;
        await Task.WhenAll(_queues.Select(queue => queue.DrainAsync()));
    }
}
