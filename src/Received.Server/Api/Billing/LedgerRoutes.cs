using Received.Model.Access;

namespace Received.Server.Api.Billing;

/// <summary>The books' table of routes.</summary>
static class LedgerRoutes
{
    static readonly (string Name, string Text) Entity = ("entity", "Only this entity_ref.");
    static readonly (string Name, string Text) Format = ("format", "json (default) or csv; or by the Accept header.");

    public static void MapLedger(this WebApplication app)
    {
        var ledger = Group(app, "/api/ledger", "Ledger");
        ledger.MapGet("/trial-balance", LedgerEndpoints.HandleTrialBalance)
            .Describe(
                "What every ledger account holds at the end of an accounting month, by entity and currency.",
                ("month", "Such as 2026-10. Default: the current one."), Entity, Format)
            .Produces<TrialBalanceAnswer>().Produces<string>(200, TotalsExport.CsvType).Refuses();
        ledger.MapGet("/statement", LedgerEndpoints.HandleStatement)
            .Describe(
                "The lines of a ledger account or of a customer, by date, with the balance after each.",
                ("account", "A ledger account such as receivable; without it a customer's receivable and credit."),
                ApiDescription.Customer, Entity, ("from", "First month, such as 2026-10. Default: the first of all."),
                ("to", "Last month, included."), Format,
                ("limit", "Lines of a page, 1 to 10000; 1000 by default. Not for csv, which is whole."),
                ApiDescription.Cursor)
            .Produces<StatementAnswer>().Produces<string>(200, TotalsExport.CsvType).Refuses();
        ledger.MapGet("/entries", LedgerEndpoints.HandleEntries)
            .Describe(
                "Entries with their postings, in the order in which they were booked.",
                ("month", "Only of this accounting month, such as 2026-10."), Entity,
                ("source", "Only what books this, such as invoice:17."), ("invoice", "Only about this invoice."),
                ("limit", "Entries of a page, 1 to 1000; 100 by default."), ApiDescription.Cursor)
            .Produces<EntriesAnswer>().Refuses();
        ledger.MapGet("/check", LedgerEndpoints.HandleCheck)
            .Describe("Compares the books with themselves, with invoices and with payments: no difference is right.")
            .Produces<BookCheckAnswer>().Refuses();
        ledger.MapGet("/periods", ClosingEndpoints.HandlePeriods)
            .Describe("Closed accounting months, with the log positions that their usage was read at.")
            .Produces<PeriodsAnswer>().Refuses();
        Group(app, "/api/ledger", "Ledger", Scopes.BillingWrite).MapPost("/close", ClosingEndpoints.HandleClose)
            .Describe(
                "Closes an accounting month of an entity for good: its revenue, billed or not, is booked, and nothing "
                + "enters it afterwards. Months are closed in order; closing one again changes nothing.")
            .AddEndpointFilter(Refusals.RequireStore)
            .Accepts<CloseRequest>("application/json")
            .Produces<ClosedMonthItem>().Refuses()
            .ProducesProblem(404).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        Group(app, "/api/revenue", "Ledger").MapGet("", LedgerEndpoints.HandleRevenue)
            .Describe(
                "Revenue by month and product; what belongs to an earlier, closed month is marked.",
                ("from", "First month, such as 2026-01. Default: eleven before the last."),
                ("to", "Last month, included. Default: the current one."), Entity, Format)
            .Produces<RevenueAnswer>().Produces<string>(200, TotalsExport.CsvType).Refuses();
        Group(app, "/api/receivables", "Ledger").MapGet("/ageing", LedgerEndpoints.HandleAgeing)
            .Describe(
                "What customers owe at the end of a day, by days past due; credit and unapplied money beside it.",
                ("date", "Such as 2026-10-31. Default: today, UTC."), Entity, Format)
            .Produces<AgeingAnswer>().Produces<string>(200, TotalsExport.CsvType).Refuses();
    }

    static RouteGroupBuilder Group(
        WebApplication app, string path, string tag, Scopes scope = Scopes.BillingRead) =>
        app.MapGroup(path).WithTags(tag)
            .AddEndpointFilter(Refusals.Filter).AddEndpointFilter(Callers.Require(scope));

    static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route) =>
        route.ProducesProblem(400).ProducesProblem(401).ProducesProblem(403);
}
