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
                ?? await TakeEventsAsync(context, head, isBatch, body.Bytes, events);
        }
        finally
        {
            if (events.TryClear()) pool.Return(events);
            body.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<Problem?> TakeEventsAsync(
        HttpContext context, RequestHead head, bool isBatch, ReadOnlyMemory<byte> body, ParsedEvents events)
    {
        var began = time.GetTimestamp();
        var receivedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (Problem.Of(Scan(head, isBatch, body.Span, events, receivedAtMs), _options.BatchEventsMax) is { } fault)
            return fault;
        AssertionCheck.Apply(catalog.Current, head.Principal.Account.Id, events, body.Span);
        metrics.BodyRead(body.Length, events.Count);
        CountRefusals(events);
        if (events.Count == 0) return Problem.BatchEmpty;
        if (!isBatch && events.Refused > 0)
            return Problem.Of(events[0].Reason, Answers.PointerOf(events[0], events, body.Span));
        if (events.Accepted == 0 || (head.Atomic && events.Refused > 0))
        {
            await Answers.WriteBatchAsync(context.Response, events, body, null, head.Refs);
            return null;
        }

        var append = new AppendContext(
            head.Principal.Account.Id, receivedAtMs, head.IdempotencyKey, isBatch ? KeyKind.Batch : KeyKind.Own);
        if (Problem.Of(await batcher.AppendAsync(append, events, body.Span)) is { } failure) return failure;
        metrics.Accepted(events.Accepted);
        metrics.Acknowledged(time.GetElapsedTime(began));
        if (isBatch)
        {
            await Answers.WriteBatchAsync(context.Response, events, body, batcher, head.Refs);
            return null;
        }

        var raw = events[0].Raw;
        await Answers.WriteEchoAsync(
            context.Response, body.Slice(raw.Start, raw.Length), batcher.PositionOf(events[0], events));
        return null;
    }

    ScanResult Scan(in RequestHead head, bool isBatch, ReadOnlySpan<byte> body, ParsedEvents events, long nowMs)
    {
        var rules = new EventRules(
            head.Strict, head.Principal.Account.AllowsNegativeQuantity,
            nowMs - (long)_options.PastLimit.TotalMilliseconds, nowMs + (long)_options.FutureLimit.TotalMilliseconds,
            _options.BatchEventsMax);
        return !isBatch ? EventScanner.ScanSingle(body, rules, events)
            : head.IsLines ? EventScanner.ScanLines(body, rules, events)
            : EventScanner.ScanArray(body, rules, events);
    }

    void CountRefusals(ParsedEvents events)
    {
        for (var i = 0; events.Refused > 0 && i < events.Count; i++)
        {
            if (events[i].Reason != RejectReason.None) metrics.Refused(events[i].Reason);
        }
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
