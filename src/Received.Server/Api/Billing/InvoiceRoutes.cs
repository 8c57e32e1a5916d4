using Received.Model.Access;

namespace Received.Server.Api.Billing;

/// <summary>The invoices' table of routes.</summary>
static class InvoiceRoutes
{
    public static void MapInvoices(this WebApplication app)
    {
        var read = app.MapGroup("/api/invoices").WithTags("Invoices")
            .AddEndpointFilter(Refusals.Filter).AddEndpointFilter(Callers.Require(Scopes.BillingRead));
        read.MapGet("", InvoiceEndpoints.HandleList)
            .Describe(
                "Invoices in the order in which they were made.", ApiDescription.Customer,
                ("state", "draft, issued, partly_paid, paid or void."),
                ("limit", "Invoices of a page, 1 to 500; 100 by default."), ApiDescription.Cursor)
            .Produces<InvoicesPage>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403);
        read.MapGet("/{invoice}", InvoiceEndpoints.HandleOne)
            .Describe("One invoice, with the charges and log positions that it is made of.")
            .Produces<InvoiceAnswer>().ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);
        read.MapGet("/{invoice}/html", InvoiceEndpoints.HandleHtml)
            .Describe("The document as a page.")
            .Produces<string>(200, "text/html").ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);
        read.MapGet("/{invoice}/pdf", InvoiceEndpoints.HandlePdf)
            .Describe("The document as a PDF file.")
            .Produces<string>(200, "application/pdf").ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);
        read.MapGet("/next/{contract}", InvoiceEndpoints.HandleNext)
            .Describe("A contract's next invoices as they would be now, by the code that will make them.")
            .InPath("contract").AddEndpointFilter(Refusals.RequireStore)
            .Produces<InvoicePreview>().ProducesProblem(401).ProducesProblem(403).ProducesProblem(404)
            .ProducesProblem(409).ProducesProblem(503);
        read.MapPost("/{invoice}/verify", VerifyEndpoint.Handle)
            .Describe("Makes an invoice anew from the log, up to the positions that it states, and compares it.")
            .AddEndpointFilter(Refusals.RequireStore)
            .Produces<VerifyAnswer>().ProducesProblem(401).ProducesProblem(403).ProducesProblem(404)
            .ProducesProblem(409).ProducesProblem(503);

        var write = app.MapGroup("/api/invoices").WithTags("Invoices")
            .AddEndpointFilter(Refusals.Filter).AddEndpointFilter(Callers.Require(Scopes.BillingWrite));
        write.MapPost("/{invoice}/issue", InvoiceEndpoints.HandleIssue)
            .Describe("Issues a draft: it takes its number and is booked.")
            .Produces<InvoiceAnswer>()
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(409);
        write.MapPost("/{invoice}/void", InvoiceEndpoints.HandleVoid)
            .Describe("Reverses an unpaid invoice; the next run bills its cycles anew.")
            .Produces<InvoiceAnswer>()
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(409);

        app.MapGroup("/api/admin").WithTags("Administration")
            .AddEndpointFilter(Refusals.Filter).AddEndpointFilter(Callers.Require(Scopes.Admin))
            .AddEndpointFilter(Refusals.RequireStore)
            .MapPost("/invoice-run", InvoiceEndpoints.HandleRun)
            .Describe(
                "Makes the account's invoices that are due, now; the server does so by itself. The operator's token: "
                + "those of all accounts.")
            .Produces<InvoiceRunAnswer>().ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
    }
}
