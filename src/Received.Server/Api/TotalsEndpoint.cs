using NodaTime;
using Received.Model;
using Received.Usage;

namespace Received.Server.Api;

/// <summary><c>GET /api/usage/totals</c>: what finance pulls, as pages of JSON or whole as CSV or Parquet.</summary>
static class TotalsEndpoint
{
    public static async Task<IResult> Handle(HttpContext http, IUsageStore store, TimeProvider time)
    {
        var request = TotalsRequest.Read(http.Request, Callers.Account(http), time);
        return request.Format switch
        {
            ExportFormat.Json => TypedResults.Ok(await ReadPageAsync(request, store, http.RequestAborted)),
            ExportFormat.Csv => await TotalsExport.CsvAsync(request, store, http.RequestAborted),
            ExportFormat.Parquet => TotalsExport.Parquet(request, store),
        };
    }

    static async Task<TotalsPage> ReadPageAsync(
        TotalsRequest request, IUsageStore store, CancellationToken cancellation)
    {
        // One more than asked for tells whether there is a next page.
        var query = request.Query with { Limit = request.Limit + 1 };
        var items = new List<TotalItem>();
        TotalsLine? last = null;
        await foreach (var line in store.QueryTotalsAsync(query, cancellation))
        {
            if (items.Count == request.Limit)
            {
                var cursor = new TotalsCursor(
                    last!.StartMs, last.CustomerRef, last.ProductRef, last.Currency, last.EntityRef);
                return new(items, PageCursor.Format(cursor, request.Question));
            }

            items.Add(ToItem(line, request.Zone));
            last = line;
        }

        return new(items, null);
    }

    static TotalItem ToItem(TotalsLine line, DateTimeZone zone) => new(
        TimeBuckets.Format(line.StartMs, zone), TimeBuckets.Format(line.EndMs, zone),
        line.CustomerRef, line.CustomerName, line.ProductRef, line.ProductName,
        NullIfEmpty(line.Currency), NullIfEmpty(line.EntityRef),
        Quantity.Format(line.Sum), line.Count,
        Quantity.Format(line.Min), Quantity.Format(line.Max), Quantity.Format(line.Last));

    static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
