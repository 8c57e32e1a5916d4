using Received.Billing.Catalog;

namespace Received.Server.Api.Billing;

/// <summary><c>/api/customers</c>: who is billed.</summary>
static class CustomerEndpoints
{
    const string Kind = "customer";

    static readonly string[] Names =
        ["name", "address", "country", "tax_id", "email", "language", "archived"];

    public static async Task<IResult> Create(HttpContext http, CustomerBook book)
    {
        var body = await JsonBody.ReadAsync(http, ["ref", .. Names]);
        var reference = body.Text("ref");
        var made = await book.CreateAsync(
            Callers.Account(http).Id, Callers.Actor(http), reference, Read(body), http.RequestAborted);
        return made.Refusal is { } refusal
            ? BillingProblem.Of(refusal, Kind, reference)
            : TypedResults.Created(RefPath.Of("customers", reference), ToItem(made.Value!));
    }

    public static async Task<IResult> Change(HttpContext http, CustomerBook book)
    {
        var body = await JsonBody.ReadAsync(http, ["version", .. Names]);
        var reference = RefPath.Read(http);
        var changed = await book.ChangeAsync(
            Callers.Account(http).Id, Callers.Actor(http), reference, body.Whole("version"), Read(body),
            http.RequestAborted);
        return changed.Refusal is { } refusal
            ? BillingProblem.Of(refusal, Kind, reference)
            : TypedResults.Ok(ToItem(changed.Value!));
    }

    public static async Task<IResult> One(HttpContext http, CustomerBook book)
    {
        var reference = RefPath.Read(http);
        var entry = await book.FindAsync(Callers.Account(http).Id, reference, http.RequestAborted);
        return entry is null ? BillingProblem.NotFound(Kind, reference) : TypedResults.Ok(ToItem(entry));
    }

    public static async Task<IResult> List(HttpContext http, CustomerBook book)
    {
        var account = Callers.Account(http).Id;
        var page = PageRequest.Of(http, account, "customers", "archived");
        var found = await book.ListAsync(
            account, page.After, page.Limit, page.WithArchived(), http.RequestAborted);
        return TypedResults.Ok(new CustomersPage([.. found.Items.Select(ToItem)], page.Next(found.After)));
    }

    static CustomerFields Read(JsonFields body) => new(
        body.Text("name"), body.Texts("address"), body.Text("country"), body.OptionalText("tax_id"),
        body.OptionalText("email"), body.OptionalText("language") ?? "en", body.Flag("archived", false));

    static CustomerItem ToItem(CatalogEntry<CustomerFields> entry) => new(
        entry.Ref, entry.Version, BillingTimes.Format(entry.ChangedAt), entry.Fields.Name, entry.Fields.Address,
        entry.Fields.Country, entry.Fields.TaxId, entry.Fields.Email, entry.Fields.Language, entry.Fields.IsArchived);
}
