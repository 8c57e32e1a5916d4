using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;

namespace Received.Server.Api.Billing;

/// <summary>
/// <c>POST /api/webhooks/stripe</c>. Everybody can reach it: bounded in size, checked on the bytes as received, and
/// silent about what exists.
/// </summary>
static class StripeWebhook
{
    const string SignatureHeader = "Stripe-Signature";

    /// <summary>Stripe's events are some kilobytes; those with large objects stay below a tenth of this.</summary>
    const int BytesMax = 1 << 19;

    public static async Task<IResult> Handle(HttpContext http, PaymentMethods methods, NoticeBook notices)
    {
        if (methods.Find(StripeCard.MethodName) is not { } card)
            return Problem.Of(404, "method_unavailable", "Card payments are not set up here.");
        var body = await PaymentBody.ReadBytesAsync(http, BytesMax);
        var header = http.Request.Headers[SignatureHeader];
        var reading = card.ReadNotice(body, header.Count == 1 ? header[0] : null);
        return reading.Check switch
        {
            NoticeCheck.Genuine => await ApplyAsync(http, notices, reading.Notice!),
            NoticeCheck.Forged => Problem.Of(
                400, "signature_invalid", "The header Stripe-Signature is not of this body and the endpoint's secret."),
            NoticeCheck.TooOld => Problem.Of(
                400, "signature_old", "The signature's time is too far from this server's clock."),
            NoticeCheck.Malformed => Problem.Of(400, "notice_malformed", "The body is no event of Stripe's."),
        };
    }

    static async Task<IResult> ApplyAsync(HttpContext http, NoticeBook notices, PaymentNotice notice)
    {
        // Not the request's token: what has begun is finished, also when Stripe does not wait for it.
        var outcome = await notices.ApplyAsync(StripeCard.MethodName, notice, CancellationToken.None);
        Logger(http).NoticeTaken(notice.Type, notice.Id, outcome.ToString());
        return outcome == NoticeOutcome.Early
            ? Problem.Of(
                409, "notice_early", "It is about something that has not been told yet. Send it again later.")
            : TypedResults.Ok(new NoticeAnswer(outcome.ToString().ToLowerInvariant()));
    }

    static ILogger Logger(HttpContext http) =>
        http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Received.Server.Api");
}
