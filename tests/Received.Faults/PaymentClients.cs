using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Received.Server.Demo.FakeStripe;
using Xunit;

namespace Received.Faults;

/// <summary>
/// Clients that record transfers, pay by card and give back, each repeating its request until it is answered, and the
/// stand-in for Stripe that repeats its notices as long.
/// </summary>
/// <param name="invoices">To be paid; when there are no more, transfers are nobody's.</param>
sealed class PaymentClients(HttpClient http, string key, FakeStripeServer stripe, IEnumerable<string> invoices)
    : IDisposable
{
    const int InvoiceMinor = 1_190;
    const int GivenBackMinor = 100;

    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    readonly ConcurrentQueue<string> _invoices = new(invoices);
    readonly CancellationTokenSource _stop = new();
    readonly CancellationTokenSource _stopNotices = new();
    Task[] _clients = [];
    int _repeated;
    Task _notices = Task.CompletedTask;

    /// <summary>Minor units by the transfer's external id.</summary>
    public ConcurrentDictionary<string, long> Recorded { get; } = [];

    /// <summary>Minor units by the payment's id; each was given back under one key.</summary>
    public ConcurrentDictionary<string, long> GivenBack { get; } = [];

    /// <summary>Requests that had to be sent again.</summary>
    public int Repeated => _repeated;

    /// <summary>One of them met an answer that it must not: <see cref="StopAsync"/> throws it.</summary>
    public bool IsBroken => _clients.Any(client => client.IsFaulted);

    public void Start()
    {
        _clients = [Task.Run(() => TransferAsync(0)), Task.Run(() => TransferAsync(1)), Task.Run(CardAsync)];
        _notices = Task.Run(async () =>
        {
            while (!_stopNotices.IsCancellationRequested)
            {
                await stripe.Webhooks.DeliverAsync();
                await Task.Delay(Pause);
            }
        });
    }

    /// <summary>Returns when every request and every notice is answered.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        while (stripe.Webhooks.WaitingCount > 0) await Task.Delay(Pause);
        await _stopNotices.CancelAsync();
        await _notices;
    }

    public void Dispose()
    {
        _stop.Dispose();
        _stopNotices.Dispose();
    }

    async Task TransferAsync(int client)
    {
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            _invoices.TryDequeue(out var invoice);
            var payment = await RecordAsync($"t{client}-{number}", invoice, InvoiceMinor + (((number % 3) - 1) * 500));
            if (number % 4 == 0) await GiveBackAsync(payment);
        }
    }

    async Task CardAsync()
    {
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            if (!_invoices.TryDequeue(out var invoice))
            {
                await Task.Delay(Pause);
                continue;
            }

            var (_, place) = await AskAsync("POST", $"/api/invoices/{invoice}/pay", null, null, 200);
            // Now and then it is paid before the card is: then the card's money is credit, or its page is closed.
            if (number % 5 == 0) await RecordAsync($"c-{number}", invoice, InvoiceMinor);
            var where = place.GetProperty("where").GetString()!;
            try
            {
                stripe.Books.Pay(where[(where.LastIndexOf('/') + 1)..], TestCards.Good);
            }
            catch (StripeRefusal)
            {
                continue;
            }

            if (number % 3 == 0) await GiveBackAsync(await PaidByCardAsync(invoice));
        }
    }

    /// <returns>The payment's id.</returns>
    async Task<string> RecordAsync(string id, string? invoice, long minor)
    {
        // One half is known by a field, the other by the header alone.
        var isField = id[^1] % 2 == 0;
        var external = isField ? $",\"external_id\":\"{id}\"" : "";
        var named = invoice is null ? "" : $",\"invoices\":[\"{invoice}\"]";
        var body = $$"""
            {"amount":"{{minor / 100m:F2}}","currency":"EUR","received_on":"2026-03-01"{{external}}{{named}}}
            """;
        var (_, answer) = await AskAsync("POST", "/api/payments", body, isField ? null : id, 200, 201);
        Recorded[id] = minor;
        return answer.GetProperty("id").GetString()!;
    }

    async Task GiveBackAsync(string payment)
    {
        await AskAsync(
            "POST", $"/api/payments/{payment}/refund", """{"amount":"1.00"}""", "back-" + payment, 200, 202);
        GivenBack[payment] = GivenBackMinor;
    }

    /// <summary>Waits for the notice of a card payment.</summary>
    async Task<string> PaidByCardAsync(string invoice)
    {
        while (true)
        {
            var (_, page) = await AskAsync("GET", "/api/payments?method=card&limit=5", null, null, 200);
            foreach (var item in page.GetProperty("items").EnumerateArray())
                if (item.GetProperty("reference").GetString() == invoice) return item.GetProperty("id").GetString()!;
            await Task.Delay(Pause);
        }
    }

    /// <summary>The same request until it has one of these answers; only none, or a 503, may come before.</summary>
    async Task<(int Status, JsonElement Answer)> AskAsync(
        string method, string path, string? body, string? idempotencyKey, params int[] good)
    {
        while (true)
        {
            var (status, text) = await SendAsync(method, path, body, idempotencyKey);
            if (status is { } known && good.Contains(known)) return (known, JsonDocument.Parse(text).RootElement);
            Assert.True(status is null or 503, $"{method} {path} {body}: {status} {text}");
            Interlocked.Increment(ref _repeated);
            await Task.Delay(Pause);
        }
    }

    async Task<(int? Status, string Text)> SendAsync(string method, string path, string? body, string? idempotencyKey)
    {
        using var request = new HttpRequestMessage(new(method), path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        try
        {
            using var answer = await http.SendAsync(request);
            // Read to its end: a cut answer is none.
            var text = await answer.Content.ReadAsStringAsync();
            return ((int)answer.StatusCode, text);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            return (null, "");
        }
    }
}
