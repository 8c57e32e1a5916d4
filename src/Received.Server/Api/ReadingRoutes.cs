using Received.Model.Access;

namespace Received.Server.Api;

/// <summary>The reading API's table of routes.</summary>
static class ReadingRoutes
{
    public static void MapReading(this WebApplication app)
    {
        var usage = app.MapGroup("/api/usage").WithTags("Usage")
            .AddEndpointFilter(Refusals.Filter).AddEndpointFilter(Callers.Require(Scopes.UsageRead))
            .AddEndpointFilter(Refusals.RequireStore);
        usage.MapGet("/totals", TotalsEndpoint.Handle)
            .Describe(
                "Usage totals by customer, product and assertion.", ApiDescription.Customer, ApiDescription.Product,
                ("from", "Start: an instant with an offset, or a date in zone. Default: the current month."),
                ("to", "End, not included."), ("group", "window, hour, day, month or total (default)."),
                ApiDescription.Zone, ("format", "json (default), csv or parquet; or by the Accept header."),
                ("limit", "Lines of a page, 1 to 10000; 1000 by default. Not for csv and parquet, which are whole."),
                ApiDescription.Cursor)
            .Produces<TotalsPage>().Produces<string>(200, TotalsExport.CsvType)
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
        usage.MapGet("/events", EventsEndpoints.HandleList)
            .Describe(
                "Raw events and what became of them, in the order of their positions.",
                ApiDescription.Customer, ApiDescription.Product,
                ("from", "Event time from here: an instant with an offset, or a date in zone."),
                ("to", "Event time before."), ApiDescription.Zone,
                ("fate", "counted, duplicate, conflict, voided or parked."),
                ("limit", "Events of a page, 1 to 1000; 100 by default."), ApiDescription.Cursor)
            .Produces<EventsPage>()
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
        usage.MapGet("/event/{event_ref}", EventsEndpoints.HandleOne)
            .Describe("One event by its reference; of a duplicate or conflict, also the original.")
            .Produces<EventItem>()
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(503);
    }
}
