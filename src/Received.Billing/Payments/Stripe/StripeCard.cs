using System.Net;
using System.Text;
using System.Text.Json;
using Stripe;
using Stripe.Checkout;

namespace Received.Billing.Payments.Stripe;

/// <summary>
/// Cards through Stripe Checkout: Stripe hosts the page where the card is entered. Invariant: every POST carries a key
/// made from our own ids, never the random one that the library would add, so a process that died between asking and
/// noting asks again for the same thing.
/// </summary>
public sealed class StripeCard : IPaymentMethod, IDisposable
{
    public const string MethodName = "card";

    /// <summary>Stripe allows 24 h; the rest is for attempts that reach Stripe late.</summary>
    static readonly TimeSpan SessionLife = TimeSpan.FromHours(23);

    /// <summary>Stripe's most.</summary>
    const int ListPage = 100;

    static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    readonly StripeOptions _options;
    readonly TimeProvider _time;
    readonly HttpClient _http;
    readonly StripeClient _client;
    readonly bool _isLive;

    /// <param name="options">With a secret key.</param>
    /// <param name="handler">Under the HTTP client; null for the usual one.</param>
    public StripeCard(StripeOptions options, TimeProvider time, HttpMessageHandler? handler = null)
    {
        _options = options;
        _time = time;
        // A stand-in on this machine is never behind a proxy.
        handler ??= new SocketsHttpHandler { UseProxy = !new Uri(options.ApiBase).IsLoopback };
        _http = new(handler) { Timeout = options.Timeout };
        _client = new(
            options.SecretKey, apiBase: options.ApiBase.TrimEnd('/'),
            httpClient: new SystemNetHttpClient(_http, options.RetriesMax, enableTelemetry: false));
        _isLive = options.SecretKey?.Contains("_live_", StringComparison.Ordinal) == true;
    }

    public string Name => MethodName;

    public void Dispose() => _http.Dispose();

    public async Task<PaymentStart> StartAsync(PaymentRequest request, CancellationToken cancellation = default)
    {
        if (StripeAmounts.ToStripe(request.Amount) is not { } amount)
            return PaymentStart.Refused(
                $"Stripe cannot say {request.Amount} exactly.");
        if (request.Supersedes is { } earlier && !await CloseAsync(earlier, cancellation))
            return PaymentStart.PaidBefore;
        return await AskAsync(
            async () =>
            {
                var session = await _client.V1.Checkout.Sessions.CreateAsync(
                    SessionFor(request, amount), new() { IdempotencyKey = request.IdempotencyKey }, cancellation);
                return new PaymentStart(
                    StartOutcome.Ready, session.Url, session.Id,
                    new DateTimeOffset(session.ExpiresAt, TimeSpan.Zero), null);
            },
            error => error.Type == "idempotency_error"
                ? PaymentStart.Stale(error.Message)
                : PaymentStart.Refused(Reason(error)));
    }

    public async Task<bool> CloseAsync(string externalId, CancellationToken cancellation = default)
    {
        // A session that is not open cannot be expired, and the refusal does not say what it is.
        var status = await StatusAsync(externalId, cancellation);
        if (status == "open" && !await ExpireAsync(externalId, cancellation))
            status = await StatusAsync(externalId, cancellation);
        return status != "complete";
    }

