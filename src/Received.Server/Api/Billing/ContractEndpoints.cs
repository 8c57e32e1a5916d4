using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Received.Billing.Contracts;

namespace Received.Server.Api.Billing;

/// <summary><c>/api/contracts</c> and their versions.</summary>
static class ContractEndpoints
{
    const string Kind = "contract";

    public static async Task<IResult> Create(HttpContext http, ContractBook book)
    {
        var body = await JsonBody.ReadAsync(
            http, ["ref", "customer_ref", "zone", "effective_at", .. TermsReader.Names]);
        var reference = body.Text("ref");
        var made = await book.CreateAsync(
            Callers.Account(http).Id, Callers.Actor(http), reference, body.Text("customer_ref"), body.Text("zone"),
            TermsReader.Read(body), EffectiveAt(body), http.RequestAborted);
        return made.Refusal is { } refusal
            ? BillingProblem.Of(refusal, Kind, reference)
            : TypedResults.Created(RefPath.Of("contracts", reference), TermsReader.ToItem(made.Value!));
    }

    public static async Task<IResult> AddVersion(HttpContext http, ContractBook book)
    {
        var body = await JsonBody.ReadAsync(http, ["version", "effective_at", .. TermsReader.Names]);
        var reference = RefPath.Read(http);
        var made = await book.AddVersionAsync(
            Callers.Account(http).Id, Callers.Actor(http), reference, body.Whole("version"), TermsReader.Read(body),
            EffectiveAt(body), http.RequestAborted);
        return made.Refusal is { } refusal
            ? BillingProblem.Of(refusal, Kind, reference)
            : TypedResults.Created(
                $"{RefPath.Of("contracts", reference)}/versions/{made.Value!.Number}", TermsReader.ToItem(made.Value));
    }

    public static async Task<IResult> One(HttpContext http, ContractBook book)
    {
        var reference = RefPath.Read(http);
        var entry = await book.FindAsync(Callers.Account(http).Id, reference, null, http.RequestAborted);
        return entry is null
            ? BillingProblem.NotFound(Kind, reference)
            : TypedResults.Ok(TermsReader.ToItem(entry));
    }

    public static async Task<IResult> OneVersion(
        HttpContext http, ContractBook book, [FromRoute(Name = "number")] string number)
    {
        var reference = RefPath.Read(http);
        var entry = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted)
            ? await book.FindAsync(Callers.Account(http).Id, reference, wanted, http.RequestAborted)
            : null;
        return entry is null
            ? BillingProblem.NotFound("version", number)
            : TypedResults.Ok(TermsReader.ToItem(entry));
    }

    public static async Task<IResult> List(HttpContext http, ContractBook book)
    {
        var account = Callers.Account(http).Id;
        var page = PageRequest.Of(http, account, "contracts", "customer");
        var found = await book.ListAsync(
            account, page.Query["customer"], page.After, page.Limit, http.RequestAborted);
        return TypedResults.Ok(new ContractsPage([.. found.Items.Select(TermsReader.ToItem)], page.Next(found.After)));
    }

    public static async Task<IResult> Versions(HttpContext http, ContractBook book)
    {
        var account = Callers.Account(http).Id;
        var reference = RefPath.Read(http);
        var page = PageRequest.Of(http, account, "versions\n" + reference);
        var found = await book.ListVersionsAsync(account, reference, page.After, page.Limit, http.RequestAborted);
        return found is null
            ? BillingProblem.NotFound(Kind, reference)
            : TypedResults.Ok(
                new ContractsPage([.. found.Items.Select(TermsReader.ToItem)], page.Next(found.After)));
    }

    static long? EffectiveAt(JsonFields body) => body.OptionalText("effective_at") is not { } text
        ? null
        : BillingTimes.ParseInstant(text)
            ?? throw body.Invalid(
                "effective_at", "It must be an instant with an offset, such as 2026-03-01T00:00:00+01:00.");
}
