using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Received.Bench.Servers;

namespace Received.Bench.Ordinary;

/// <summary>
/// The ordinary way as a server: a minimal API that binds the body and puts each event into SQLite, durably. It keeps
/// no totals, knows no accounts and looks for no duplicates but by a unique index.
/// </summary>
static class OrdinaryServer
{
    public const string Command = "serve-ordinary";

    /// <param name="args">URL, database file, and "event" or "batch": what a transaction holds.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        ChildProcess.EndWithParent();
        using var table = new EventsTable(args[1]);
        var perBatch = args[2] == "batch";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(args[0]);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Services.ConfigureHttpJsonOptions(
            json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, EventJson.Default));
        await using var app = builder.Build();
        app.MapPost("/api/usage/event", ([FromBody] EventDto e) => Take(table, [e], false));
        app.MapPost("/api/usage/events", ([FromBody] List<EventDto> events) => Take(table, events, perBatch));
        await app.RunAsync();
        return 0;
    }

    static IResult Take(EventsTable table, List<EventDto> events, bool inOneTransaction)
    {
        table.Insert(events, inOneTransaction);
        return TypedResults.Ok(new TakenDto(events.Count));
    }
}
