using Received.Billing.Access;
using Received.Model.Access;

namespace Received.Server.Api;

/// <summary>
/// What concerns the installation and no single account: the audit, and what commands beside the server ask for.
/// </summary>
static class AdminRoutes
{
    public static void MapAdmin(this WebApplication app)
    {
        var group = app.MapGroup("/api").WithTags("Administration")
            .AddEndpointFilter(Refusals.Filter).AddEndpointFilter(Callers.Require(Scopes.Admin));
        group.MapGet("/audit", AuditEndpoint.Handle).AddEndpointFilter(Refusals.RequireStore)
            .Describe(
                "Conservation: accepted = counted + duplicate + conflict + voided + parked, per partition and in all.")
            .Produces<AuditAnswer>()
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(409).ProducesProblem(503);
        group.MapGet(
                "/admin/server", () => TypedResults.Ok(new ServerAnswer(ProgramVersion.Text, Environment.ProcessId)))
            .Describe("Which server this is.")
            .ProducesProblem(401).ProducesProblem(403);
        group.MapPost("/admin/rerate", AuditEndpoint.HandleRerate).AddEndpointFilter(Refusals.RequireStore)
            .Describe("Makes all totals anew beside the live ones and compares them, at one position a partition.")
            .Produces<RerateAnswer>()
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(409).ProducesProblem(503);
        group.MapPost("/admin/reload", async (AccessFeed feed, CancellationToken cancellation) =>
            {
                await feed.ReloadAsync(cancellation);
                return TypedResults.NoContent();
            })
            .Describe("Reads accounts and keys anew at once; the server does so by itself within a second.")
            .ProducesProblem(401).ProducesProblem(403);
    }
}

/// <summary>A running server.</summary>
sealed record ServerAnswer(string Version, int Pid);
