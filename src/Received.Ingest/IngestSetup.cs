using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Received.Ingest.Batching;
using Received.Ingest.Http;
using Received.Ingest.Transport;
using Received.Model.Catalog;

namespace Received.Ingest;

/// <summary>Puts the front door into a host.</summary>
public static class IngestSetup
{
    public const string SingleRoute = "/api/usage/event";
    public const string BatchRoute = "/api/usage/events";

    /// <summary>
    /// Needs an <c>ILog</c> and an <c>AccessDirectory</c> in the container; takes the container's <c>TimeProvider</c>,
    /// or the system's, and its <c>CatalogDirectory</c>, or one that stays empty. Options come from the section
    /// <see cref="IngestOptions.Section"/>.
    /// </summary>
    public static IServiceCollection AddIngest(this IServiceCollection services)
    {
        // Without it .NET 10 takes a gzip or brotli stream that was cut short for a whole one: lines would be lost.
        AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);
        services.AddOptions<IngestOptions>().BindConfiguration(IngestOptions.Section)
            .ValidateDataAnnotations().ValidateOnStart();
        services.AddMetrics();
        services.AddSingleton<IMemoryPoolFactory<byte>, ReceivePoolFactory>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<CatalogDirectory>();
        services.AddSingleton<IngestMetrics>();
        services.AddSingleton<Admission>();
        services.AddSingleton<FrameBatcher>();
        services.AddSingleton<UsageEndpoint>();
        services.AddHostedService<IngestLifetime>();
        return services;
    }

    /// <summary>POST /api/usage/event and POST /api/usage/events.</summary>
    public static void MapUsageIngest(this IEndpointRouteBuilder routes)
    {
        var endpoint = routes.ServiceProvider.GetRequiredService<UsageEndpoint>();
        // Around the door nothing is needed: it answers all by itself, and each middleware costs every request.
        var door = routes.MapGroup("");
        door.ShortCircuit();
        door.MapPost(SingleRoute, endpoint.TakeSingleAsync)
            .WithName("ReportUsage").WithTags("Usage").WithSummary("Reports one usage event.");
        door.MapPost(BatchRoute, endpoint.TakeBatchAsync)
            .WithName("ReportUsageBatch").WithTags("Usage")
            .WithSummary("Reports many usage events: a JSON array, or NDJSON.");
    }
}