    public NoticeReading ReadNotice(ReadOnlyMemory<byte> rawBody, string? signature)
    {
        var check = StripeSignature.Check(
            rawBody.Span, signature, _options.Secrets, _time.GetUtcNow(), _options.SignatureAge);
        if (check != NoticeCheck.Genuine) return NoticeReading.Refused(check);
        try
        {
            // Another version of the API than the library's may leave fields out; those read here are old and stable.
            var told = EventUtility.ParseEvent(
                StrictUtf8.GetString(rawBody.Span), throwOnApiVersionMismatch: false);
            return string.IsNullOrEmpty(told?.Id) || string.IsNullOrEmpty(told.Type)
                ? NoticeReading.Refused(NoticeCheck.Malformed)
                : new(NoticeCheck.Genuine, StripeNotices.Read(told, _isLive));
        }
        // What the library throws on JSON that is none of Stripe's; it was signed, so it is nobody's attack.
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException
            or FormatException or InvalidCastException or OverflowException or NullReferenceException
            or StripeException)
        {
            return NoticeReading.Refused(NoticeCheck.Malformed);
        }
    }

    public async Task<RefundAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation = default)
    {
        if (StripeAmounts.ToStripe(request.Amount) is not { } amount)
            return new(RefundState.Failed, null, "Stripe cannot say this amount exactly in this currency.");
        if (request.MayBeMade && await FindAsync(request, cancellation) is { } found) return AnswerOf(found);
        return await AskAsync(
            async () => AnswerOf(await _client.V1.Refunds.CreateAsync(
                new()
                {
                    PaymentIntent = request.PaymentExternalId,
                    Amount = amount,
                    Metadata = StripeNotices.Metadata(request),
                },
                new() { IdempotencyKey = request.IdempotencyKey }, cancellation)),
            error => error.Type == "idempotency_error"
                // Its outcome is that of the earlier request, which only its notice or a fetch tells.
                ? throw new PaymentOutcomeUnknownException(error.Message)
                : new RefundAnswer(RefundState.Failed, null, Reason(error)));
    }

    public Task<PaymentNotice> FetchAsync(string externalId, CancellationToken cancellation = default) => AskAsync(
        async () => externalId.Split('_')[0] switch
        {
            "cs" => StripeNotices.Read(
                await _client.V1.Checkout.Sessions.GetAsync(
                    externalId, new() { Expand = ["payment_intent.latest_charge.balance_transaction"] }, null,
                    cancellation),
                _time.GetUtcNow()),
            "re" => StripeNotices.Read(
                await _client.V1.Refunds.GetAsync(externalId, cancellationToken: cancellation), _time.GetUtcNow()),
            _ => StripeNotices.Read(
                await _client.V1.PaymentIntents.GetAsync(
                    externalId, new() { Expand = ["latest_charge.balance_transaction"] }, null, cancellation),
                _time.GetUtcNow()),
        },
        error => new PaymentNotice("", "fetched", _time.GetUtcNow(), Ignored: Reason(error)));

    /// <summary>Null where Stripe knows no such session: then nobody can pay it.</summary>
    Task<string?> StatusAsync(string sessionId, CancellationToken cancellation) => AskAsync<string?>(
        async () => (await _client.V1.Checkout.Sessions.GetAsync(sessionId, cancellationToken: cancellation)).Status,
        error => error.Code == "resource_missing" ? null : throw new PaymentOutcomeUnknownException(Reason(error)));

    /// <summary>False where Stripe refuses: it is not open any more.</summary>
    Task<bool> ExpireAsync(string sessionId, CancellationToken cancellation) => AskAsync(
        async () =>
        {
            await _client.V1.Checkout.Sessions.ExpireAsync(
                sessionId, requestOptions: new() { IdempotencyKey = $"expire:{sessionId}" },
                cancellationToken: cancellation);
            return true;
        },
        error => false);

    /// <summary>The refund of this request among those that Stripe has made of its payment; null where there is
    /// none.</summary>
    Task<Refund?> FindAsync(RefundRequest request, CancellationToken cancellation) => AskAsync<Refund?>(
        async () =>
        {
            var made = _client.V1.Refunds.ListAutoPagingAsync(
                new() { PaymentIntent = request.PaymentExternalId, Limit = ListPage },
                cancellationToken: cancellation);
            await foreach (var refund in made)
                if (StripeNotices.IsOf(refund, request)) return refund;
            return null;
        },
        // Not to be told what there is says nothing about it.
        error => throw new PaymentOutcomeUnknownException(Reason(error)));

    static RefundAnswer AnswerOf(Refund refund) => new(
        StripeNotices.StateOf(refund), refund.Id, refund.FailureReason ?? refund.PendingReason);

    SessionCreateOptions SessionFor(PaymentRequest request, long amount) => new()
    {
        Mode = "payment",
        AllowedPaymentMethodTypes = ["card"],
        // Paid in another currency than asked, an invoice would never be exactly paid.
        AdaptivePricing = new() { Enabled = false },
        LineItems =
        [
            new()
            {
                Quantity = 1,
                PriceData = new()
                {
                    Currency = request.Amount.Currency.Code.ToLowerInvariant(),
                    UnitAmount = amount,
                    ProductData = new() { Name = $"Invoice {request.InvoiceNumber}" },
                },
            },
        ],
        ClientReferenceId = $"inv_{request.Target.InvoiceId}",
        CustomerEmail = request.Email,
        Metadata = StripeNotices.Metadata(request.Target),
        // A session's metadata is not copied to its intent.
        PaymentIntentData = new() { Metadata = StripeNotices.Metadata(request.Target) },
        // Of the attempt, not of now: a repeated request must be the same.
        ExpiresAt = (request.CreatedAt + SessionLife).UtcDateTime,
        SuccessUrl = _options.SuccessUrl,
        CancelUrl = _options.CancelUrl,
    };

    /// <summary>Tells a refusal, which is final, from an outcome that nobody knows.</summary>
    static async Task<T> AskAsync<T>(Func<Task<T>> ask, Func<StripeError, T> refused)
    {
        try
        {
            return await ask();
        }
        catch (StripeException e) when (e.StripeError is { } error && IsFinal(e.HttpStatusCode))
        {
            return refused(error);
        }
        catch (StripeException e)
        {
            throw new PaymentOutcomeUnknownException($"Stripe answered {(int)e.HttpStatusCode}: {e.Message}", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException
            || (e is OperationCanceledException && e.InnerException is TimeoutException))
        {
            throw new PaymentOutcomeUnknownException($"Stripe did not answer: {e.Message}", e);
        }
    }

    /// <summary>A wrong key (401, 403) is not: the same request is right once the key is.</summary>
    static bool IsFinal(HttpStatusCode status) =>
        status is HttpStatusCode.BadRequest or HttpStatusCode.PaymentRequired or HttpStatusCode.NotFound;

    static string Reason(StripeError error) => error.DeclineCode ?? error.Code ?? error.Message ?? error.Type;
}
