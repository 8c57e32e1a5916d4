using Microsoft.OpenApi;
using Received.Model.Access;

namespace Received.Server.Api.Billing;

/// <summary>The catalog's and the contracts' table of routes.</summary>
static class CatalogRoutes
{
    static readonly (string Name, string Text) Limit = ("limit", "Entries of a page, 1 to 1000; 100 by default.");
    static readonly (string Name, string Text) Archived = ("archived", "true: also what is archived.");

    public static void MapCatalog(this WebApplication app)
    {
        var read = Group(app, Scopes.BillingRead);
        var write = Group(app, Scopes.BillingWrite);
        MapEntities(read, write);
        MapCustomers(read, write);
        MapProducts(read, write);
        MapContracts(read, write);
    }

    static void MapEntities(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        write.MapPost("/entities", EntityEndpoints.Create).Describe("Enters a legal entity that issues invoices.")
            .Creates<EntityBody, EntityItem>();
        read.MapGet("/entities", EntityEndpoints.List)
            .Describe("The legal entities.", Archived, Limit, ApiDescription.Cursor).Lists<EntitiesPage>();
        read.MapGet("/entities/{ref}", EntityEndpoints.One).Describe("One entity.").Shows<EntityItem>();
        write.MapPut("/entities/{ref}", EntityEndpoints.Change)
            .Describe("Replaces the fields of an entity; 'version' is the one that was read.")
            .Changes<EntityBody, EntityItem>();
    }

    static void MapCustomers(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        write.MapPost("/customers", CustomerEndpoints.Create).Describe("Enters a customer.")
            .Creates<CustomerBody, CustomerItem>();
        read.MapGet("/customers", CustomerEndpoints.List)
            .Describe("The customers.", Archived, Limit, ApiDescription.Cursor).Lists<CustomersPage>();
        read.MapGet("/customers/{ref}", CustomerEndpoints.One).Describe("One customer.").Shows<CustomerItem>();
        write.MapPut("/customers/{ref}", CustomerEndpoints.Change)
            .Describe("Replaces the fields of a customer; 'version' is the one that was read.")
            .Changes<CustomerBody, CustomerItem>();
    }

    static void MapProducts(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        write.MapPost("/products", ProductEndpoints.Create).Describe("Enters a product.")
            .Creates<ProductBody, ProductItem>();
        read.MapGet("/products", ProductEndpoints.List)
            .Describe("The products.", Archived, Limit, ApiDescription.Cursor).Lists<ProductsPage>();
        read.MapGet("/products/{ref}", ProductEndpoints.One).Describe("One product.").Shows<ProductItem>();
        write.MapPut("/products/{ref}", ProductEndpoints.Change)
            .Describe("Replaces the fields of a product; 'version' is the one that was read.")
            .Changes<ProductBody, ProductItem>();
    }

    static void MapContracts(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        write.MapPost("/contracts", ContractEndpoints.Create).Describe("Makes a contract in its first version.")
            .Creates<ContractBody, ContractItem>();
        read.MapGet("/contracts", ContractEndpoints.List)
            .Describe("The contracts in their newest versions.", ApiDescription.Customer, Limit, ApiDescription.Cursor)
            .Lists<ContractsPage>();
        read.MapGet("/contracts/{ref}", ContractEndpoints.One).Describe("One contract in its newest version.")
            .Shows<ContractItem>();
        write.MapPost("/contracts/{ref}/versions", ContractEndpoints.AddVersion)
            .Describe("Changes a contract by a new version; 'version' is the one that it follows.")
            .Creates<ContractBody, ContractItem>().InPath().ProducesProblem(404);
        read.MapGet("/contracts/{ref}/versions", ContractEndpoints.Versions)
            .Describe("All versions of a contract, the newest first.", Limit, ApiDescription.Cursor)
            .Lists<ContractsPage>().InPath().ProducesProblem(404);
        read.MapGet("/contracts/{ref}/versions/{number}", ContractEndpoints.OneVersion)
            .Describe("One version of a contract.").Shows<ContractItem>();
    }

    static RouteGroupBuilder Group(WebApplication app, Scopes scope)
    {
        var group = app.MapGroup("/api").WithTags("Catalog");
        group.AddEndpointFilter(Refusals.Filter).AddEndpointFilter(Callers.Require(scope));
        return group;
    }

    static RouteHandlerBuilder Creates<TBody, TItem>(this RouteHandlerBuilder route)
        where TBody : notnull =>
        route.Takes<TBody>().Produces<TItem>(201).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403)
            .ProducesProblem(409).ProducesProblem(422);

    static RouteHandlerBuilder Changes<TBody, TItem>(this RouteHandlerBuilder route)
        where TBody : notnull =>
        route.Takes<TBody>().InPath().Produces<TItem>().ProducesProblem(400).ProducesProblem(401)
            .ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);

    static RouteHandlerBuilder Lists<TPage>(this RouteHandlerBuilder route) =>
        route.Produces<TPage>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403);

    static RouteHandlerBuilder Shows<TItem>(this RouteHandlerBuilder route) =>
        route.InPath().Produces<TItem>().ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);

    static RouteHandlerBuilder Takes<TBody>(this RouteHandlerBuilder route)
        where TBody : notnull => route.Accepts<TBody>("application/json");

    /// <summary>The handlers read the reference off the request line, so the document has to be told of it.</summary>
    public static RouteHandlerBuilder InPath(this RouteHandlerBuilder route, string name = "ref") =>
        route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Path,
                Required = true,
                Description = "The reference, percent-encoded where a path cannot hold it ('/' is %2F).",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
            return Task.CompletedTask;
        });
}
