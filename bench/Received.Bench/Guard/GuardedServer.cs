using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Received.Bench.Load;
using Received.Bench.Servers;
using Received.Server;
using Received.Server.Hosting;
using Received.Server.Options;

namespace Received.Bench.Guard;

/// <summary>
/// The whole way in this process, from a socket on loopback to totals and archive: managed bytes an event, of the whole
/// process. The generator allocates next to nothing.
/// </summary>
static class GuardedServer
{
    const int Batches = 300;
    const int Singles = 20_000;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyDictionary<string, double>> BytesAsync()
    {
        var folder = Directory.CreateTempSubdirectory("received-guard-").FullName;
        try
        {
            var key = await ReceivedServer.MakeKeyAsync(folder, TimeProvider.System);
            var settings = Settings.Read(new()
            {
                ["Received:Data"] = folder,
                ["Received:Urls"] = "http://127.0.0.1:0",
                ["Logging:LogLevel:Default"] = "None",
                ["Logging:LogLevel:Received"] = "None",
            });
            await using var app = await Compose.BuildAsync(settings, ServerUse.Public, CancellationToken.None);
            await app.StartAsync();
            var bytes = new Dictionary<string, double>
            {
                ["batches"] = await BytesAsync(app, key, new() { Batch = 1000, Connections = 8 }, Batches),
                ["batches_keyed"] = await BytesAsync(
                    app, key, new() { Batch = 1000, Connections = 8, Keyed = 1 }, Batches),
                ["singles"] = await BytesAsync(app, key, new() { Batch = 1, Connections = 32 }, Singles),
            };
            await app.StopAsync();
            return bytes;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<double> BytesAsync(WebApplication app, string key, LoadShape shape, long requests)
    {
        var now = TimeProvider.System.GetUtcNow();
        var bodies = new LoadBodies(shape, key, now);
        using var generator = new LoadGenerator(shape, bodies, new(ListenAddress.Of(app)), now);
        await RunAsync(app, generator, requests / 2);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var events = await RunAsync(app, generator, requests);
        return (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / events;
    }

    /// <summary>Until all of it is rated and archived.</summary>
    static async Task<long> RunAsync(WebApplication app, LoadGenerator generator, long requests)
    {
        var result = generator.Run(Limit, requests);
        if (result.Refused > 0) throw new BenchException($"The server refused: {result.FirstRefusal}");
        await app.Services.GetRequiredService<Loops>()
            .CaughtUpAsync(app.Services.GetRequiredService<Engine>(), CancellationToken.None);
        return result.Events;
    }
}
