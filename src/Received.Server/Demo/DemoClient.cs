using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Received.Server.Demo;

/// <summary>
/// One of the demo's concurrent clients. It sends every request again until it has a final answer (that is what
/// idempotency keys are for), and compares each answer with the plan.
/// </summary>
sealed class DemoClient(HttpClient http, string secret, DemoPlan plan, DemoTally tally, TimeProvider time)
{
    const int SentAgainPerChunk = 20;
    static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);
    static readonly MediaTypeHeaderValue Json = new("application/json");
    static readonly MediaTypeHeaderValue Lines = new("application/x-ndjson");

    readonly DemoBody _body = new(plan);

    /// <summary>Sends a chunk; then a part of it again; then, their originals being answered, its conflicts.</summary>
    public async Task SendChunkAsync(int chunk, CancellationToken cancellation)
    {
        var planned = plan.Chunk(chunk).ToList();
        var first = planned.Where(item => item.Kind != DemoKind.Conflict).ToList();
        var conflicts = planned.Where(item => item.Kind == DemoKind.Conflict).ToList();
        if (DemoPlan.IsSentSingly(chunk))
        {
            foreach (var item in first) await SendSingleAsync(item, cancellation);
        }
        else
        {
            await SendBatchAsync(chunk, first, cancellation);
            await SendBatchAsync(chunk, first[..Math.Min(SentAgainPerChunk, first.Count)], cancellation, again: true);
        }

        if (conflicts.Count > 0) await SendBatchAsync(chunk, conflicts, cancellation);
    }

    async Task SendSingleAsync(DemoEvent item, CancellationToken cancellation)
    {
        var body = _body.Single(item);
        using var answer = await SendAsync("/api/usage/event", body, Json, headerKey: null, single: true, cancellation);
        var refused = item.Kind == DemoKind.Refused;
        if (answer.IsSuccessStatusCode == refused)
            tally.Surprise($"event {item.Serial}: {(int)answer.StatusCode}, planned {item.Kind}");
        tally.Answer(1, refused ? 1 : 0);
    }

    async Task SendBatchAsync(
        int chunk, IReadOnlyList<DemoEvent> events, CancellationToken cancellation, bool again = false)
    {
        var headerKey = DemoPlan.HasHeaderKey(chunk) ? $"chunk-{chunk}" : null;
        var lines = chunk % 2 == 1;
        var body = lines ? _body.Lines(events, headerKey is null) : _body.Array(events, headerKey is null);
        using var answer = await SendAsync(
            "/api/usage/events", body, lines ? Lines : Json, headerKey, single: false, cancellation);
        var refused = events.Count(item => item.Kind == DemoKind.Refused);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        Compare(chunk, events.Count, refused, answer.StatusCode, text);
        if (again) tally.SendAgain(events.Count - refused);
        else tally.Answer(events.Count, refused);
    }

    void Compare(int chunk, int count, int refused, HttpStatusCode status, string text)
    {
        var expected = refused == 0 ? HttpStatusCode.OK : HttpStatusCode.MultiStatus;
        if (status == expected)
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.GetProperty("accepted").GetInt32() == count - refused
                && json.RootElement.GetProperty("refused").GetInt32() == refused) return;
        }

        tally.Surprise($"chunk {chunk}: {(int)status}, planned {count - refused} taken and {refused} refused: {text}");
    }

    async Task<HttpResponseMessage> SendAsync(
        string path, ReadOnlyMemory<byte> body, MediaTypeHeaderValue type, string? headerKey, bool single,
        CancellationToken cancellation)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = type } },
            };
            request.Headers.Authorization = new("Bearer", secret);
            if (headerKey is not null) request.Headers.Add("Idempotency-Key", headerKey);
            var started = Stopwatch.GetTimestamp();
            try
            {
                var answer = await http.SendAsync(request, cancellation);
                if (answer.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests))
                {
                    tally.Latency(single, Stopwatch.GetElapsedTime(started));
                    return answer;
                }

                answer.Dispose();
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException
                && !cancellation.IsCancellationRequested))
            {
                // No answer: the event may be in or not. Sending it again under its key is always right.
            }

            tally.Retry();
            await Task.Delay(RetryPause, time, cancellation);
        }
    }
}
