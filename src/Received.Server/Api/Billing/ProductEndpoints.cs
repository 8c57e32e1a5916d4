using Received.Billing.Catalog;

namespace Received.Server.Api.Billing;

/// <summary><c>/api/products</c>: what is sold.</summary>
static class ProductEndpoints
{
    const string Kind = "product";

    static readonly string[] Names = ["name", "unit", "archived"];

    public static async Task<IResult> Create(HttpContext http, ProductBook book)
    {
        var body = await JsonBody.ReadAsync(http, ["ref", .. Names]);
        var reference = body.Text("ref");
        var made = await book.CreateAsync(
            Callers.Account(http).Id, Callers.Actor(http), reference, Read(body), http.RequestAborted);
        return made.Refusal is { } refusal
            ? BillingProblem.Of(refusal, Kind, reference)
            : TypedResults.Created(RefPath.Of("products", reference), ToItem(made.Value!));
    }

    public static async Task<IResult> Change(HttpContext http, ProductBook book)
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

    public static async Task<IResult> One(HttpContext http, ProductBook book)
    {
        var reference = RefPath.Read(http);
        var entry = await book.FindAsync(Callers.Account(http).Id, reference, http.RequestAborted);
        return entry is null ? BillingProblem.NotFound(Kind, reference) : TypedResults.Ok(ToItem(entry));
    }

    public static async Task<IResult> List(HttpContext http, ProductBook book)
    {
        var account = Callers.Account(http).Id;
        var page = PageRequest.Of(http, account, "products", "archived");
        var found = await book.ListAsync(
            account, page.After, page.Limit, page.WithArchived(), http.RequestAborted);
        return TypedResults.Ok(new ProductsPage([.. found.Items.Select(ToItem)], page.Next(found.After)));
    }

    static ProductFields Read(JsonFields body) => new(
        body.Text("name"), body.OptionalText("unit") ?? "", body.Flag("archived", false));

    static ProductItem ToItem(CatalogEntry<ProductFields> entry) => new(
        entry.Ref, entry.Version, BillingTimes.Format(entry.ChangedAt), entry.Fields.Name, entry.Fields.Unit,
        entry.Fields.IsArchived);
}
