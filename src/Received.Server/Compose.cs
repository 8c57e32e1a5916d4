using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Console;
using Received.Billing.Access;
using Received.Billing.Catalog;
using Received.Billing.Store;
using Received.Ingest;
using Received.Model.Access;
using Received.Rating;
using Received.Server.Api;
using Received.Server.Api.Billing;
using Received.Server.Hosting;
using Received.Server.Ops;
using Received.Server.Options;
using Received.Usage;
using Scalar.AspNetCore;

namespace Received.Server;

/// <summary>What a process is there for.</summary>
enum ServerUse
{
    /// <summary>Doors open, for clients.</summary>
    Public,

    /// <summary>For one command, in its process: rates what the log holds and answers; takes no events.</summary>
    Private,
}

/// <summary>
/// The process put together, by hand and in one place. Hosted services start in the order of this file and stop in
/// the reverse one; the listener starts last and stops first, so that no request meets a stage that is not there.
/// </summary>
static class Compose
{
    /// <summary>Opens the data folder and builds the server around it; it is not listening yet.</summary>
    /// <param name="around">Puts a store of a test around the real one.</param>
    /// <param name="time">Another clock than the system's: of tests and the demo.</param>
    /// <exception cref="Log.Segments.LogRefusedException">Another process holds the folder, or it cannot be opened as
    /// set.</exception>
    public static async Task<WebApplication> BuildAsync(
        Settings settings, ServerUse use, CancellationToken cancellation,
        Func<IUsageStore, IUsageStore>? around = null, TimeProvider? time = null)
    {
        var clock = time ?? TimeProvider.System;
        DataFolder.Create(settings.Folder);
        DataFolder.CheckAccounts(settings.Folder);
        var billing = await BillingStore.OpenAsync(settings.Folder, cancellation);
        var builder = NewBuilder(settings, use);
        builder.Services.AddSingleton(clock);
        var logging = LoggerFactory.Create(logs => ConfigureLogs(logs, settings, use));
        var engine = await Engine.OpenAsync(settings, clock, logging, cancellation, around);
        try
        {
            var accounts = new AccountsCheck(
                settings, engine.Kafka, billing, clock, logging.CreateLogger<AccountsCheck>());
            await accounts.RunAsync(cancellation);
            AddServices(builder.Services, settings, engine, billing);
            builder.Services.AddSingleton(provider => new AccessFeed(
                billing, provider.GetRequiredService<AccessDirectory>(), clock,
                provider.GetRequiredService<ILogger<AccessFeed>>(), accounts.MayServeAsync));
            if (settings.Roles.HasFlag(ServerRoles.Ingest)) builder.Services.AddIngest();
            var app = builder.Build();
            app.Lifetime.ApplicationStopped.Register(logging.Dispose);
            Map(app, settings, use);
            await app.Services.GetRequiredService<AccessFeed>().ReloadAsync(cancellation);
            await app.Services.GetRequiredService<CatalogFeed>().ReloadAsync(cancellation);
            return app;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    static WebApplicationBuilder NewBuilder(Settings settings, ServerUse use)
    {
        // Nothing of the framework's own sources (ASPNETCORE_URLS, launch profiles): what Settings has read is all
        // there is.
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddConfiguration(settings.Configuration);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseUrls(settings.Server.Urls);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Services.AddRoutingCore();
        ConfigureLogs(builder.Logging, settings, use);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.Server.StopTimeout);
        return builder;
    }

    static void ConfigureLogs(ILoggingBuilder logs, Settings settings, ServerUse use)
    {
        if (use == ServerUse.Private)
        {
            // A command's standard output is its answer; what stops it goes to the other one.
            logs.SetMinimumLevel(LogLevel.Error).AddSimpleConsole(console => console.SingleLine = true);
            logs.Services.Configure<ConsoleLoggerOptions>(
                console => console.LogToStandardErrorThreshold = LogLevel.Trace);
            return;
        }

        logs.AddConfiguration(settings.Configuration.GetSection("Logging"));
        // Where its category is on, even for errors alone, ASP.NET makes an activity and a scope for every request.
        logs.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        if (settings.Server.LogForm == LogForm.Json) logs.AddJsonConsole(console => console.UseUtcTimestamp = true);
        else
            logs.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            });
    }

    static void AddServices(IServiceCollection services, Settings settings, Engine engine, BillingStore billing)
    {
        services.AddSingleton(settings.Server);
        services.AddSingleton(_ => engine);
        services.AddSingleton(engine.Store);
        services.AddSingleton(engine.Log);
        services.AddSingleton(billing);
        services.AddSingleton<AccountBook>();
        services.AddBilling(settings);
        services.AddPayments(settings);
        services.AddSingleton<AccessDirectory>();
        services.AddSingleton(settings);
        services.AddSingleton<RatingMetrics>();
        services.AddSingleton<LogMetrics>();
        services.AddSingleton<Loops>();
        services.AddSingleton<UsageAudit>();
        services.AddSingleton<RerateRun>();
        services.AddSingleton(ControlToken.Make());
        services.AddSingleton<Callers>();
        services.AddOpenApi();
        services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Problem.Complete);
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            json.SerializerOptions.TypeInfoResolverChain.Insert(1, LedgerJson.Default);
            json.SerializerOptions.TypeInfoResolverChain.Insert(1, CatalogJson.Default);
        });
        Telemetry.Add(services, settings.Server);
        services.AddSingleton<Groups>();
        AddLoop(services, "access", provider => provider.GetRequiredService<AccessFeed>().RunAsync);
        if (settings.Roles.HasFlag(ServerRoles.Ingest))
            AddLoop(services, "catalog", provider => provider.GetRequiredService<CatalogFeed>().RunAsync);
        if (engine.StoreFailure is not null) AddLoop(services, "store", _ => engine.OpenStoreAtLastAsync);
        if (engine.Refusal is not null) return;
        services.AddHostedService(provider => provider.GetRequiredService<Groups>());
        if (settings.Roles.HasFlag(ServerRoles.Rate))
            AddLoop(services, "rating", provider => provider.GetRequiredService<Loops>().Rating!.RunAsync);
        if (settings.Roles.HasFlag(ServerRoles.Archive))
            AddLoop(services, "archive", provider => provider.GetRequiredService<Loops>().Archive!.RunAsync);
        if (engine.Segments is not null)
            AddLoop(services, "retention", provider => provider.GetRequiredService<Loops>().Retention!.RunAsync);
    }

    static void AddLoop(
        IServiceCollection services, string name, Func<IServiceProvider, Func<CancellationToken, Task>> loop) =>
        services.AddSingleton<IHostedService>(provider => new LoopHost(
            name, loop(provider), provider.GetRequiredService<ILogger<LoopHost>>()));

    static void Map(WebApplication app, Settings settings, ServerUse use)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = Refusals.Handle,
            // Refusals logs what is the program's fault, once.
            SuppressDiagnosticsCallback = _ => true,
        });
        app.UseStatusCodePages();
        app.MapPayments();
        app.MapReading();
        app.MapCatalog();
        app.MapAdmin();
        app.MapInvoices();
        app.MapLedger();
        if (use == ServerUse.Private) return;
        if (settings.Roles.HasFlag(ServerRoles.Ingest)) app.MapGroup("").DescribeIngest().MapUsageIngest();
        app.MapHealth();
        app.MapOpenApi();
        app.MapScalarApiReference("/scalar");
        // Nobody asks for it, but it has to be there to be measured.
        app.Services.GetRequiredService<LogMetrics>();
        app.MapPrometheusScrapingEndpoint("/metrics");
    }
}
