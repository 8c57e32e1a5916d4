using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Received.Server.Hosting;
using Received.Usage;

namespace Received.Server.Api;

/// <summary>
/// Turns what handlers throw into problems. Nothing of an error's text but a refusal's own reaches a client.
/// </summary>
static class Refusals
{
    const string RetryAfterSeconds = "1";

    /// <summary>For the handlers of the reading API.</summary>
    public static async ValueTask<object?> Filter(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (RefusedException e)
        {
            return e.Problem;
        }
        catch (StoreUnavailableException e)
        {
            return Unavailable(context.HttpContext, e);
        }
    }

    /// <summary>Refuses what reads usage as long as the store has not been opened.</summary>
    public static async ValueTask<object?> RequireStore(
        EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var engine = context.HttpContext.RequestServices.GetRequiredService<Engine>();
        return engine.StoreFailure is { } failure
            ? throw new StoreUnavailableException(failure)
            : await next(context);
    }

    /// <summary>For all that is thrown elsewhere, as long as the answer has not begun.</summary>
    public static async Task Handle(HttpContext http)
    {
        var error = http.Features.Get<IExceptionHandlerFeature>()?.Error;
        var problem = error switch
        {
            StoreUnavailableException e => Unavailable(http, e),
            BadHttpRequestException e => Problem.Of(e.StatusCode, "request_invalid", e.Message),
            _ => Problem.Of(500, "internal_error", "The server failed on this request; its log says why."),
        };
        if (error is not (null or StoreUnavailableException or BadHttpRequestException))
            Logger(http).RequestFailed(http.Request.Method, http.Request.Path, error);
        await problem.ExecuteAsync(http);
    }

    static ProblemHttpResult Unavailable(HttpContext http, StoreUnavailableException e)
    {
        Logger(http).StoreUnavailable(http.Request.Method, http.Request.Path, e.Message);
        http.Response.Headers.RetryAfter = RetryAfterSeconds;
        return Problem.Of(
            503, "store_unavailable", "Usage cannot be read at the moment. Nothing is lost; ask again shortly.");
    }

    static ILogger Logger(HttpContext http) =>
        http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Received.Server.Api");
}
