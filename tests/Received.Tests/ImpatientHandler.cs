using System.Diagnostics;
using System.Globalization;

namespace Received.Tests;

/// <summary>
/// Under every test's HTTP client: an answer that does not come fails the test by the request's name, with what the
/// server and the thread pool were doing, instead of a bare time-out without a trace.
/// </summary>
/// <param name="state">What the server under test says of itself.</param>
/// <param name="patience">How long an answer may take; null for <see cref="Patience"/>.</param>
sealed class ImpatientHandler(Func<string> state, TimeSpan? patience = null)
    // The server is in this process: never through a proxy.
    : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
{
    /// <summary>
    /// Before the client's own 100 s. Making totals anew is half a second of processor in some hundred steps: it took
    /// 30 s where a dozen other processes wanted the same core.
    /// </summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var given = patience ?? Patience;
        limit.CancelAfter(given);
        var phase = "no head of an answer came";
        try
        {
            var response = await base.SendAsync(request, limit.Token);
            phase = $"{(int)response.StatusCode} came, but not all of its body";
            await response.Content.LoadIntoBufferAsync(limit.Token);
            return response;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"{request.Method} {request.RequestUri}: {phase} within {given.TotalSeconds} s. {PoolState()} "
                + state());
        }
    }

    static string PoolState()
    {
        var asked = Stopwatch.GetTimestamp();
        using var ran = new ManualResetEventSlim();
        ThreadPool.UnsafeQueueUserWorkItem(static ran => ran.Set(), ran, preferLocal: false);
        var isAlive = ran.Wait(TimeSpan.FromSeconds(10));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Thread pool: {ThreadPool.ThreadCount} threads, {ThreadPool.PendingWorkItemCount} items wait; a new one "
            + $"{(isAlive ? "ran" : "had not run")} after {Stopwatch.GetElapsedTime(asked).TotalMilliseconds:F0} ms.");
    }
}
