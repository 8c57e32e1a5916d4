using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ObjectPool;
using Microsoft.Extensions.Options;
using Received.Ingest.Batching;
using Received.Ingest.Formats;
using Received.Ingest.Validation;
using Received.Model;
using Received.Model.Access;
using Received.Model.Catalog;

namespace Received.Ingest.Http;

/// <summary>
/// Both routes of the front door, from the request's head to its answer. Invariant (law 1): no 2xx before every frame
/// that holds one of the request's events is durable. A client that goes away after its body was read changes nothing:
/// its events are taken, and its retry meets its keys.
/// </summary>
sealed class UsageEndpoint(
    FrameBatcher batcher, Admission admission, AccessDirectory access, CatalogDirectory catalog, TimeProvider time,
    IOptions<IngestOptions> options, IngestMetrics metrics, ILogger<UsageEndpoint> logger)
{
    // Each may keep arrays for thousands of events; those of singles, of which many more wait at once, for a few.
    static readonly int BatchesPooledMax = Environment.ProcessorCount * 16;
    const int SinglesPooledMax = 256;

    readonly IngestOptions _options = options.Value;
    readonly ObjectPool<ParsedEvents> _batches = Pool(BatchesPooledMax);
    readonly ObjectPool<ParsedEvents> _singles = Pool(SinglesPooledMax);

    static DefaultObjectPool<ParsedEvents> Pool(int max) => new(new DefaultPooledObjectPolicy<ParsedEvents>(), max);

    public Task TakeSingleAsync(HttpContext context) => TakeAsync(context, isBatch: false);

    public Task TakeBatchAsync(HttpContext context) => TakeAsync(context, isBatch: true);

    async Task TakeAsync(HttpContext context, bool isBatch)
    {
        try
        {
            // Our own limits answer with a problem; Kestrel's would break off without one.
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
                size.MaxRequestBodySize = null;
            var problem = RequestHead.TryRead(context, access, isBatch, out var head)
                ?? await TakeBodyAsync(context, head, isBatch);
            if (problem is not null) await RefuseAsync(context, problem);
        }
        catch (BadHttpRequestException exception)
        {
            await RefuseAsync(context, Problem.Request(exception));
        }
        catch (Exception exception) when (exception is OperationCanceledException or ConnectionResetException)
        {
            // The client left while its body came in or its answer went out: nobody is there to be told.
            LogMessages.ClientLeft(logger, context.Request.Path);
        }
#pragma warning disable CA1031 // Nobody stands around this: see MapUsageIngest.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogMessages.Failed(logger, context.Request.Path, exception);
            // Half an answer must not look like a whole one.
            if (context.Response.HasStarted) context.Abort();
            else await RefuseAsync(context, Problem.Internal);
        }
    }

    // These two wait in every request for the log: what they keep meanwhile is used again.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<Problem?> TakeBodyAsync(HttpContext context, RequestHead head, bool isBatch)
    {
        var account = head.Principal.Account;
        var body = new RequestBody(
            context, admission, account.Id, isBatch ? _options.BatchBodyBytesMax : _options.SingleBodyBytesMax);
        var pool = isBatch ? _batches : _singles;
        var events = pool.Get();
        try
        {
            return await body.ReadAsync(head.Encoding)
                ?? await TakeEventsAsync(context, head, isBatch, body, events);
        }
        finally
        {
            if (events.TryClear()) pool.Return(events);
            body.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<Problem?> TakeEventsAsync(
        HttpContext context, RequestHead head, bool isBatch, RequestBody body, ParsedEvents events)
    {
        var began = time.GetTimestamp();
        if (Begin(head, isBatch, body.Bytes.Span, events, out var raw, out var isTaken) is { } problem) return problem;
        if (!isTaken)
        {
            await Answers.WriteBatchAsync(context.Response, events, body.Bytes, null, head.Refs);
            return null;
        }

        // The echo and the names of unknown fields are all that an answer takes from it.
        if (isBatch && events.Refused == 0) body.Free();
        if (Problem.Of(await events.Wait.AllAsync()) is { } failure) return failure;
        metrics.Accepted(events.Accepted);
        metrics.Acknowledged(time.GetElapsedTime(began));
        if (isBatch)
        {
            await Answers.WriteBatchAsync(context.Response, events, body.Bytes, batcher, head.Refs);
            return null;
        }

        await Answers.WriteEchoAsync(
            context.Response, body.Bytes.Slice(raw.Start, raw.Length), batcher.PositionOf(events.Place(0), events));
        return null;
    }

    /// <summary>All that can be done without waiting: from the body to frames that gather or go.</summary>
    /// <param name="raw">The last event's own bytes.</param>
    /// <param name="isTaken">False where the answer says why nothing was taken, event by event.</param>
    Problem? Begin(
        in RequestHead head, bool isBatch, ReadOnlySpan<byte> body, ParsedEvents events, out Slice raw,
        out bool isTaken)
    {
        isTaken = false;
        var receivedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var context = new AppendContext(
            head.Principal.Account.Id, head.IdempotencyKey, isBatch ? KeyKind.Batch : KeyKind.Own);
        var rules = new EventRules(
            head.Strict, head.Principal.Account.AllowsNegativeQuantity,
            receivedAtMs - (long)_options.PastLimit.TotalMilliseconds,
            receivedAtMs + (long)_options.FutureLimit.TotalMilliseconds, _options.BatchEventsMax);
        var form = !isBatch ? BodyForm.Single : head.IsLines ? BodyForm.Lines : BodyForm.Array;
        var distribution = batcher.Rent();
        var result = Distribute(new(body, form, rules, events), body, context, events, distribution, out raw);
        var problem = Problem.Of(result, _options.BatchEventsMax) ?? Judge(isBatch, body, events);
        if (problem is null && events.Accepted > 0 && !(head.Atomic && events.Refused > 0))
        {
            isTaken = batcher.TryAppend(receivedAtMs, events, distribution);
            if (!isTaken) problem = Problem.Closing;
        }

        // Not after an exception: what it remembers could be half of it.
        batcher.Return(distribution);
        return problem;
    }

    /// <summary>Of a body that could be read: null where events are taken or refused one by one.</summary>
    Problem? Judge(bool isBatch, ReadOnlySpan<byte> body, ParsedEvents events)
    {
        metrics.BodyRead(body.Length, events.Count);
        CountRefusals(events);
        if (events.Count == 0) return Problem.BatchEmpty;
        return isBatch || events.Refused == 0
            ? null
            : Problem.Of(events.Refusals[0].Reason, Answers.PointerOf(events.Refusals[0], events, body));
    }

    /// <summary>Reads, judges and places one event after the other, each while it is in the cache.</summary>
    ScanResult Distribute(
        EventReader reader, ReadOnlySpan<byte> body, in AppendContext context, ParsedEvents events,
        Distribution distribution, out Slice raw)
    {
        var known = catalog.Current;
        var e = default(ParsedEvent);
        while (reader.Next(ref e))
        {
            AssertionCheck.Apply(known, context.Account, events, body, ref e);
            if (e.Reason == RejectReason.None) distribution.Add(context, events, body, e);
            events.Close(e);
        }

        raw = e.Raw;
        return reader.Result;
    }

    void CountRefusals(ParsedEvents events)
    {
        if (events.Refused == 0) return;
        var counts = events.RefusedByReason;
        for (var reason = 0; reason < counts.Length; reason++)
            if (counts[reason] > 0) metrics.Refused((RejectReason)reason, counts[reason]);
    }

    async Task RefuseAsync(HttpContext context, Problem problem)
    {
        metrics.RequestRefused(problem.Code);
        if (problem.Status >= 500) LogMessages.TurnedAway(logger, context.Request.Path, problem.Status, problem.Code);
        else LogMessages.Refused(logger, context.Request.Path, problem.Status, problem.Code);
        if (!context.Response.HasStarted)
            await Answers.WriteProblemAsync(context.Response, problem, _options.RetryAfterSeconds);
    }
}
