using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Received.Server.Demo.FakeStripe;

/// <summary>
/// Sends events as signed notices, at least once: one that was not answered with 2xx stays and is sent again by the
/// next <see cref="DeliverAsync"/>.
/// </summary>
sealed class WebhookPush(TimeProvider time, StripeSwitches switches) : IDisposable
{
    readonly Lock _gate = new();
    readonly List<byte[]> _waiting = [];

    // Loopback only: never through a proxy.
    readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>Where notices go; null: they wait.</summary>
    public Uri? Endpoint { get; set; }

    public int WaitingCount
    {
        get
        {
            lock (_gate) return _waiting.Count;
        }
    }

    public void Add(JsonObject told)
    {
        var body = Encoding.UTF8.GetBytes(told.ToJsonString());
        lock (_gate) _waiting.Add(body);
    }

    /// <summary>Sends what waits, each as often as the switches say.</summary>
    /// <returns>The status of each answer, 0 for none, in the order of sending.</returns>
    public async Task<IReadOnlyList<int>> DeliverAsync(CancellationToken cancellation = default)
    {
        List<byte[]> bodies;
        lock (_gate) bodies = [.. _waiting];
        if (switches.Reversed) bodies.Reverse();
        var statuses = new List<int>();
        foreach (var body in Enumerable.Repeat(bodies, switches.Copies).SelectMany(copy => copy))
        {
            if (switches.Delay > TimeSpan.Zero) await Task.Delay(switches.Delay, TimeProvider.System, cancellation);
            var header = Sign(body, StripeWire.WebhookSecret, time.GetUtcNow() - switches.SignedAgo);
            var status = await SendAsync(body, header, cancellation);
            statuses.Add(status);
            if (status is < 200 or > 299) continue;
            lock (_gate) _waiting.Remove(body);
        }

        return statuses;
    }

    /// <summary>Delivers until it is told to stop: for the demo, where nobody calls.</summary>
    public async Task RunAsync(TimeSpan pause, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await DeliverAsync(cancellation);
            await Task.Delay(pause, TimeProvider.System, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends one body with a header of the caller's making.</summary>
    /// <returns>The answer's status; 0 where none came.</returns>
    public async Task<int> SendAsync(byte[] body, string? signature, CancellationToken cancellation = default)
    {
        if (Endpoint is null) return 0;
        using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint);
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        if (signature is not null) request.Headers.TryAddWithoutValidation("Stripe-Signature", signature);
        try
        {
            using var answer = await _http.SendAsync(request, cancellation);
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    /// <summary>The header Stripe-Signature that a sender with this secret puts on a body.</summary>
    public static string Sign(byte[] body, string secret, DateTimeOffset at)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{at.ToUnixTimeSeconds()}."), .. body];
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed);
        return $"t={at.ToUnixTimeSeconds()},v1={Convert.ToHexStringLower(mac)}";
    }

    public void Dispose() => _http.Dispose();
}
