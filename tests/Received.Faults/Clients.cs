using Xunit;

namespace Received.Faults;

/// <summary>
/// Clients that send until they are stopped: keyed and unkeyed events, single and in batches. Keyed events are sent
/// again until they are answered, past the stop as well; unkeyed ones never.
/// </summary>
/// <param name="send">Path, body and content type; answers the status, or null where there was no answer.</param>
/// <param name="between">What a client waits between two requests: every event is looked at in the end.</param>
sealed class Clients(Ledger ledger, Func<string, string, string, Task<int?>> send, TimeSpan between = default)
    : IDisposable
{
    const int Count = 6;
    const int BatchSize = 20;

    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

    readonly CancellationTokenSource _stop = new();
    Task[] _running = [];

    public void Start() =>
        _running = [.. Enumerable.Range(0, Count).Select(number => Task.Run(() => SendAsync(number)))];

    /// <summary>Returns when the last keyed event is answered.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    public void Dispose() => _stop.Dispose();

    async Task SendAsync(int number)
    {
        var keyed = number % 2 == 0;
        while (!_stop.IsCancellationRequested)
        {
            var batch = Enumerable.Range(0, number < 2 ? 1 : BatchSize).Select(_ => ledger.Next(keyed)).ToList();
            while (!await TrySendAsync(batch) && keyed) await Task.Delay(Pause);
            await Task.Delay(between);
        }
    }

    async Task<bool> TrySendAsync(List<SentEvent> batch)
    {
        var status = batch.Count == 1
            ? await send("/api/usage/event", ledger.Json(batch[0]), "application/json")
            : await send("/api/usage/events", ledger.Lines(batch), "application/x-ndjson");
        if (status == 200) batch.ForEach(sent => sent.Acknowledged = true);
        else Assert.True(status is null or 503, $"answered {status}");
        // A server that is down must not be asked without a pause, whoever asks.
        if (status is null) await Task.Delay(Pause);
        return status == 200;
    }
}
