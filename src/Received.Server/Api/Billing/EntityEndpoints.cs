using Received.Billing.Catalog;

namespace Received.Server.Api.Billing;

/// <summary><c>/api/entities</c>: the legal entities that issue invoices.</summary>
static class EntityEndpoints
{
    const string Kind = "entity";

    static readonly string[] Names =
    [
        "name", "address", "country", "zone", "series", "tax_id", "register_number", "email", "bank_name", "iban",
        "bic", "archived",
    ];

    public static async Task<IResult> Create(HttpContext http, EntityBook book)
    {
        var body = await JsonBody.ReadAsync(http, ["ref", .. Names]);
        var reference = body.Text("ref");
        var made = await book.CreateAsync(
            Callers.Account(http).Id, Callers.Actor(http), reference, Read(body), http.RequestAborted);
        return made.Refusal is { } refusal
            ? BillingProblem.Of(refusal, Kind, reference)
            : TypedResults.Created(RefPath.Of("entities", reference), ToItem(made.Value!));
    }

    public static async Task<IResult> Change(HttpContext http, EntityBook book)
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

    public static async Task<IResult> One(HttpContext http, EntityBook book)
    {
        var reference = RefPath.Read(http);
        var entry = await book.FindAsync(Callers.Account(http).Id, reference, http.RequestAborted);
        return entry is null ? BillingProblem.NotFound(Kind, reference) : TypedResults.Ok(ToItem(entry));
    }

    public static async Task<IResult> List(HttpContext http, EntityBook book)
    {
        var account = Callers.Account(http).Id;
        var page = PageRequest.Of(http, account, "entities", "archived");
        var found = await book.ListAsync(
            account, page.After, page.Limit, page.WithArchived(), http.RequestAborted);
        return TypedResults.Ok(new EntitiesPage([.. found.Items.Select(ToItem)], page.Next(found.After)));
    }

    static EntityFields Read(JsonFields body) => new(
        body.Text("name"), body.Texts("address"), body.Text("country"), body.Text("zone"),
        body.OptionalText("series") ?? "INV-", body.OptionalText("tax_id"), body.OptionalText("register_number"),
        body.OptionalText("email"), body.OptionalText("bank_name"), body.OptionalText("iban"),
        body.OptionalText("bic"), body.Flag("archived", false));

    static EntityItem ToItem(CatalogEntry<EntityFields> entry) => new(
        entry.Ref, entry.Version, BillingTimes.Format(entry.ChangedAt), entry.Fields.Name, entry.Fields.Address,
        entry.Fields.Country, entry.Fields.Zone, entry.Fields.Series, entry.Fields.TaxId, entry.Fields.RegisterNumber,
        entry.Fields.Email, entry.Fields.BankName, entry.Fields.Iban, entry.Fields.Bic, entry.Fields.IsArchived);
}
