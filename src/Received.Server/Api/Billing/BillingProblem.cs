using Microsoft.AspNetCore.Http.HttpResults;
using Received.Billing.Catalog;

namespace Received.Server.Api.Billing;

/// <summary>
/// Refusals of the billing API as RFC 9457 problems: as everywhere a <c>code</c> and a <c>detail</c>, and for a field
/// of the body its <c>pointer</c> (RFC 6901).
/// </summary>
static class BillingProblem
{
    public static ProblemHttpResult Field(string code, string pointer, string detail, int status = 422)
    {
        var problem = Problem.Of(status, code, detail);
        problem.ProblemDetails.Extensions["pointer"] = pointer;
        return problem;
    }

    public static ProblemHttpResult NotFound(string kind, string reference) => Problem.Of(
        StatusCodes.Status404NotFound, kind + "_not_found",
        $"There is no {kind} {Problem.Shown(reference)} in this account.");

    /// <param name="kind">"customer": what the codes begin with.</param>
    public static ProblemHttpResult Of(Refusal refusal, string kind, string reference) => refusal.Kind switch
    {
        RefusalKind.Invalid => Field("field_invalid", refusal.Pointer, refusal.Reason),
        RefusalKind.Taken => Field("ref_taken", refusal.Pointer, refusal.Reason, StatusCodes.Status409Conflict),
        RefusalKind.Stale => Field("version_stale", refusal.Pointer, refusal.Reason, StatusCodes.Status409Conflict),
        RefusalKind.Missing => NotFound(kind, reference),
    };
}
