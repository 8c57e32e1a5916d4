using NodaTime;
using Received.Model;
using Received.Model.Access;
using Received.Usage;

namespace Received.Server.Api;

/// <summary>What <c>GET /api/usage/totals</c> asks, read from its query parameters and checked.</summary>
sealed record TotalsRequest(TotalsQuery Query, DateTimeZone Zone, ExportFormat Format, int Limit, string Question)
{
    public const int LimitDefault = 1_000;

    /// <summary>A page is held in memory; 10,000 lines are about 3 MB of JSON.</summary>
    public const int LimitMax = 10_000;

    /// <exception cref="RefusedException">A parameter is wrong.</exception>
    public static TotalsRequest Read(HttpRequest request, Account account, TimeProvider time)
    {
        var text = new QueryText(request.Query);
        var zone = text.Zone();
        var grouping = text.Choice("group", Grouping.Total);
        var (fromMs, toMs) = ReadRange(text, zone, Instant.FromDateTimeOffset(time.GetUtcNow()));
        IReadOnlyList<long>? boundaries;
        try
        {
            boundaries = TimeBuckets.Boundaries(fromMs, toMs, grouping, zone);
        }
        catch (BucketException e)
        {
            throw new RefusedException(Problem.Of(400, "range_invalid", e.Message, "group"));
        }

        var (customer, product) = (text["customer"], text["product"]);
        var question = string.Join('\n', "totals", account.Id, customer, product, fromMs, toMs, grouping, zone.Id);
        TotalsCursor? after = null;
        if (text["cursor"] is { } cursor && !PageCursor.TryParse(cursor, question, out after))
            throw new RefusedException(QueryText.CursorProblem);
        return new(
            new(account.Id, customer, product, fromMs, toMs, boundaries, after), zone,
            ReadFormat(text, request), text.Limit(LimitDefault, LimitMax), question);
    }

    static (long FromMs, long ToMs) ReadRange(QueryText text, DateTimeZone zone, Instant now)
    {
        var (from, to) = (text.Instant("from", zone), text.Instant("to", zone));
        if (from is null && to is null) return TimeBuckets.MonthAround(now, zone);
        if (from is null) throw Refuse("from", "Give both 'from' and 'to', or neither for the current month.");
        if (to is null) throw Refuse("to", "Give both 'from' and 'to', or neither for the current month.");
        CheckBoundary("from", from.Value, zone);
        CheckBoundary("to", to.Value, zone);
        if (to <= from) throw Refuse("to", "'to' must be after 'from': the range is half-open, [from, to).");
        return (from.Value, to.Value);
    }

    static void CheckBoundary(string parameter, long atMs, DateTimeZone zone)
    {
        if (UsageWindow.IsBoundary(atMs)) return;
        var before = UsageWindow.StartMs(UsageWindow.Of(atMs));
        throw Refuse(
            parameter,
            $"Totals are kept by windows of 15 minutes: '{parameter}' must be on one. The nearest are "
            + $"{TimeBuckets.Format(before, zone)} and {TimeBuckets.Format(before + UsageWindow.LengthMs, zone)}.");
    }

    static ExportFormat ReadFormat(QueryText text, HttpRequest request)
    {
        var accepted = request.Headers.Accept.ToString();
        return text.Choice("format", accepted switch
        {
            _ when accepted.Contains("text/csv", StringComparison.OrdinalIgnoreCase) => ExportFormat.Csv,
            _ when accepted.Contains(TotalsExport.ParquetType, StringComparison.OrdinalIgnoreCase) =>
                ExportFormat.Parquet,
            _ => ExportFormat.Json,
        });
    }

    static RefusedException Refuse(string parameter, string detail) => new(Problem.Parameter(parameter, detail));
}

enum ExportFormat
{
    Json,
    Csv,
    Parquet,
}
