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
    readonly DistributionPool _distributions;
    readonly TaskCompletionSource _quiet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _appending;
    bool _closed;

    public FrameBatcher(ILog log, TimeProvider time, IOptions<IngestOptions> options, IngestMetrics metrics)
    {
        Limits.Check();
        _log = log;
        _distributions = new(log.Identity.PartitionCount);
        // Random per start: together with the number it tells frames apart that a log holds twice.
        var producerId = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        _queues = [.. Enumerable.Range(0, log.Identity.PartitionCount).Select(i => new PartitionQueue(
            log, new((ushort)i), producerId, options.Value.AppendsInFlightMax, time, metrics))];
    }

    /// <summary>For one body; to be given back when its events are appended or let go.</summary>
    public Distribution Rent() => _distributions.Rent();

    public void Return(Distribution distribution) => _distributions.Return(distribution);

    /// <summary>
    /// Appends a body's events: <see cref="ParsedEvents.Wait"/> completes when their frames have, whose tickets are in
    /// <see cref="ParsedEvents.Frames"/>. The distribution is done with when this returns.
    /// </summary>
    /// <returns>False when the door is closing: nothing was appended.</returns>
    public bool TryAppend(long receivedAtMs, ParsedEvents events, Distribution distribution)
    {
        lock (_gate)
        {
            if (_closed) return false;
            _appending++;
        }

        try
        {
            events.Wait.Begin(isShort: events.Count == 1);
            for (var partition = 0; partition < _queues.Length; partition++)
            {
                if (distribution.Of(partition).Count > 0)
                    _queues[partition].Append(receivedAtMs, events, distribution);
            }

            return true;
        }
        finally
        {
            lock (_gate)
            {
                if (--_appending == 0 && _closed) _quiet.TrySetResult();
            }
        }
    }

    /// <summary>Where an event is whose frame is durable.</summary>
    public LogPosition PositionOf(EventPlace place, ParsedEvents events)
    {
        var ticket = events.Frames[place.Frame];
        return new(_log.Identity.Generation, ticket.Partition, ticket.Result.Offset, place.IndexInFrame);
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
