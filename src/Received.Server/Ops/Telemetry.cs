using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Received.Log.Kafka;
using Received.Rating;
using Received.Server.Options;

namespace Received.Server.Ops;

/// <summary>Metrics for Prometheus at <c>/metrics</c>; metrics and traces by OTLP where an endpoint is set.</summary>
static class Telemetry
{
    const string OwnSources = "Received.*";

    // A metric takes memory for all its series when it is made: with the default, 2000, 9 MB in all. Most have a few
    // dozen; those by partition have as many as a process may own.
    const int SeriesMax = 500;
    const int PartitionsMax = KafkaLogOptions.PartitionsMax;

    static readonly string[] AspNetCoreMeters =
    [
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Routing",
        "Microsoft.AspNetCore.Diagnostics",
    ];

    public static void Add(IServiceCollection services, ServerOptions options)
    {
        var otlp = string.IsNullOrEmpty(options.OtlpEndpoint) ? null : new Uri(options.OtlpEndpoint);
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("received", serviceVersion: ProgramVersion.Text))
            .WithMetrics(metrics =>
            {
                // Who waits for rating to catch up looks often; many who look at once still cost one collection.
                // ASP.NET's meters by name: AddAspNetCoreInstrumentation puts a middleware around every request.
                metrics.AddMeter(OwnSources).AddMeter(AspNetCoreMeters).AddRuntimeInstrumentation()
                    .AddView(static metric => new MetricStreamConfiguration
                    {
                        CardinalityLimit = RatingMetrics.IsByPartition(metric.Name) ? PartitionsMax : SeriesMax,
                    })
                    .AddPrometheusExporter(exporter => exporter.ScrapeResponseCacheDurationMilliseconds = 50);
                if (otlp is not null) metrics.AddOtlpExporter(exporter => exporter.Endpoint = otlp);
            });
        // A span per request is not free: without anywhere to send it, there is none.
        if (otlp is null) return;
        telemetry.WithTracing(tracing => tracing.AddSource(OwnSources).AddAspNetCoreInstrumentation()
            .AddOtlpExporter(exporter => exporter.Endpoint = otlp));
    }
}
