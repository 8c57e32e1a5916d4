using System.Reflection;

namespace Received.Server.Api;

/// <summary>
/// What the OpenAPI document says of the front door's routes. They are plain request delegates, because a body is
/// never bound to objects; the document only lists endpoints that show it a method.
/// </summary>
static class IngestDescription
{
    public static RouteGroupBuilder DescribeIngest(this RouteGroupBuilder group)
    {
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            if (endpoint.RequestDelegate is null || endpoint.Metadata.OfType<MethodInfo>().Any()) return;
            endpoint.Metadata.Add(endpoint.RequestDelegate.Method);
        });
        return group;
    }
}
