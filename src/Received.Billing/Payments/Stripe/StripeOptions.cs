using System.ComponentModel.DataAnnotations;

namespace Received.Billing.Payments.Stripe;

/// <summary>Card payments through Stripe Checkout. Setting the key chooses them.</summary>
public sealed class StripeOptions
{
    public const string Section = "Received:Billing:Stripe";

    /// <summary>Stripe's secret key (sk_..., or rk_... restricted to Checkout, PaymentIntents, Refunds). None: no card
    /// payments.</summary>
    public string? SecretKey { get; set; }

    /// <summary>
    /// Secrets of the webhook endpoint (whsec_...), separated by spaces: two while one is being replaced. Notices are
    /// refused where there is none.
    /// </summary>
    public string? WebhookSecrets { get; set; }

    /// <summary>Where Stripe's API is.</summary>
    [Required]
    [Url]
    public string ApiBase { get; set; } = "https://api.stripe.com";

    /// <summary>
    /// Where a customer lands after paying; {CHECKOUT_SESSION_ID} in it is filled in by Stripe. Landing there marks
    /// nothing as paid.
    /// </summary>
    [Required]
    [Url]
    public string SuccessUrl { get; set; } = "http://127.0.0.1:8480/pay/done";

    /// <summary>Where a customer lands who turns back.</summary>
    [Required]
    [Url]
    public string CancelUrl { get; set; } = "http://127.0.0.1:8480/pay/cancelled";

    /// <summary>How long one question to Stripe may take.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How often a question is put again, under its key, after no answer, a 409 or a 5xx.</summary>
    [Range(0, 5)]
    public int RetriesMax { get; set; } = 2;

    /// <summary>How old a notice's signature may be: an older one could be a replay.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")]
    public TimeSpan SignatureAge { get; set; } = TimeSpan.FromMinutes(5);

    internal IReadOnlyList<string> Secrets =>
        WebhookSecrets?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
}
