using System.Text.Json.Nodes;

namespace Received.Server.Demo.FakeStripe;

/// <summary>The stand-in's HTTP: routes, key, idempotency, errors, faults.</summary>
sealed class StripeWire(FakeStripeServer server, TimeProvider time)
{
    public const string SecretKey = "sk_test_stand_in";
    public const string WebhookSecret = "whsec_stand_in";

    /// <summary>Of Stripe.net 53.1; events carry it.</summary>
    public const string ApiVersion = "2026-10-28.endive";

    readonly IdempotentAnswers _answers = new(time);

    public void Map(WebApplication app)
    {
        Post(app, "/v1/checkout/sessions", (form, _) => server.Books.CreateSession(form));
        Post(app, "/v1/checkout/sessions/{id}/expire", (_, id) => server.Books.ExpireSession(id));
        Post(app, "/v1/refunds", (form, _) => server.Books.CreateRefund(form));
        Resource(app, "/v1/checkout/sessions", "checkout.session");
        Resource(app, "/v1/payment_intents", "payment_intent");
        Resource(app, "/v1/charges", "charge");
        Resource(app, "/v1/balance_transactions", "balance_transaction");
        Resource(app, "/v1/refunds", "refund");
        Resource(app, "/v1/disputes", "dispute");
        Resource(app, "/v1/events", "event");
    }

    void Resource(WebApplication app, string path, string kind)
    {
        RequestDelegate list = http => ReadAsync(http, form => server.Books.List(kind, form));
        RequestDelegate one = http => ReadAsync(http, form => server.Books.Find(kind, IdOf(http), form));
        app.MapGet(path, list);
        app.MapGet(path + "/{id}", one);
    }

    void Post(WebApplication app, string path, Func<StripeForm, string, JsonObject> work)
    {
        RequestDelegate handler = async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            var form = StripeForm.Parse(await reader.ReadToEndAsync(http.RequestAborted));
            var key = http.Request.Headers["Idempotency-Key"].ToString();
            if (key.Length == 0) await AnswerAsync(http, f => work(f, IdOf(http)), form);
            else await OnceAsync(http, key, form, f => work(f, IdOf(http)));
        };
        app.MapPost(path, handler);
    }

    async Task OnceAsync(HttpContext http, string key, StripeForm form, Func<StripeForm, JsonObject> work)
    {
        StripeAnswer? answer;
        try
        {
            answer = _answers.Begin(key, $"{http.Request.Path}\n{form.Raw}");
        }
        catch (StripeRefusal e)
        {
            await WriteAsync(http, new(e.Status, StripeError.Of(e)));
            return;
        }

        if (answer is not null)
        {
            http.Response.Headers["Idempotent-Replayed"] = "true";
            await WriteAsync(http, answer);
            return;
        }

        if (server.Switches.Before is { } before) await before();
        var fault = server.Switches.NextFault();
        answer = fault == StripeFault.FailedBefore ? null : Work(http, work, form);
        var failed = new StripeAnswer(500, StripeError.Internal);
        _answers.End(key, fault == StripeFault.FailedForGood ? failed : answer);
        if (fault == StripeFault.ConnectionCut) http.Abort();
        else await WriteAsync(http, fault == StripeFault.None ? answer! : failed);
    }

    Task ReadAsync(HttpContext http, Func<StripeForm, JsonObject> work) =>
        server.Switches.IsUnreadable?.Invoke(http.Request.Path) == true
            ? WriteAsync(http, new(500, StripeError.Internal))
            : AnswerAsync(http, work, FormOf(http));

    static Task AnswerAsync(HttpContext http, Func<StripeForm, JsonObject> work, StripeForm form) =>
        WriteAsync(http, Work(http, work, form));

    static StripeAnswer Work(HttpContext http, Func<StripeForm, JsonObject> work, StripeForm form)
    {
        if (http.Request.Headers.Authorization != "Bearer " + SecretKey)
            return new(401, StripeError.Of("invalid_request_error", null, "Invalid API Key provided.", null));
        try
        {
            return new(200, work(form).ToJsonString());
        }
        catch (StripeRefusal e)
        {
            return new(e.Status, StripeError.Of(e));
        }
    }

    static Task WriteAsync(HttpContext http, StripeAnswer answer)
    {
        http.Response.StatusCode = answer.Status;
        http.Response.ContentType = "application/json";
        http.Response.Headers["Stripe-Version"] = ApiVersion;
        return http.Response.WriteAsync(answer.Body);
    }

    static StripeForm FormOf(HttpContext http) => StripeForm.Parse(http.Request.QueryString.Value ?? "");

    static string IdOf(HttpContext http) => http.Request.RouteValues["id"] as string ?? "";
}

/// <summary>Bodies of errors.</summary>
static class StripeError
{
    public static string Internal { get; } =
        Of("api_error", null, "An unexpected error occurred on the side of the stand-in.", null);

    public static string Of(StripeRefusal e) => Of(
        e.Code?.StartsWith("idempotency", StringComparison.Ordinal) == true
            ? "idempotency_error"
            : "invalid_request_error",
        e.Code, e.Message, e.Parameter);

    public static string Of(string type, string? code, string message, string? parameter)
    {
        var error = new JsonObject { ["type"] = type, ["message"] = message };
        if (code is not null) error["code"] = code;
        if (parameter is not null) error["param"] = parameter;
        return new JsonObject { ["error"] = error }.ToJsonString();
    }
}
