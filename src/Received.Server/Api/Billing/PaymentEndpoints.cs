using System.Globalization;
using Received.Billing.Invoices;
using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;

namespace Received.Server.Api.Billing;

/// <summary>Payments of the key's account: read, recorded, allocated, given back; where invoices can be paid.</summary>
static class PaymentEndpoints
{
    const string RetryAfterSeconds = "2";
    const int LimitDefault = 100;
    const int LimitMax = 500;

    /// <summary>What the books refuse, as problems.</summary>
    public static async ValueTask<object?> Refused(
        EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (PaymentRefusedException e)
        {
            var status = e.Kind switch
            {
                PaymentRefusal.NotFound => StatusCodes.Status404NotFound,
                PaymentRefusal.Invalid => StatusCodes.Status422UnprocessableEntity,
                PaymentRefusal.Conflict => StatusCodes.Status409Conflict,
            };
            return PaymentProblem.Of(status, e.Code, e.Message, e.Pointer);
        }
        catch (PaymentOutcomeUnknownException)
        {
            context.HttpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
            return Problem.Of(
                503, "outcome_unknown", "The payment service does not answer. Ask again: nothing is done twice.");
        }
    }

    public static async Task<IResult> HandleList(HttpContext http, PaymentList list)
    {
        var text = new QueryText(http.Request.Query);
        var limit = text.Limit(LimitDefault, LimitMax);
        long? before = null;
        if (text["cursor"] is { } cursor)
            before = PaymentIds.TryParse(PaymentIds.PaymentPrefix, cursor, out var id)
                ? id
                : throw new RefusedException(QueryText.CursorProblem);
        var page = await list.ListAsync(
            Callers.Account(http).Id,
            new(limit + 1, before, text["customer"], text["method"], text.Choice("part", PaymentPart.All)),
            http.RequestAborted);
        var next = page.Count > limit ? PaymentIds.Payment(page[limit - 1].Id) : null;
        return TypedResults.Ok(new PaymentsPage([.. page.Take(limit).Select(ToAnswer)], next));
    }

    public static Task<IResult> HandleOne(HttpContext http, string payment, PaymentList list) =>
        ReadAsync(http, list, PaymentOf(payment), 200);

    public static async Task<IResult> HandleRecord(HttpContext http, PaymentBook book, PaymentList list)
    {
        var body = await PaymentBody.ReadAsync(http, ApiJson.Default.RecordPaymentBody);
        var fields = new PaymentFields(http.RequestServices.GetRequiredService<TimeProvider>());
        var recorded = await book.RecordAsync(
            Callers.Account(http).Id, Callers.Actor(http),
            fields.Transfer(body, PaymentFields.Key(http)), http.RequestAborted);
        return await ReadAsync(http, list, recorded.PaymentId, recorded.IsNew ? 201 : 200);
    }

    public static async Task<IResult> HandleAllocate(
        HttpContext http, string payment, PaymentBook book, PaymentList list)
    {
        var (id, account) = (PaymentOf(payment), Callers.Account(http).Id);
        var body = await PaymentBody.ReadAsync(http, ApiJson.Default.AllocateBody);
        // The payment's currency reads the amounts.
        var view = await FindAsync(http, list, id);
        await book.AllocateAsync(
            account, Callers.Actor(http), id, PaymentFields.Parts(body, view.Amount.Currency), http.RequestAborted);
        return await ReadAsync(http, list, id, 200);
    }

    public static async Task<IResult> HandleRelease(
        HttpContext http, string payment, PaymentBook book, PaymentList list)
    {
        var id = PaymentOf(payment);
        var body = await PaymentBody.ReadAsync(http, ApiJson.Default.ReleaseBody);
        await book.ReleaseAsync(
            Callers.Account(http).Id, Callers.Actor(http), id, PaymentFields.Invoice(body.Invoice, "/invoice"),
            http.RequestAborted);
        return await ReadAsync(http, list, id, 200);
    }

    public static async Task<IResult> HandleRefund(
        HttpContext http, string payment, RefundBook book, PaymentList list)
    {
        var id = PaymentOf(payment);
        var body = await PaymentBody.ReadOrNullAsync(http, ApiJson.Default.AmountBody);
        var view = await FindAsync(http, list, id);
        var amount = PaymentFields.AmountOrNull(body?.Amount, view.Amount.Currency, "/amount");
        // Not the request's token: what has been asked of the method is noted, also when the client has gone.
        var refund = await book.RefundAsync(
            Callers.Account(http).Id, Callers.Actor(http), id, amount?.Minor, PaymentFields.Key(http),
            CancellationToken.None);
        return TypedResults.Json(ToItem(refund), statusCode: refund.State == RefundState.Pending ? 202 : 200);
    }

    public static async Task<IResult> HandlePay(HttpContext http, string invoice, AttemptBook book)
    {
        var id = PaymentFields.InvoiceInPath(invoice);
        var body = await PaymentBody.ReadOrNullAsync(http, ApiJson.Default.PayBody);
        var place = await book.PayAsync(
            Callers.Account(http).Id, Callers.Actor(http), id, body?.Method ?? StripeCard.MethodName,
            CancellationToken.None);
        return TypedResults.Ok(new PlaceAnswer(
            InvoiceId.Format(id), place.Method, place.Where, place.Amount.ToText(), place.Amount.Currency.Code));
    }

    public static async Task<IResult> HandleApplyCredit(HttpContext http, string invoice, PaymentBook book)
    {
        var id = PaymentFields.InvoiceInPath(invoice);
        var applied = await book.ApplyCreditAsync(
            Callers.Account(http).Id, Callers.Actor(http), id, http.RequestAborted);
        return TypedResults.Ok(
            new CreditAnswer(InvoiceId.Format(id), applied.ToText(), applied.Currency.Code));
    }

    static async Task<IResult> ReadAsync(HttpContext http, PaymentList list, long id, int status) =>
        TypedResults.Json(ToAnswer(await FindAsync(http, list, id)), statusCode: status);

    static async Task<PaymentView> FindAsync(HttpContext http, PaymentList list, long id) =>
        await list.FindAsync(Callers.Account(http).Id, id, http.RequestAborted)
        ?? throw NotFound(PaymentIds.Payment(id));

    static long PaymentOf(string text) =>
        PaymentIds.TryParse(PaymentIds.PaymentPrefix, text, out var id) ? id : throw NotFound(text);

    static RefusedException NotFound(string shown) => new(Problem.Of(
        404, "payment_not_found", $"There is no payment {Problem.Shown(shown)} in this account."));

    static PaymentAnswer ToAnswer(PaymentView view) => new(
        PaymentIds.Payment(view.Id), view.Method, view.ExternalId, StateOf(view), view.EntityRef, view.CustomerRef,
        view.Amount.Currency.Code, view.Amount.ToText(), view.Free.ToText(), view.Refunded.ToText(),
        view.Fee?.ToText(), view.ReceivedOn.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Instant(view.RecordedAt), view.Reference,
        [.. view.Allocations.Select(row => new AllocationItem(InvoiceId.Format(row.InvoiceId), row.Amount.ToText()))],
        [.. view.Refunds.Select(ToItem)]);

    static RefundItem ToItem(RefundView refund) => new(
        PaymentIds.Refund(refund.Id), refund.State.ToString().ToLowerInvariant(), refund.Amount.ToText(),
        refund.ExternalId, refund.Reason);

    static string StateOf(PaymentView view) =>
        view.Refunded == view.Amount ? "refunded"
        : view.Free.IsZero ? "allocated"
        : view.CustomerRef is null ? "unapplied" : "credit";

    static string Instant(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
