using Received.Model.Access;

namespace Received.Server.Api.Billing;

/// <summary>The payments' table of routes.</summary>
static class PaymentRoutes
{
    public static void MapPayments(this WebApplication app)
    {
        var read = Group(app, "/api/payments", Scopes.BillingRead);
        read.MapGet("", PaymentEndpoints.HandleList)
            .Describe(
                "Money that arrived, newest first.", ApiDescription.Customer, ("method", "card or wire."),
                ("part", "all (default), unapplied (nobody knows whose it is) or credit (a customer's, free)."),
                ("limit", "Payments of a page, 1 to 500; 100 by default."), ApiDescription.Cursor)
            .Produces<PaymentsPage>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403);
        read.MapGet("/{payment}", PaymentEndpoints.HandleOne)
            .Describe("One payment, what it pays and what was given back.")
            .Produces<PaymentAnswer>().ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);

        var write = Group(app, "/api/payments", Scopes.BillingWrite);
        write.MapPost("", PaymentEndpoints.HandleRecord)
            .Describe("Records a transfer that was seen in the bank account, and allocates it.")
            .Accepts<RecordPaymentBody>("application/json")
            .Produces<PaymentAnswer>().Produces<PaymentAnswer>(201).Refuses();
        write.MapPost("/{payment}/allocate", PaymentEndpoints.HandleAllocate)
            .Describe("Gives free money of a payment to invoices.")
            .Accepts<AllocateBody>("application/json").Produces<PaymentAnswer>().Refuses();
        write.MapPost("/{payment}/release", PaymentEndpoints.HandleRelease)
            .Describe("Takes back what a payment gave to an invoice: it is open again, the money free.")
            .Accepts<ReleaseBody>("application/json").Produces<PaymentAnswer>().Refuses();
        write.MapPost("/{payment}/refund", PaymentEndpoints.HandleRefund)
            .Describe(
                "Gives money back: what is free first, then what it gave to invoices last, which are open again. 202 "
                + "while the outcome is not known; the server asks again under the same key.")
            .Accepts<AmountBody>("application/json").Produces<RefundItem>().Produces<RefundItem>(202).Refuses();

        var invoices = Group(app, "/api/invoices", Scopes.BillingWrite);
        invoices.MapPost("/{invoice}/pay", PaymentEndpoints.HandlePay)
            .Describe("Where the open amount can be paid: asked again, the same place as long as it is right.")
            .Accepts<PayBody>("application/json").Produces<PlaceAnswer>().Refuses().ProducesProblem(503);
        invoices.MapPost("/{invoice}/apply-credit", PaymentEndpoints.HandleApplyCredit)
            .Describe("Pays as much of an invoice as its customer's credit comes to, the oldest first.")
            .Produces<CreditAnswer>().Refuses();

        // No key: the signature over the body vouches for it.
        app.MapGroup("/api/webhooks").WithTags("Payments").AddEndpointFilter(Refusals.Filter)
            .MapPost("/stripe", StripeWebhook.Handle)
            .Describe("Takes Stripe's notices. 2xx only when what it says is durable; anything else is sent again.")
            .Produces<NoticeAnswer>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(409)
            .ProducesProblem(413);
    }

    static RouteGroupBuilder Group(WebApplication app, string path, Scopes scope) =>
        app.MapGroup(path).WithTags("Payments").AddEndpointFilter(Refusals.Filter)
            .AddEndpointFilter(PaymentEndpoints.Refused).AddEndpointFilter(Callers.Require(scope));

    static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route) => route
        .ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(409)
        .ProducesProblem(413).ProducesProblem(422);
}
