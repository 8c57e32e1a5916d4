using System.Text.Json;
using Received.Billing.Ledger;

namespace Received.Server.Api.Billing;

/// <summary>Closing accounting months, and those that are closed.</summary>
static class ClosingEndpoints
{
    /// <summary>A reference of 128 bytes, escaped, and a month.</summary>
    const int BodyBytesMax = 4_096;

    public static async Task<IResult> HandleClose(HttpContext http, Closing closing)
    {
        if (await ReadAsync(http) is not { } body)
            return Problem.Of(
                400, "body_invalid",
                """Send a JSON object such as {"entity_ref": "acme-de", "month": "2026-10"}, of at most 4096 bytes.""");
        if (string.IsNullOrEmpty(body.EntityRef)) return Field("/entity_ref", "'entity_ref' names the entity.");
        if (body.Month is null || LedgerText.ParseMonth(body.Month) is not { } period)
            return Field("/month", "'month' must be a month such as 2026-10.");
        var result = await closing.CloseAsync(
            Callers.Account(http).Id, body.EntityRef, period, Callers.Actor(http), http.RequestAborted);
        if (result.Outcome == CloseOutcome.UsageNotIn) http.Response.Headers.RetryAfter = "2";
        return result.Outcome switch
        {
            CloseOutcome.Closed or CloseOutcome.AlreadyClosed => TypedResults.Ok(Of(result.Month!)),
            CloseOutcome.EntityUnknown => Problem.Of(
                404, "entity_not_found", $"There is no entity {Problem.Shown(body.EntityRef)} in this account."),
            CloseOutcome.NotEnded => Problem.Of(
                409, "month_not_ended",
                $"{body.Month} has not ended in the time zone of {Problem.Shown(body.EntityRef)}."),
            CloseOutcome.EarlierOpen => Refuse("month_before_open", result),
            CloseOutcome.UsageNotIn => Refuse("usage_not_in", result),
            CloseOutcome.NotPriced => Refuse("cycles_not_priced", result),
        };
    }

    public static async Task<IResult> HandlePeriods(HttpContext http, Closing closing) =>
        TypedResults.Ok(new PeriodsAnswer(
            [.. (await closing.ListAsync(Callers.Account(http).Id, http.RequestAborted)).Select(Of)]));

    static ClosedMonthItem Of(ClosedMonth month) => new(
        month.EntityRef, LedgerText.Month(month.Period),
        TimeBuckets.Format(month.ClosedAt.ToUnixTimeMilliseconds(), NodaTime.DateTimeZone.Utc), month.Actor,
        [.. month.Positions.Select(at => new ClosedPositionItem(at.Partition, at.Generation, at.Next))]);

    static IResult Refuse(string code, CloseResult result) =>
        Problem.Of(409, code, string.Join(' ', result.Reasons.Take(20)));

    static IResult Field(string pointer, string detail)
    {
        var problem = Problem.Of(422, "field_invalid", detail);
        problem.ProblemDetails.Extensions["pointer"] = pointer;
        return problem;
    }

    /// <summary>Null where it is too long or no object of that form.</summary>
    static async Task<CloseRequest?> ReadAsync(HttpContext http)
    {
        var buffer = new byte[BodyBytesMax + 1];
        var length = await http.Request.Body.ReadAtLeastAsync(
            buffer, buffer.Length, throwOnEndOfStream: false, http.RequestAborted);
        if (length > BodyBytesMax) return null;
        try
        {
            return JsonSerializer.Deserialize(buffer.AsSpan(0, length), LedgerJson.Default.CloseRequest);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
