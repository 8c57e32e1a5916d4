using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Received.Model;
using Received.Usage;

namespace Received.Server.Api;

/// <summary>
/// <c>GET /api/usage/events</c> and <c>GET /api/usage/event/{event_ref}</c>: the raw events and what became of them.
/// </summary>
static class EventsEndpoints
{
    const int LimitDefault = 100;

    /// <summary>An event may carry some kilobytes of data; a page stays in memory.</summary>
    const int LimitMax = 1_000;

    public static async Task<IResult> HandleList(HttpContext http, IUsageStore store)
    {
        var text = new QueryText(http.Request.Query);
        var zone = text.Zone();
        var account = Callers.Account(http).Id;
        var (from, to) = (text.Instant("from", zone), text.Instant("to", zone));
        Fate? fate = text["fate"] is null ? null : text.Choice("fate", Fate.Counted);
        var limit = text.Limit(LimitDefault, LimitMax);
        var question = string.Join('\n', "events", account, text["customer"], text["product"], from, to, fate);
        LogPosition after = default;
        if (text["cursor"] is { } cursor && !PageCursor.TryParse(cursor, question, out after))
            throw new RefusedException(QueryText.CursorProblem);

        var lines = await store.QueryEventsAsync(
            new(account, text["customer"], text["product"], from, to, fate,
                text["cursor"] is null ? null : after, limit + 1),
            http.RequestAborted);
        var next = lines.Count > limit ? PageCursor.Format(lines[limit - 1].Position, question) : null;
        return TypedResults.Ok(new EventsPage([.. lines.Take(limit).Select(line => ToItem(line))], next));
    }

    public static async Task<IResult> HandleOne(
        HttpContext http, [FromRoute(Name = "event_ref")] string eventRef, IUsageStore store)
    {
        var account = Callers.Account(http).Id;
        if (!EventRef.TryParse(eventRef, out var position)) return Problem.EventNotFound(eventRef);
        var line = await store.FindEventAsync(account, position, http.RequestAborted);
        // The store filters by account; checked again, because a wrong row here would be another account's event (law
        // 12).
        if (line is null || line.Account != account) return Problem.EventNotFound(eventRef);
        var original = line.Original is { } first
            ? await store.FindEventAsync(account, first, http.RequestAborted)
            : null;
        return TypedResults.Ok(ToItem(line, original));
    }

    static EventItem ToItem(EventLine line, EventLine? original = null)
    {
        var reference = line.Original is { } first ? EventRef.Format(first) : null;
        return new(
            EventRef.Format(line.Position), FateName(line.Fate),
            line.Fate == Fate.Duplicate ? reference : null,
            line.Fate == Fate.Conflict ? reference : null,
            line.Fate == Fate.Parked ? ReasonName(line.Reason) : null,
            Instant(line.TimestampMs), Instant(line.ReceivedAtMs),
            line.CustomerRef, NullIfEmpty(line.CustomerName), line.ProductRef, NullIfEmpty(line.ProductName),
            Quantity.Format(line.Quantity),
            line.Key.Length == 0 ? null : Encoding.UTF8.GetString(KeyKind.ClientPart(line.Key)),
            line.Data.Length == 0 ? null : new RawJson(line.Data),
            line.Currency.Length + line.EntityRef.Length == 0
                ? null
                : new(NullIfEmpty(line.Currency), NullIfEmpty(line.EntityRef)),
            original is null ? null : ToItem(original));
    }

    static string Instant(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");

    static string FateName(Fate? fate) => fate?.ToString().ToLowerInvariant() ?? "pending";

    public static string ReasonName(ParkReason reason) =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());

    static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
