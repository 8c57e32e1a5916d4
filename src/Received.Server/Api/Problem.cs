using Microsoft.AspNetCore.Http.HttpResults;

namespace Received.Server.Api;

/// <summary>
/// Refusals of the reading API as RFC 9457 problems: a stable <c>code</c> for programs, a <c>detail</c> for people
/// that says what would be right, and the query <c>parameter</c> where one is to blame.
/// </summary>
static class Problem
{
    public static ProblemHttpResult Of(int status, string code, string detail, string? parameter = null)
    {
        var extensions = new Dictionary<string, object?> { ["code"] = code };
        if (parameter is not null) extensions["parameter"] = parameter;
        // As the front door writes it: the code tells problems apart, not a link.
        return TypedResults.Problem(detail, statusCode: status, type: "about:blank", extensions: extensions);
    }

    public static ProblemHttpResult Parameter(string parameter, string detail) =>
        Of(StatusCodes.Status400BadRequest, "parameter_invalid", detail, parameter);

    /// <summary>Gives a code to what the framework refuses by itself: no such route, no such method.</summary>
    public static void Complete(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        if (problem.Extensions.ContainsKey("code")) return;
        problem.Type = "about:blank";
        (problem.Extensions["code"], problem.Detail) = problem.Status switch
        {
            StatusCodes.Status404NotFound => ("route_unknown", "There is no such path. /scalar shows those there are."),
            StatusCodes.Status405MethodNotAllowed => ("method_not_allowed", "See the header Allow for those that are."),
            StatusCodes.Status400BadRequest => ("request_malformed", problem.Detail),
            _ => ("request_failed", problem.Detail),
        };
    }

    public static ProblemHttpResult EventNotFound(string reference) => Of(
        StatusCodes.Status404NotFound, "event_not_found",
        $"There is no event {Shown(reference)} in this account. "
        + "An event can be read some seconds after its acknowledgement, of a busy server up to a minute.");

    /// <summary>Log and store do not belong together: figures that compare them would mean nothing.</summary>
    public static ProblemHttpResult LogRefused(string refusal) =>
        Of(StatusCodes.Status409Conflict, "log_refused", refusal);

    /// <summary>A client's text, short enough to be shown back to it.</summary>
    public static string Shown(string text) => text.Length <= 64 ? $"'{text}'" : $"'{text[..64]}...'";
}

/// <summary>A refusal found while reading a request.</summary>
sealed class RefusedException(ProblemHttpResult problem) : Exception(problem.ProblemDetails.Detail)
{
    public ProblemHttpResult Problem { get; } = problem;
}
