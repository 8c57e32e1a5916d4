using System.Net;

namespace Received.Server.Demo.FakeStripe;

/// <summary>
/// The page that a customer sees at the stand-in: a form for the number of a test card. It asks for nothing real.
/// </summary>
sealed class CustomerPage(FakeStripeServer server)
{
    public const string Path = "/c/pay/";

    public void Map(WebApplication app)
    {
        RequestDelegate show = http => ShowAsync(http, null);
        RequestDelegate pay = PayAsync;
        app.MapGet(Path + "{id}", show);
        app.MapPost(Path + "{id}", pay);
    }

    async Task PayAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var id = http.Request.RouteValues["id"] as string ?? "";
        var result = server.Books.Pay(id, form["card"].ToString(), form["authenticates"] != "no");
        if (result.Declined is { } reason)
        {
            http.Response.StatusCode = StatusCodes.Status402PaymentRequired;
            await ShowAsync(http, reason);
            return;
        }

        http.Response.Redirect(result.SuccessUrl!.Replace("{CHECKOUT_SESSION_ID}", id, StringComparison.Ordinal));
    }

    Task ShowAsync(HttpContext http, string? declined)
    {
        var id = http.Request.RouteValues["id"] as string ?? "";
        var session = server.Books.FindOrNull("checkout.session", id);
        if (session is null) http.Response.StatusCode = StatusCodes.Status404NotFound;
        http.Response.ContentType = "text/html; charset=utf-8";
        var state = session is null ? "There is no such page." : (string)session["status"]! switch
        {
            "open" => $"Amount: {session["amount_total"]} {session["currency"]} (smallest units). "
                + (declined is null ? "" : $"<b>Declined: {WebUtility.HtmlEncode(declined)}</b>")
                + "<form method=post><input name=card value='4242 4242 4242 4242'><button>Pay</button></form>",
            var status => $"This page is {status}.",
        };
        return http.Response.WriteAsync(
            $"<!doctype html><title>Stand-in for Stripe</title><h1>A stand-in: no money moves</h1><p>{state}");
    }
}
