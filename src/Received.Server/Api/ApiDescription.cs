using Microsoft.OpenApi;

namespace Received.Server.Api;

/// <summary>
/// What the OpenAPI document says of an endpoint beyond its types: handlers read their queries themselves, so that each
/// refusal can name what would be right.
/// </summary>
static class ApiDescription
{
    public static readonly (string Name, string Text) Customer = ("customer", "Only this customer_ref.");
    public static readonly (string Name, string Text) Product = ("product", "Only this usage_product_ref.");
    public static readonly (string Name, string Text) Cursor = ("cursor", "next_cursor of the page before.");

    public static readonly (string Name, string Text) Zone =
        ("zone", "IANA time zone of dates and buckets, such as Europe/Berlin. Default: UTC.");

    public static RouteHandlerBuilder Describe(
        this RouteHandlerBuilder route, string summary, params (string Name, string Text)[] query) =>
        route.WithSummary(summary).AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters ??= [];
            foreach (var (name, text) in query)
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = name,
                    In = ParameterLocation.Query,
                    Description = text,
                    Schema = new OpenApiSchema
                    {
                        Type = name == "limit" ? JsonSchemaType.Integer : JsonSchemaType.String,
                    },
                });
            return Task.CompletedTask;
        });
}
